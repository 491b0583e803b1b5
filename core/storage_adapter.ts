/**
 * The contract between the manager and a store. An adapter is the code that speaks to one store
 * through one client library; everything it must do is said here, and `chaos/conformance` checks it.
 *
 * @module
 */

/** What makes two states of a session the same state: all parts are equal (rule 1). */
export interface Identity {
  /** Random nonce given to the session at its creation. */
  readonly incarnation: string;
  /** Number of commits that changed the state, counted from 1. */
  readonly version: number;
  /** Writer and seq of the commit that made this version, as `writer:seq`. */
  readonly tag: string;
}

/** A context entry: the field's name (well-formed Unicode) and its value as JSON text. */
export type ContextEntry = readonly [field: string, json: string];

/** What a record remembers of a writer: its last applied batch. */
export interface WriterEntry {
  /** Its number. */
  readonly seq: number;
  /** The incarnation that it was applied to. */
  readonly incarnation: string;
  /** The version that it made. */
  readonly version: number;
  /** When, on the store's clock. */
  readonly atMs: number;
  /** The batch was an adopt that found the place taken (rule 20). */
  readonly occupied: boolean;
}

/** The whole state of a live session, as a store holds it. */
export interface SessionState extends Identity {
  /** When this incarnation was made, on the store's clock, in milliseconds. */
  readonly incarnationAtMs: number;
  /** When the session was first created (a rotation keeps it), on the store's clock. */
  readonly createdAtMs: number;
  /** When the session expires unless it is renewed, on the store's clock. */
  readonly expiresAtMs: number;
  /** The moment that no renewal can pass, on the store's clock; undefined means no limit. */
  readonly absoluteExpiresAtMs: number | undefined;
  /** The context: from a field's name to its value as JSON text, in any order. */
  readonly context: ReadonlyMap<string, string>;
  /** How many vectors the trajectory holds at most. */
  readonly capacity: number;
  /** The trajectory, oldest first: little-endian float32, all of one length. */
  readonly trajectory: readonly Uint8Array[];
  /** The last batch of each writer that is remembered, by the writer's id. */
  readonly writers: ReadonlyMap<string, WriterEntry>;
  /** The newest time of a writer's entry that was dropped (rule 3). */
  readonly floorMs: number;
}

/**
 * One step of a batch. The steps of a batch are applied in order, all or none. A create comes first;
 * destroy, freeze, adopt, finish and thaw stand alone in theirs.
 */
export type Operation =
  /**
   * Creates the session as incarnation `nonce` when nothing lives under the key. When an
   * incarnation lives, the create joins it and changes nothing: the reply names that incarnation,
   * and the operations that follow in the batch apply to it (rule 8).
   */
  | {
    readonly kind: "create";
    readonly nonce: string;
    readonly context: readonly ContextEntry[];
    readonly capacity: number;
    /** Span of the absolute expiry, from now; undefined means no limit. */
    readonly lifetimeMs: number | undefined;
  }
  | { readonly kind: "set"; readonly field: string; readonly json: string }
  | { readonly kind: "delete"; readonly field: string }
  /** Adds in IEEE double arithmetic; an absent field counts as 0. */
  | { readonly kind: "increment"; readonly field: string; readonly by: number }
  | { readonly kind: "append"; readonly vector: Uint8Array }
  /** Renews the expiry and changes nothing else: the identity stays. */
  | { readonly kind: "touch" }
  | {
    readonly kind: "destroy";
    /**
     * When the incarnation meant was made, on the store's clock: what its tombstone says where nothing is under the
     * key, since between two incarnations the later made one wins (rules 16 and 17).
     */
    readonly incarnationAtMs?: number;
  }
  /** Rotation, step 1, on the old key: live becomes moving, the state is kept (rule 20). */
  | { readonly kind: "freeze"; readonly nonce: string; readonly to: string }
  /** Rotation, step 2, on the new key: the state becomes incarnation `nonce` if nothing lives here. */
  | {
    readonly kind: "adopt";
    readonly nonce: string;
    readonly state: AdoptedState;
    /**
     * Takes a place that is itself moving for occupied, instead of answering `gone`: so that rotations that wait
     * for one another in a circle end.
     */
    readonly yields: boolean;
  }
  /** Rotation, step 3, on the old key: moving becomes a tombstone. */
  | { readonly kind: "finish"; readonly nonce: string }
  /** Rotation undone, on the old key: moving becomes live again. */
  | { readonly kind: "thaw"; readonly nonce: string };

/** The state that a rotation carries from the old key to the new one. */
export type AdoptedState = Pick<
  SessionState,
  | "version"
  | "createdAtMs"
  | "expiresAtMs"
  | "absoluteExpiresAtMs"
  | "context"
  | "capacity"
  | "trajectory"
