/**
 * What a pod sends to have a session changed: operations, and the batch that carries them.
 *
 * @module
 */

import type { AdoptedState, ContextEntry, Identity } from "./session_state.ts";

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
