/**
 * Sessions in this process's memory: for tests, development and single-process use. Does not survive the
 * process. Several managers can share one {@linkcode MemoryStore}, each standing for a pod.
 *
 * @module
 */

import { commit } from "../core/commit.ts";
import { type Clock, systemClock } from "../core/clock.ts";
import { heal } from "../core/heal.ts";
import { load, type ReadableCursor } from "../core/load.ts";
import { ALL_HOLDERS, type RecordMeta, slotsByAge } from "../core/record.ts";
import type {
  CommitBatch,
  CommitReply,
  HealReply,
  HealRequest,
  HeartbeatOptions,
  HeartbeatReply,
  Holder,
  InboxListener,
  ListedRecord,
  LoadReply,
  LoadRequest,
  SessionState,
  StorageAdapter,
  StoreInfo,
  WriterEntry,
} from "../core/storage_adapter.ts";

/** Options of {@linkcode memoryAdapter}. */
export interface MemoryAdapterOptions {
  /** The store to use. @default a new, empty one */
  readonly store?: MemoryStore;
}

/**
 * An adapter over a store in memory.
 *
 * @example Two pods on one store
 * ```ts
 * import { SessionManager } from "@hakgal/sessions";
 * import { memoryAdapter, MemoryStore } from "@hakgal/sessions/adapters/memory";
 *
 * const store = new MemoryStore();
 * await using pod1 = new SessionManager({ adapter: memoryAdapter({ store }) });
 * await using pod2 = new SessionManager({ adapter: memoryAdapter({ store }) });
 * await pod1.tenant("acme").getOrCreate("user-42", { plan: "free" });
 * const session = await pod2.tenant("acme").get("user-42");
 * console.assert(session?.context.plan === "free");
 * ```
 */
export function memoryAdapter(options: MemoryAdapterOptions = {}): StorageAdapter {
  return new MemoryAdapter(options.store ?? new MemoryStore());
}

/** Records by key, on a clock of its own. */
export class MemoryStore {
  readonly #records = new Map<string, MemoryRecord>();
  readonly #inboxes = new Map<string, Set<InboxListener>>();
  readonly #clock: Clock;
  readonly #epochMs: number;
  readonly #heartbeats = new Map<string, number>();
  #sweepAtMs = 0;
  #memories = 1;

  /** `clock` drives expiry. @default the runtime's monotonic clock */
  constructor(options: { clock?: Clock } = {}) {
    this.#clock = options.clock ?? systemClock;
    this.#epochMs = Date.now() - this.#clock.now();
  }