>;

/**
 * A sealed batch: what one writer wants applied to one session, atomically and once. It is sent
 * again with the same `writer` and `seq` until its outcome is known.
 */
export interface CommitBatch {
  /** Random id of the pod (or the rotation's nonce): `[A-Za-z0-9_-]{1,64}`. */
  readonly writer: string;
  /** The writer's ever-increasing number of this batch, from 1. */
  readonly seq: number;
  /** The incarnation that the batch is meant for; undefined for a create or an adopt alone. */
  readonly incarnation: string | undefined;
  /** Last seq of this writer that the store acknowledged on that incarnation (rule 5). */
  readonly prev?: number;
  /** Applies only to exactly this state; else `conflict` (rule 19). */
  readonly ifVersion?: Identity;
  /** When the batch was first sent, on the store's clock, never later than it was (rule 3). */
  readonly firstSentAtMs: number;
  /** Executed after this moment on the store's clock, a create or adopt answers `late` (rule 2). */
  readonly notAfterMs?: number;
  /**
   * When its first and last operation were accepted (the caller was answered before the store
   * had them), on the store's clock. Only a batch that waited for the store has it (rule 18).
   */
  readonly accepted?: { readonly firstMs: number; readonly lastMs: number };
  /** The session expires this long after the commit, unless the absolute expiry comes first. */
  readonly ttlMs: number;
  /** How long an expired record is kept as such before it is dropped (rule 4). */
  readonly graceMs: number;
  /** How long a tombstone is kept (rule 4). */
  readonly tombstoneMs: number;
  /** Writers' entries older than this may be dropped (rule 3). */
  readonly writerRetentionMs: number;
  /** Limits that depend on the state. */
  readonly limits: StateLimits;
  /** The pod that holds a copy after this commit, and where the other holders are told. */
  readonly holder?: Holder;
  /** What is to be done, in order; all of it or nothing. */
  readonly operations: readonly Operation[];
}

/** Limits that depend on the state and so are checked by the store. */
export interface StateLimits {
  /** Context fields a session. */
  readonly maxFields: number;
  /** Bytes a session: names and values of the context, and the trajectory. */
  readonly maxBytes: number;
}

/** A pod that wants to hear of other pods' commits to what it holds. */
export interface Holder {
  /** The pod's id: `[A-Za-z0-9_-]{1,64}`, never `all`. */
  readonly pod: string;
  /** Prefix of the tenant's inboxes; a pod's inbox is `prefix + pod`, everybody's `prefix + "all"`. */
  readonly inboxPrefix: string;
}

/** Why nothing lives under a key that has a tombstone. */
export type GoneReason = "destroyed" | "expired" | "rotated";

/** A rotation that somebody began and nobody finished yet. */
export interface Moving {
  /** The rotation's nonce: the writer of its steps, and the incarnation under the new key. */
  readonly nonce: string;
  /** The full key of the session's new place. */
  readonly to: string;
  /** The state that moves. */
  readonly state: SessionState;
}

/** What is wrong with an operation in the state that it met. */
export type InvalidReason =
  | "not-a-number"
  | "not-finite"
  | "too-many-fields"
  | "session-too-large"
  | "wrong-dimension";

/** What every reply has. */
export interface ReplyBase {
  /** The store's clock when it executed the command, in milliseconds. */
  readonly storeTimeMs: number;
}

/** The state was changed (or renewed); the identity and expiry are those after the commit. */
export interface AppliedReply extends ReplyBase {
  /** Something was changed, or renewed. */
  readonly outcome: "applied";
  /** The state after the commit. */
  readonly identity: Identity;
  /** When it expires unless it is renewed, on the store's clock. */
  readonly expiresAtMs: number;
  /** Whether a create made a new session (`false`: it joined the one that lives). */
  readonly created: boolean;
  /** For a destroy: whether anything was there to destroy. For an adopt: `false` when occupied. */
  readonly found: boolean;
  /** The numbers after each increment, in the order of the batch's increments. */
  readonly numbers: readonly number[];
}

/** The batch (or a later one of this writer) had been applied before; nothing was changed now. */
export interface DuplicateReply extends ReplyBase {
  /** Nothing was changed now. */
  readonly outcome: "duplicate";
  /** The incarnation that the writer's last applied batch was applied to. */
  readonly incarnation: string;
  /** The version that it made. */
  readonly version: number;
  /** Whether that batch was an adopt that found the place occupied. */
  readonly occupied: boolean;
}

/** The incarnation meant is not alive: destroyed, expired, rotated or replaced. */
export interface GoneReply extends ReplyBase {
  /** Nothing was changed. */
  readonly outcome: "gone";
  /** Why; undefined while the session is moving, or when another incarnation lives. */
  readonly reason: GoneReason | undefined;
  /** The incarnation that lives under the key now, if one does. */
  readonly alive: string | undefined;
  /** Whether a rotation is under way: load the key to learn which, and complete it. */
  readonly moving: boolean;
}

