/**
 * A session as a store holds it: what makes two states the same, and the whole of one.
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
