/**
 * One session's record as a store keeps it, and the cursor through which the commit algorithm works on it.
 *
 * @module
 */

import type { GoneReason, SessionState, WriterEntry } from "./storage_adapter.ts";

/** Version of the stored form. A reader that meets another one reports it and touches nothing. */
export const FORMAT_VERSION = 1;

/** At most this many holders are named in a record; beyond it everybody is told. */
export const MAX_HOLDERS = 8;

/** Stands for "more holders than are named": word goes to the tenant's common inbox. */
export const ALL_HOLDERS = "all";

/** Everything of a record but its context, trajectory and writers. */
export interface RecordMeta {
  /** Version of the stored form. */
  readonly format: number;
  /** What the record stands for. */
  readonly state: "live" | "moving" | "tombstone";
  /** Why it is a tombstone; without meaning in the other states. */
  readonly reason: GoneReason;
  /** Where a moving session goes, and the rotation's nonce. */
  readonly moving: { readonly nonce: string; readonly to: string } | undefined;
  /** The nonce of the incarnation that lives, or lived last. */
  readonly incarnation: string;
  /** When this incarnation was made, on the store's clock. */
  readonly incarnationAtMs: number;
  /** When the session was first created; a rotation keeps it. */
  readonly createdAtMs: number;
  /** Commits that changed it. */
  readonly version: number;
  /** Writer and seq of the last of them, as `writer:seq`. */
  readonly tag: string;
  /** When it expires unless it is renewed. */
  readonly expiresAtMs: number;
  /** What no renewal can pass. */
  readonly absoluteExpiresAtMs: number | undefined;
  /** When the store may drop the record altogether. */
  readonly dropAtMs: number;
  /** Pods that hold a copy. */
  readonly holders: readonly string[];
  /** Number of context fields. */
  readonly fields: number;
  /** Bytes of context and trajectory. */
  readonly bytes: number;
  /** Vectors appended since the beginning; the next one's slot is this modulo the capacity. */
  readonly appended: number;
  /** Vectors kept at most. */
  readonly capacity: number;
  /** Numbers a vector; 0 as long as there is none. */
  readonly dimension: number;
  /** The newest time of a writer's entry that was dropped (rule 3). */
  readonly floorMs: number;
  /** No writer's entry is older than this; the true oldest may be younger. */
  readonly oldestWriterMs: number;
}

/** Access to one record inside one atomic step of a store. */
export interface RecordCursor {
  /** The record's meta; undefined when there is none, `corrupt` when it cannot be read. */
  meta(): RecordMeta | "corrupt" | undefined;
  /** What is wrong with a corrupt record. */
  corruption(): string;
  /** Writes the meta; makes the record if there was none. */
  setMeta(meta: RecordMeta): void;
  /** A writer's entry. */
  writer(id: string): WriterEntry | undefined;
  /** All writers' entries; deleting while iterating is allowed. */
  writers(): Iterable<readonly [id: string, entry: WriterEntry]>;
  /** Writes a writer's entry. */
  setWriter(id: string, entry: WriterEntry): void;
  /** Drops a writer's entry. */
  deleteWriter(id: string): void;
  /** A context field's JSON text. */
  field(name: string): string | undefined;
  /** Writes a context field. */
  setField(name: string, json: string): void;
  /** Drops a context field. */
  deleteField(name: string): void;
  /** Writes the vector of a slot of the trajectory. */
  putVector(slot: number, vector: Uint8Array): void;
  /** Drops context and trajectory; meta and writers stay. */
  clearState(): void;
}

/** The holders with one more, or everybody when there would be too many. */
export function addHolder(holders: readonly string[], pod: string): readonly string[] {
  if (holders.includes(ALL_HOLDERS) || holders.includes(pod)) return holders;
  return holders.length < MAX_HOLDERS ? [...holders, pod] : [ALL_HOLDERS];
}

/** The trajectory's slots in order of age, oldest first. */
export function slotsByAge(meta: Pick<RecordMeta, "appended" | "capacity">): number[] {
  const length = Math.min(meta.appended, meta.capacity);
  const oldest = meta.appended - length;
  return Array.from({ length }, (_, index) => (oldest + index) % meta.capacity);
}

/** Bytes that a state counts for against the limit of a session. */
export function stateBytes(
  context: SessionState["context"],
  trajectory: readonly Uint8Array[],
): number {
  let bytes = 0;
  for (const [field, json] of context) bytes += utf8Length(field) + utf8Length(json);
  for (const vector of trajectory) bytes += vector.length;
  return bytes;
}

/** Length of a text in UTF-8, without encoding it. */
export function utf8Length(text: string): number {
  let bytes = text.length;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (unit < 0x80) continue;
    bytes += 1;
    if (unit < 0x800) continue;
    // A pair of surrogates is two units and four bytes: one more for each of them, as counted above.
    if (unit < 0xd800 || unit > 0xdfff) bytes += 1;
  }
  return bytes;
}