/** An operation does not fit the state; nothing of the batch was applied. */
export interface InvalidReply extends ReplyBase {
  /** Nothing was changed. */
  readonly outcome: "invalid";
  /** Index of the offending operation in the batch. */
  readonly operation: number;
  /** What is wrong with it. */
  readonly reason: InvalidReason;
  /** The size found (fields, bytes, numbers a vector), where the reason is one of size. */
  readonly size: number;
  /** The limit exceeded (fields, bytes), or the dimension expected. */
  readonly limit: number;
}

/** The record cannot be read; it is left as it is. */
export interface CorruptReply extends ReplyBase {
  /** Nothing was changed. */
  readonly outcome: "corrupt";
  /** What is wrong, without any of the session's values. */
  readonly detail: string;
}

/** A refusal without particulars. None of them changes anything. */
export interface RefusedReply extends ReplyBase {
  /**
   * `conflict`: the state is not `ifVersion`'s. `missing`: no record under the key.
   * `late`: executed after `notAfterMs`. `behind`: the store has not what it acknowledged before
   * (`prev`). `unknown`: too old to tell whether it had been applied.
   */
  readonly outcome: "conflict" | "missing" | "late" | "behind" | "unknown";
}

/** The answer to a commit. Only `applied` changes anything. */
export type CommitReply =
  | AppliedReply
  | DuplicateReply
  | GoneReply
  | InvalidReply
  | CorruptReply
  | RefusedReply;

/** What a load asks for. */
export interface LoadRequest {
  /** The state that the pod holds: when it is still the same, `unchanged` answers without it. */
  readonly known?: Identity;
  /**
   * Registered as a holder of a copy, in the same step or before the state is read. Without it nobody is.
   */
  readonly holder?: Holder;
  /** How long a tombstone is kept: a load that finds an expired record closes it into one (rule 18). */
  readonly tombstoneMs: number;
  /**
   * When the operation was accepted that is to be bound to what is found (rule 9), on the store's clock. A record that
   * expired later than that is found as it is, and left open for the commit that follows (rule 18).
   */
  readonly acceptedMs?: number;
}

/** The answer to a load. */
export type LoadReply =
  | (ReplyBase & { readonly outcome: "found"; readonly state: SessionState })
  | (ReplyBase & { readonly outcome: "unchanged"; readonly expiresAtMs: number })
  | (ReplyBase & {
    readonly outcome: "gone";
    readonly reason: GoneReason;
    /** The incarnation that was alive last. */
    readonly incarnation: string;
  })
  | (ReplyBase & { readonly outcome: "moving"; readonly moving: Moving })
  | (ReplyBase & { readonly outcome: "missing" })
  | CorruptReply;

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

/** The answer to a heal. Only `healed` changes anything. */
export type HealReply =
  | (ReplyBase & {
    /**
     * `healed`: the record is now the copy. `intact`: the store has all that the copy has. `diverged`: each has what the
     * other has not; the store's stays. `superseded`: the store knows an incarnation made later, alive or dead.
     * `late`: executed after `notAfterMs`, or after the copy's own expiry.
     */
    readonly outcome: "healed" | "intact" | "diverged" | "superseded" | "late";
  })
  /** This very incarnation is dead. */
  | (ReplyBase & { readonly outcome: "gone"; readonly reason: GoneReason })
  | CorruptReply;

/** Options of {@linkcode StorageAdapter.heartbeat}. */
export interface HeartbeatOptions extends CallOptions {
  /** The pod's own key; the one of `open`. */
  readonly podKey: string;
  /** How long the key is kept from now on. */
  readonly keepMs: number;
}

/** What a heartbeat tells of the store's memory (rule 13). */
export interface HeartbeatReply extends ReplyBase {
  /** How often the pod's key was counted up since it is there: it only goes back when the store does. */
  readonly counter: number;
  /** Names the store's present memory: another name means that it may have lost something. Undefined if not known. */
  readonly epoch: string | undefined;
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
  /** Live sessions whose key begins with `prefix`, in any order; none that stays is missed. */
  list(prefix: string, options: CallOptions): AsyncIterable<ListedRecord>;
  /**
   * Listens to a pod's inbox and to everybody's under `holder.inboxPrefix`; resolves once it does.
   * Absent where the store has no such channel: copies are then only as fresh as their bound.
   */
  subscribe?(holder: Holder, listener: InboxListener): Promise<() => Promise<void>>;
  /** Ends what the adapter opened itself; a client handed in by the caller stays open. */
  close(): Promise<void>;
}
