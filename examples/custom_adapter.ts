/**
 * A storage adapter of one's own, written against exported names alone: sessions as JSON documents in any
 * store that can run a function on one document in a transaction. `docs/adapter.md` explains it, and
 * `tests/conformance_test.ts` proves it with the conformance suite.
 *
 * @module
 */

import {
  type AdapterOpenOptions,
  commit,
  type CommitBatch,
  type CommitReply,
  FORMAT_VERSION,
  heal,
  type HealReply,
  type HealRequest,
  type HeartbeatOptions,
  type HeartbeatReply,
  type ListedRecord,
  load,
  type LoadReply,
  type LoadRequest,
  type ReadableCursor,
  type RecordMeta,
  type SessionState,
  slotsByAge,
  type StorageAdapter,
  type StoreInfo,
  StoreUnavailableError,
  type WriterEntry,
} from "@hakgal/sessions";

/** A change to a document: from its text (undefined when there is none) to the one to write, if any. */
export type Change = (text: string | undefined, nowMs: number) => string | undefined;

/** What the adapter asks of a document store. */
export interface Documents {
  /** Runs `change` in a transaction on one document; `nowMs` is the store's clock inside of it. */
  transact(key: string, change: Change): Promise<void>;
  keys(prefix: string): AsyncIterable<string>;
}

/** Documents in a map, standing for a database. */
export class MapDocuments implements Documents {
  readonly texts = new Map<string, string>();

  async transact(key: string, change: Change): Promise<void> {
    await Promise.resolve();
    const text = change(this.texts.get(key), Date.now());
    if (text !== undefined) this.texts.set(key, text);
  }

  async *keys(prefix: string): AsyncGenerator<string> {
    for (const key of [...this.texts.keys()]) {
      await Promise.resolve();
      if (key.startsWith(prefix)) yield key;
    }
  }
}

/** A pod's document before its first heartbeat. */
const NEVER_COUNTED = JSON.stringify({ counter: 0 });

/** An adapter over a document store. */
export function documentAdapter(documents: Documents): StorageAdapter {
  return new DocumentAdapter(documents);
}

class DocumentAdapter implements StorageAdapter {
  readonly name = "documents";
  readonly #documents: Documents;

  constructor(documents: Documents) {
    this.#documents = documents;
  }

  async open({ podKey }: AdapterOpenOptions): Promise<StoreInfo> {
    await this.#transact(podKey, (text = NEVER_COUNTED) => text);
    return { server: "documents" };
  }

  commit(key: string, batch: CommitBatch): Promise<CommitReply> {
    return this.#onRecord(key, (record, nowMs) => commit(record, batch, nowMs).reply);
  }

  load(key: string, request: LoadRequest): Promise<LoadReply> {
    return this.#onRecord(key, (record, nowMs) => load(record, request, nowMs));
  }

  heal(key: string, request: HealRequest): Promise<HealReply> {
    return this.#onRecord(key, (record, nowMs) => heal(record, request, nowMs));
  }

  /** The counter alone tells whether the store went back: this one gives its memory no name. */
  async heartbeat({ podKey }: HeartbeatOptions): Promise<HeartbeatReply> {
    return { ...await this.#countUp(podKey), epoch: undefined };
  }

  async *list(prefix: string): AsyncGenerator<ListedRecord> {
    for await (const key of this.#documents.keys(prefix)) {
      const entry = await this.#onRecord(key, (record, nowMs): ListedRecord | undefined => {
        const meta = record.meta();
        if (!meta || meta === "corrupt" || meta.state === "tombstone") return undefined;
        const { version, createdAtMs, expiresAtMs } = meta;
        const expiresInMs = expiresAtMs - nowMs;
        return expiresInMs > 0 ? { key, version, createdAtMs, expiresInMs } : undefined;
      });
      if (entry) yield entry;
    }
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  async #countUp(podKey: string): Promise<Omit<HeartbeatReply, "epoch">> {
    let counted = { storeTimeMs: 0, counter: 0 };
    await this.#transact(podKey, (text = NEVER_COUNTED, nowMs) => {
      const { counter } = JSON.parse(text) as { counter: number };
      counted = { storeTimeMs: nowMs, counter: counter + 1 };
      return JSON.stringify(counted);
    });
    return counted;
  }

  async #onRecord<Result>(
    key: string,
    run: (record: DocumentRecord, nowMs: number) => Result,
  ): Promise<Result> {
    let result: { readonly value: Result } | undefined;
    await this.#transact(key, (text, nowMs) => {
      const record = DocumentRecord.parse(text, nowMs);
      result = { value: run(record, nowMs) };
      return record.changed ? record.toString() : undefined;
    });
    return result!.value;
  }

  async #transact(key: string, change: Change): Promise<void> {
    try {
      await this.#documents.transact(key, change);
    } catch (cause) {
      // Nothing tells whether the transaction was committed before its answer was lost.
      const message = "The document store did not answer; try again later.";
      throw new StoreUnavailableError(message, { outcome: "unknown", cause });
    }
  }
}

