/**
 * What metrics, traces and an audit log are made from: word of each call, and of each command to the store.
 *
 * @module
 */

/** The calls on a tenant's sessions, by their method's name. */
export type ObservedOperation =
  | "getOrCreate"
  | "get"
  | "updateContext"
  | "increment"
  | "update"
  | "appendTrajectory"
  | "apply"
  | "touch"
  | "destroy"
  | "rotate"
  | "loadFromStore"
  | "recover"
  | "list";

/** A caller's call. It never tells an id, only hashes of ids, and those only when they are asked for. */
export interface ObservedCall {
  /** The method that was called. */
  readonly operation: ObservedOperation;
  /** The tenant's name. */
  readonly tenant: string;
  /**
   * The hashed id of the session that is meant; of the old one for `rotate`. Undefined for `recover` and `list`, and for an
   * id that is none.
   */
  readonly hashedId: string | undefined;
  /** The hashed ids of all sessions that are meant: none for `list`, the old and the new one for `rotate`, many for `recover`. */
  readonly hashedIds: readonly string[];
  /**
   * What the caller gave besides ids and settings, as it was given and not yet checked: the initial context, the patch, field
   * and amount, the vector, the changes. Not to be changed, and to be read before the call ends.
   */
  readonly arguments: readonly unknown[];
}

/** How a call ended. */
export interface CallEnd {
  /**
   * `ok`, or the `code` of the error: one of this library's, `STORE_REJECTED` whatever the store's own code is, `ABORTED` when the
   * caller's signal ended the wait, `ERROR` for anything else, e.g. what a caller's function threw.
   */
  readonly outcome: string;
  /** From the call to its end, in milliseconds. */
  readonly tookMs: number;
  /** Whether the store was asked for this call, or memory answered: a fresh copy, or all there is while the store is away. */
  readonly source: "memory" | "store";
  /** Whether it was served without the store because the store is away; its writes are journaled then. */
  readonly degraded: boolean;
  /** What was thrown, unless the outcome is `ok`. */
  readonly error?: unknown;
  /** What the call answered, if the outcome is `ok`; undefined for `list`. */
  readonly result?: unknown;
}

/** The commands that a store is given, by their method's name in `StorageAdapter`. */
export type StoreCommand =
  | "open"
  | "heartbeat"
  | "commit"
  | "load"
  | "loadMany"
  | "heal"
  | "list";

/** A command to the store that has ended. One call may take several, and one command may serve several calls. */
export interface ObservedCommand {
  /** The command; `list` is one step of a listing. */
  readonly command: StoreCommand;
  /** Whose sessions it is about; undefined for `open` and `heartbeat`. */
  readonly tenant: string | undefined;
  /** From the send to the answer, or to the end of the wait, in milliseconds. */
  readonly tookMs: number;
  /** `ok`: it was answered. `unavailable`: it was not, in time or at all. `rejected`: the store refused it for good. */
  readonly outcome: "ok" | "unavailable" | "rejected";
  /** The error's code, e.g. `STORE_UNAVAILABLE`, or the store's own, e.g. `NOPERM`. */
  readonly code?: string;
  /**
   * What was answered to a commit, a load or a heal, e.g. `applied`, or `duplicate` for a retry of what had been applied.
   */
  readonly reply?: string;
  /** Records asked for by a `loadMany`. */
  readonly records?: number;
}

/**
 * Hears of calls and commands. Each method is optional, and costs nothing where it is absent. They are called in the middle
 * of the work: they return at once, and what they throw goes to the manager's logger and nowhere else, `run` excepted.
 */
export interface Observer {
  /**
   * A call begins that memory does not answer at once; what is returned hears of its end. For the others, see `hit`.
   */
  call?(call: ObservedCall): ((end: CallEnd) => void) | undefined;
  /**
   * A read that memory answered at once: it ended as it began. Such reads take a microsecond, and being told of each costs part of
   * that; who only counts them takes `hitCounts()` of the manager.
   */
  hit?(call: ObservedCall, end: CallEnd): void;
  /**
   * Carries a call out: calls `run` once, at once, and returns what it returns; what it throws is the caller's to hear. For a context that what the call causes is to run
   * in; comes after `call`. Not for `list`.
   */
  run?<Result>(call: ObservedCall, run: () => Promise<Result>): Promise<Result>;
  /** A command to the store ended. */
  command?(command: ObservedCommand): void;
}

/** Reads that memory answered at once, since the manager was made. */
export interface HitCounts {
  /** By `get`. */
  readonly get: number;
  /** By `getOrCreate`. */
  readonly getOrCreate: number;
  /** Of both, those answered while the store was away. */
  readonly degraded: number;
}
