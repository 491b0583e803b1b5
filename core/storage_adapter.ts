/**
 * The contract between the manager and a store. An adapter is the code that speaks to one store
 * through one client library; everything it must do is said here, and `chaos/conformance` checks it.
 * What travels is in `session_state.ts`, `commit_batch.ts` and `store_replies.ts`.
 *
 * @module
 */

import type { CommitBatch, Holder } from "./commit_batch.ts";
import type { Identity, SessionState } from "./session_state.ts";
import type { CommitReply, HealReply, HeartbeatReply, LoadReply } from "./store_replies.ts";

export type * from "./commit_batch.ts";
export type * from "./session_state.ts";
export type * from "./store_replies.ts";

/** What a load asks for. */
export interface LoadRequest {
  /** The state that the pod holds: when it is still the same, `unchanged` answers without it. */
  readonly known?: Identity;
  /**
   * Registered as a holder of a copy, in the same step or before the state is read. Without it nobody is.
   */
  readonly holder?: Holder;
  /**
   * The store has registered the holder for the `known` state. While it is still that one nothing need be written, and
   * `unchanged` may carry an upper bound of the store's time (`isTimeBound`).
   */
  readonly isRegistered?: boolean;
  /** How long a tombstone is kept: a load that finds an expired record closes it into one (rule 18). */
  readonly tombstoneMs: number;
  /**
   * When the operation was accepted that is to be bound to what is found (rule 9), on the store's clock. A record that
   * expired later than that is found as it is, and left open for the commit that follows (rule 18).
   */
  readonly acceptedMs?: number;
}

/** A copy that is given back to a store that lost its memory (rules 14 to 16). */
export interface HealRequest {
  /** The state as the store had acknowledged it. Its times are on the store's present clock. */
  readonly state: SessionState;
  /** Executed after this moment on the store's clock, it answers `late` (rule 2). */
  readonly notAfterMs: number;
  /** How long an expired record is kept as such before it is dropped (rule 4). */
  readonly graceMs: number;
  /** The pod that holds a copy. */
  readonly holder?: Holder;
}

/** Options of {@linkcode StorageAdapter.heartbeat}. */
export interface HeartbeatOptions extends CallOptions {
  /** The pod's own key; the one of `open`. */
  readonly podKey: string;
  /** How long the key is kept from now on. */
  readonly keepMs: number;
}

/** One live session in a listing. */
export interface ListedRecord {
  /** The full key. */
  readonly key: string;
  /** Its version. */
  readonly version: number;
  /** When the session was first created, on the store's clock. */
  readonly createdAtMs: number;
  /** Time left until it expires. */
  readonly expiresInMs: number;
}

/** Word of another pod's commit. */
export interface Invalidation {
  /** The full key. */
  readonly key: string;
  /** The incarnation that was committed to. */
  readonly incarnation: string;
  /** The version that the commit made. */
  readonly version: number;
}

/** What a pod is told through its inbox. */
export interface InboxListener {
  /**
   * A commit was made to a session that this pod registered for. It may be its own, when word goes to all.
   */
  onInvalidation(invalidation: Invalidation): void;
  /** Messages may have been lost: every copy of this tenant is to be taken as stale. */
  onGap(): void;
}

/** Options of one call. */
export interface CallOptions {
  /**
   * The caller stops waiting after this time. An adapter ends its own retries by then, and where the
   * client allows it the command too.
   */
  readonly timeoutMs: number;
}

/** Options of {@linkcode StorageAdapter.open}. */
export interface AdapterOpenOptions extends CallOptions {
  /** A key of this pod's own, written once at open: proof that the store can be written to. */
  readonly podKey: string;
}

/** What an adapter tells of its store. */
export interface StoreInfo {
  /** The store's kind and version for people, e.g. `redis 7.0.15`. */
  readonly server: string;
}

/**
 * One store, spoken to through one client library.
 *
 * **Errors.** A method rejects with `StoreUnavailableError` whose `outcome` is `not-applied` when the
 * command was surely never executed, `unknown` when it may have been or may yet be; with
 * `StoreRejectedError` when the store refused it for good (permission, password, memory). Anything else
 * that is thrown is taken for `unknown`. Refusals of the protocol are replies, not errors.
 * The adapter never sends a command twice by itself after it may have been executed, and turns the
 * client's own retries off; where a caller's client resends all the same, a commit takes effect once.
 *
 * **Atomicity.** A commit is one atomic step on one key. The rules of its answer, in order:
 * dedupe, floor, deadline, target incarnation, prev, ifVersion, apply. `core/commit.ts` is the
 * executable specification; a store that can run it in a transaction needs nothing else.
 */
export interface StorageAdapter {
  /** The backend's name, e.g. `ioredis`. */
  readonly name: string;
  /**
   * Loads what the adapter needs of this machine, e.g. its client library. Called before `open`, and not
   * bounded in time: a slow disk is no sign of a store that is away. Absent where there is nothing to load.
   *
   * @throws ConfigError saying which package to add
   */
  prepare?(): Promise<void>;
  /**
   * Connects if need be, learns what the store is, and writes `podKey`, so that a wrong password, a
   * missing permission or a read-only replica is a `StoreRejectedError` now and not at the first write.
   * Called before anything else; again after it failed.
   */
  open(options: AdapterOpenOptions): Promise<StoreInfo>;
  /** Applies a batch to the record under `key`, atomically and once. */
  commit(key: string, batch: CommitBatch, options: CallOptions): Promise<CommitReply>;
  /** Reads the record under `key`. */
  load(key: string, request: LoadRequest, options: CallOptions): Promise<LoadReply>;
  /**
   * Reads many records in one go, and registers nobody; the answers in the order of `keys`, each as `load` would
   * give it. Absent where that is no faster than `load` for each.
   */
  loadMany?(
    keys: readonly string[],
    request: Pick<LoadRequest, "tombstoneMs">,
    options: CallOptions,
  ): Promise<LoadReply[]>;
  /**
   * Counts the pod's own key up. A store that cannot be written to now (a replica, a server that is loading) answers as
   * it would to a commit. Absent where the store has no memory to lose that the pod does not lose with it.
   */
  heartbeat?(options: HeartbeatOptions): Promise<HeartbeatReply>;
  /**
   * Puts a copy back, atomically, by the rules of `core/heal.ts`. Absent where the store cannot lose its memory.
   */
  heal?(key: string, request: HealRequest, options: CallOptions): Promise<HealReply>;
  /** Live sessions whose key begins with `prefix`, in any order; none that stays is missed, and one may come twice. */
  list(prefix: string, options: CallOptions): AsyncIterable<ListedRecord>;
  /**
   * Listens to a pod's inbox and to everybody's under `holder.inboxPrefix`; resolves once it does.
   * Absent where the store has no such channel: copies are then only as fresh as their bound.
   */
  subscribe?(holder: Holder, listener: InboxListener): Promise<() => Promise<void>>;
  /** Ends what the adapter opened itself; a client handed in by the caller stays open. */
  close(): Promise<void>;
}