/** The document's form. Pairs, not objects: a field may be called `__proto__`. */
interface Content {
  meta: RecordMeta;
  writers: [id: string, entry: WriterEntry][];
  fields: [name: string, json: string][];
  vectors: [slot: number, base64: string][];
}

class DocumentRecord implements ReadableCursor {
  changed = false;
  #meta: RecordMeta | undefined;
  #corruption = "";
  #writers = new Map<string, WriterEntry>();
  #fields = new Map<string, string>();
  #vectors = new Map<number, string>();

  static parse(text: string | undefined, nowMs: number): DocumentRecord {
    const record = new DocumentRecord();
    if (text === undefined) return record;
    try {
      const { meta, writers, fields, vectors } = JSON.parse(text) as Content;
      if (meta.format !== FORMAT_VERSION) {
        record.#corruption = `format ${meta.format}, but ${FORMAT_VERSION} is understood`;
      } else if (typeof meta.incarnation !== "string" || !(meta.dropAtMs >= 0)) {
        record.#corruption = "the meta is incomplete";
      } else if (meta.dropAtMs > nowMs) {
        record.#meta = meta;
        record.#writers = new Map(writers);
        record.#fields = new Map(fields);
        record.#vectors = new Map(vectors);
      }
    } catch {
      // The parser's own message would show a part of the document, and so of the session.
      record.#corruption = "the document cannot be parsed";
    }
    return record;
  }

  toString(): string {
    const content: Content = {
      meta: this.#meta!,
      writers: [...this.#writers],
      fields: [...this.#fields],
      vectors: [...this.#vectors],
    };
    return JSON.stringify(content);
  }

  meta(): RecordMeta | "corrupt" | undefined {
    return this.#corruption ? "corrupt" : this.#meta;
  }

  corruption(): string {
    return this.#corruption;
  }

  setMeta(meta: RecordMeta): void {
    this.#meta = meta;
    this.changed = true;
  }

  writer(id: string): WriterEntry | undefined {
    return this.#writers.get(id);
  }

  writers(): Iterable<readonly [string, WriterEntry]> {
    return [...this.#writers];
  }

  setWriter(id: string, entry: WriterEntry): void {
    this.#writers.set(id, entry);
  }

  deleteWriter(id: string): void {
    this.#writers.delete(id);
  }

  field(name: string): string | undefined {
    return this.#fields.get(name);
  }

  setField(name: string, json: string): void {
    this.#fields.set(name, json);
  }

  deleteField(name: string): void {
    this.#fields.delete(name);
  }

  putVector(slot: number, vector: Uint8Array): void {
    this.#vectors.set(slot, toBase64(vector));
  }

  clearState(): void {
    this.#fields.clear();
    this.#vectors.clear();
  }

  readState(
    meta: RecordMeta,
  ): Pick<SessionState, "context" | "trajectory"> | { corrupt: string } {
    const texts = slotsByAge(meta).map((slot) => this.#vectors.get(slot));
    const trajectory = texts.filter((text) => text !== undefined).map(fromBase64);
    if (trajectory.length < texts.length) return { corrupt: "a vector is missing" };
    return { context: new Map(this.#fields), trajectory };
  }
}

function toBase64(bytes: Uint8Array): string {
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
}

function fromBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}
