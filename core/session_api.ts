/**
 * What the calls on a tenant's sessions take and answer.
 *
 * @module
 */

import type { Session } from "./session.ts";

/** Options that every call takes. */
export interface CallSettings {
  /**
   * Ends the wait: the call rejects with the signal's reason. What was sent already may have been applied.
   */
  readonly signal?: AbortSignal;
}

/** Options of {@linkcode TenantSessions.get}. */
export interface GetSettings extends CallSettings {
  /** Asks the store even when a copy that is fresh enough is held. @default false */
  readonly fresh?: boolean;
}

/** Options of {@linkcode TenantSessions.recover}. */
export interface RecoverSettings<Context extends object> extends CallSettings {
  /** Hears of each session as soon as it is found. */
  readonly onSession?: (session: Session<Context>) => void;
}

/** Fields to set; those that are `undefined` are deleted. */
export type ContextPatch<Context extends object> = {
  readonly [Field in keyof Context]?: Context[Field] | undefined;
};

/** A vector: finite numbers, kept as float32. */
export type Vector = Float32Array | readonly number[];

/** Several changes in one commit: first `set`, then `increment`, then `append`. */
export interface Changes<Context extends object> {
  /** Fields to set; those that are `undefined` are deleted. */
  readonly set?: ContextPatch<Context>;
  /** Counters to move, and by how much. */
  readonly increment?: { readonly [Field in keyof Context]?: number };
  /** A vector to append to the trajectory, or several in their order. */
  readonly append?: Vector | readonly Vector[];
}

/** One live session in a listing: what can be said of it without knowing its id. */
export interface ListedSession {
  /** The key's last part: the session's hashed id. */
  readonly hashedId: string;
  /** Its version. */
  readonly version: number;
  /** When it was created, by the store's clock. */
  readonly createdAt: Date;
  /** Milliseconds left until it expires, when it was listed. */
  readonly expiresInMs: number;
}