  /** The store's time, in milliseconds since the Unix epoch. */
  nowMs(): number {
    return Math.floor(this.#epochMs + this.#clock.now());
  }

  /** Number of records, tombstones included. */
  get size(): number {
    return this.#records.size;
  }

  /** Applies a batch; see `StorageAdapter.commit`. */
  commit(key: string, batch: CommitBatch): CommitReply {
    const record = this.#record(key) ?? new MemoryRecord();
    const { reply, notify } = commit(record, batch, this.nowMs());
    if (record.meta() !== undefined) this.#records.set(key, record);
    if (batch.holder && reply.outcome === "applied") {
      const { incarnation, version } = reply.identity;
      for (const pod of notify) {
        for (const listener of this.#inboxes.get(batch.holder.inboxPrefix + pod) ?? []) {
          listener.onInvalidation({ key, incarnation, version });
        }
      }
    }
    return reply;
  }

  /** Reads a record; see `StorageAdapter.load`. */
  load(key: string, request: LoadRequest): LoadReply {
    return load(this.#record(key) ?? new MemoryRecord(), request, this.nowMs());
  }

  /** Puts a copy back; see `StorageAdapter.heal`. */
  heal(key: string, request: HealRequest): HealReply {
    const record = this.#record(key) ?? new MemoryRecord();
    const reply = heal(record, request, this.nowMs());
    if (reply.outcome === "healed") this.#records.set(key, record);
    return reply;
  }

  /** Counts a pod's key up; see `StorageAdapter.heartbeat`. */
  heartbeat(podKey: string): HeartbeatReply {
    const counter = (this.#heartbeats.get(podKey) ?? 0) + 1;
    this.#heartbeats.set(podKey, counter);
    return { storeTimeMs: this.nowMs(), counter, epoch: `memory-${this.#memories}` };
  }

  /** Live records whose key begins with `prefix`. */
  *list(prefix: string): Generator<ListedRecord> {
    for (const key of [...this.#records.keys()]) {
      const meta = key.startsWith(prefix) ? this.#record(key)?.meta() : undefined;
      const nowMs = this.nowMs();
      if (meta === undefined || meta.state === "tombstone" || meta.expiresAtMs <= nowMs) continue;
      const { version, createdAtMs } = meta;
      yield { key, version, createdAtMs, expiresInMs: meta.expiresAtMs - nowMs };
    }
  }

  /** Forgets everything: what a restart without persistence does. */
  forget(): void {
    this.#records.clear();
    this.#heartbeats.clear();
    this.#memories++;
  }

  /** What is held now; the answer goes back to it, as a restart from an older snapshot does. */
  snapshot(): () => void {
    const records = [...this.#records].map(([key, record]) => [key, record.copy()] as const);
    const heartbeats = [...this.#heartbeats];
    return () => {
      this.forget();
      for (const [key, record] of records) this.#records.set(key, record.copy());
      for (const [podKey, counter] of heartbeats) this.#heartbeats.set(podKey, counter);
    };
  }

  /** Removes one record by hand, as an operator or an eviction does; whether it was there. */
  remove(key: string): boolean {
    return this.#records.delete(key);
  }

  /** Adds a listener to an inbox; the answer removes it. */
  subscribe(inbox: string, listener: InboxListener): () => void {
    const listeners = this.#inboxes.get(inbox) ?? new Set();
    this.#inboxes.set(inbox, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0) this.#inboxes.delete(inbox);
    };
  }

  #record(key: string): MemoryRecord | undefined {
    const nowMs = this.nowMs();
    if (nowMs >= this.#sweepAtMs) this.#sweep(nowMs);
    const record = this.#records.get(key);
    if (!record || record.meta()!.dropAtMs > nowMs) return record;
    this.#records.delete(key);
    return undefined;
  }

  /** Drops what has run out, at most once a minute: no timer of ours keeps a process alive. */
  #sweep(nowMs: number): void {
    this.#sweepAtMs = nowMs + 60_000;
    for (const [key, record] of this.#records) {
      if (record.meta()!.dropAtMs <= nowMs) this.#records.delete(key);
    }
  }
}

class MemoryAdapter implements StorageAdapter {
  readonly name = "memory";
  readonly #store: MemoryStore;

  constructor(store: MemoryStore) {
    this.#store = store;
  }

  open(): Promise<StoreInfo> {
    return Promise.resolve({ server: "memory" });
  }

  // deno-lint-ignore require-await -- async, so that what the store throws becomes a rejection
  async commit(key: string, batch: CommitBatch): Promise<CommitReply> {
    return this.#store.commit(key, batch);
  }

  // deno-lint-ignore require-await -- as above
  async load(key: string, request: LoadRequest): Promise<LoadReply> {
    return this.#store.load(key, request);
  }

  // deno-lint-ignore require-await -- as above
  async heal(key: string, request: HealRequest): Promise<HealReply> {
    return this.#store.heal(key, request);
  }

  // deno-lint-ignore require-await -- as above
  async heartbeat({ podKey }: HeartbeatOptions): Promise<HeartbeatReply> {
    return this.#store.heartbeat(podKey);
  }

  async *list(prefix: string): AsyncGenerator<ListedRecord> {
    yield* this.#store.list(prefix);
  }

  subscribe(holder: Holder, listener: InboxListener): Promise<() => Promise<void>> {
    const ends = [holder.pod, ALL_HOLDERS].map((inbox) =>
      this.#store.subscribe(holder.inboxPrefix + inbox, listener)
    );
    return Promise.resolve(() => {
      for (const end of ends) end();
      return Promise.resolve();
    });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

class MemoryRecord implements ReadableCursor {
  #meta: RecordMeta | undefined;
  readonly #writers = new Map<string, WriterEntry>();
  #fields = new Map<string, string>();
  #vectors = new Map<number, Uint8Array>();

  copy(): MemoryRecord {
    const copy = new MemoryRecord();
    copy.#meta = this.#meta;
    for (const [id, entry] of this.#writers) copy.#writers.set(id, entry);
    copy.#fields = new Map(this.#fields);
    copy.#vectors = new Map(this.#vectors);
    return copy;
  }

  meta(): RecordMeta | undefined {
    return this.#meta;
  }

  corruption(): string {
    return "";
  }

  setMeta(meta: RecordMeta): void {
    this.#meta = meta;
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
    this.#vectors.set(slot, vector.slice());
  }

  clearState(): void {
    this.#fields = new Map();
    this.#vectors = new Map();
  }

  readState(meta: RecordMeta): Pick<SessionState, "context" | "trajectory"> {
    return {
      context: new Map(this.#fields),
      trajectory: slotsByAge(meta).map((slot) => this.#vectors.get(slot)!.slice()),
    };
  }
}
