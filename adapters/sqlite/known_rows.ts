/**
 * What this connection last read or wrote of the records that it writes often. It is true as long as no other
 * connection has written to the file, which `PRAGMA data_version` tells inside a transaction; a commit then
 * has nothing to read. It is only for transactions that hold the write lock.
 *
 * @module
 */

import { LRUCache } from "lru-cache";
import type { RecordMeta } from "../../core/record.ts";
import type { WriterEntry } from "../../core/storage_adapter.ts";

const MAX_RECORDS = 1_024;
const MAX_WRITERS = 8;
const MAX_FIELDS = 16;
/** Characters of a field's name, or of its value: counters and flags are read again, documents are not. */
const MAX_TEXT = 64;

/** The rows of one record, as far as they are known. */
export class KnownRecord {
  /** As it is stored, also when it has run out; undefined when it is not known. */
  meta: RecordMeta | undefined;
  readonly #writers = new Map<string, WriterEntry>();
  readonly #fields = new Map<string, string>();

  writer(id: string): WriterEntry | undefined {
    return this.#writers.get(id);
  }

  setWriter(id: string, entry: WriterEntry): void {
    if (this.#writers.size >= MAX_WRITERS) this.#writers.clear();
    this.#writers.set(id, entry);
  }

  deleteWriter(id: string): void {
    this.#writers.delete(id);
  }

  field(name: string): string | undefined {
    return this.#fields.get(name);
  }

  setField(name: string, json: string): void {
    if (json.length > MAX_TEXT || name.length > MAX_TEXT) {
      this.#fields.delete(name);
      return;
    }
    if (this.#fields.size >= MAX_FIELDS) this.#fields.clear();
    this.#fields.set(name, json);
  }

  deleteField(name: string): void {
    this.#fields.delete(name);
  }

  clearFields(): void {
    this.#fields.clear();
  }
}

/** Known records by their key; the one that was not used for the longest time goes first. */
export class KnownRows {
  readonly #records = new LRUCache<string, KnownRecord>({ max: MAX_RECORDS });

  /** What is known of a record, to be completed. */
  of(key: string): KnownRecord {
    let known = this.#records.get(key);
    if (!known) this.#records.set(key, known = new KnownRecord());
    return known;
  }

  /** The record's rows were deleted. */
  forget(key: string): void {
    this.#records.delete(key);
  }

  /** Another connection has written, or what was written here is undone. */
  clear(): void {
    this.#records.clear();
  }
}
