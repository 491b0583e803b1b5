/**
 * What an adapter's author tells the suite about the store under test.
 *
 * @module
 */

import type { StorageAdapter } from "../public.ts";

/** A way in which a stored record can be damaged. */
export type Corruption =
  /** A record of another format version, as a newer library would write it. */
  | "unknown-format"
  /** The meta fields (incarnation, version, expiry …) cannot be read. */
  | "garbled-meta"
  /** A vector that the record says it has is not there. */
  | "missing-vector"
  /** A context field's value is not JSON. */
  | "bad-json";

/** Increments to be made by another process. */
export interface OtherProcessTask {
  /** The session's key. */
  readonly key: string;
  /** The incarnation under the key. */
  readonly incarnation: string;
  /** The other process's writer id, used by nobody else. */
  readonly writer: string;
  /** The context field to increment by 1. */
  readonly field: string;
  /** How often. */
  readonly increments: number;
  /** `firstSentAtMs` of the batches, on the store's clock. */
  readonly firstSentAtMs: number;
}

/**
 * A store under test. What it cannot do is left out, and the cases that need it are reported as skipped.
 *
 * @example
 * ```ts
 * import type { ConformanceSubject } from "@hakgal/sessions/chaos/conformance";
 * import { memoryAdapter, MemoryStore } from "@hakgal/sessions/adapters/memory";
 *
 * const store = new MemoryStore();
 * const subject: ConformanceSubject = { name: "memory", create: () => memoryAdapter({ store }) };
 * ```
 */
export interface ConformanceSubject {
  /** The subject's name in reports. */
  readonly name: string;
  /** An adapter that was not opened yet; each call is another pod on the same store. */
  create(): StorageAdapter | Promise<StorageAdapter>;
  /** Whether its adapters have `subscribe`. @default true */
  readonly inbox?: boolean;
  /** Whether its adapters have `heal`. @default true */
  readonly heal?: boolean;
  /** Whether its adapters have `heartbeat`. @default true */
  readonly heartbeat?: boolean;
  /** Ways to damage the record under a key behind the adapter's back. */
  readonly corrupt?: { readonly [how in Corruption]?: (key: string) => Promise<void> | void };
  /**
   * Runs a task in another process, with an adapter on the same store, and resolves when that process has
   * ended well. There, {@linkcode performTask} does what the task says.
   */
  otherProcess?(task: OtherProcessTask): Promise<void>;
  /** Called by {@linkcode runConformance} after the last case. */
  dispose?(): Promise<void> | void;
}
