/**
 * What a store answers.
 *
 * @module
 */

import type { Identity, SessionState } from "./session_state.ts";

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
  /**
   * Tag of the state that lived before; a store that has lost its memory may have another one by the number that a pod
   * goes on from. An adapter that leaves it out lets a pod take that for its copy's.
   */
  readonly baseTag?: string | undefined;
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

/** The answer to a load. */
export type LoadReply =
  | (ReplyBase & { readonly outcome: "found"; readonly state: SessionState })
  | (ReplyBase & {
    readonly outcome: "unchanged";
    readonly expiresAtMs: number;
    /** The store was not asked for its time: `storeTimeMs` is an upper bound of it. @default false */
    readonly isTimeBound?: boolean;
  })
  | (ReplyBase & {
    readonly outcome: "gone";
    readonly reason: GoneReason;
    /** The incarnation that was alive last. */
    readonly incarnation: string;
  })
  | (ReplyBase & { readonly outcome: "moving"; readonly moving: Moving })
  | (ReplyBase & { readonly outcome: "missing" })
  | CorruptReply;

/** The answer to a heal. Only `healed` changes anything. */
export type HealReply =
  /** The record is now the copy. */
  | (ReplyBase & {
    readonly outcome: "healed";
    /** Version of another session that lived under the key: it was made earlier, and gave way (rule 16). */
    readonly displaced?: number | undefined;
  })
  | (ReplyBase & {
    /**
     * `intact`: the store has all that the copy has. `diverged`: each has what the other has not; the store's stays.
     * `superseded`: the store knows an incarnation made later, alive or dead. `late`: executed after `notAfterMs`, or
     * after the copy's own expiry.
     */
    readonly outcome: "intact" | "diverged" | "superseded" | "late";
  })
  /** This very incarnation is dead. */
  | (ReplyBase & { readonly outcome: "gone"; readonly reason: GoneReason })
  | CorruptReply;

/** What a heartbeat tells of the store's memory (rule 13). */
export interface HeartbeatReply extends ReplyBase {
  /** How often the pod's key was counted up since it is there: it only goes back when the store does. */
  readonly counter: number;
  /** Names the store's present memory: another name means that it may have lost something. Undefined if not known. */
  readonly epoch: string | undefined;
}
