/**
 * What a session may hold.
 *
 * @module
 */

/** Limits of ids, contexts and trajectories. All are checked before anything is written. */
export interface Limits {
  /** UTF-8 bytes of a session id, at most. @default 512 */
  readonly idBytes: number;
  /** UTF-8 bytes of a context field's name, at most. @default 128 */
  readonly fieldNameBytes: number;
  /** Fields of a context, at most. @default 256 */
  readonly fields: number;
  /** UTF-8 bytes of a value as JSON, at most. @default 65536 */
  readonly valueBytes: number;
  /** Vectors that a trajectory keeps; the oldest goes first. 1 to 1,000. @default 10 */
  readonly trajectoryVectors: number;
  /** Numbers of a vector, at most. @default 8192 */
  readonly vectorDimension: number;
  /** Bytes of a session's context and trajectory together, at most. @default 1048576 */
  readonly sessionBytes: number;
}

/** The limits when nothing else is said. */
export const DEFAULT_LIMITS: Limits = {
  idBytes: 512,
  fieldNameBytes: 128,
  fields: 256,
  valueBytes: 65_536,
  trajectoryVectors: 10,
  vectorDimension: 8_192,
  sessionBytes: 1_048_576,
};
