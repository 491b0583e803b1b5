/**
 * The sessions that a pod holds in memory.
 *
 * @module
 */

import { LRUCache } from "lru-cache";
import type { Clock } from "./clock.ts";
import type { JournaledSession } from "./journaled_session.ts";
import type { SessionKey } from "./key_space.ts";
import { stateBytes } from "./record.ts";
import type { Copy, Snapshot } from "./session.ts";
import type { Identity, Invalidation } from "./storage_adapter.ts";

/** What stays of a copy that was dropped (rule 11): enough to address the session, not to serve it. */
export interface Stub {
  readonly incarnation: string;
  readonly version: number;
  /** This pod's last seq that the store acknowledged on that incarnation; 0 for none (rule 5). */
  readonly acknowledgedSeq: number;
  /** When it runs out unless somebody renews it, on the pod's clock. */
  readonly expiresAt: number;
  /** When the incarnation was made, on the store's clock, if this pod knows. */
  readonly madeAtMs: number | undefined;
}

/** Whoever keeps entries, and hears of each change of what one holds. */
interface Keeper {
  store(entry: CacheEntry): void;
}

/** One session's place in the cache. It has one owner at a time, the session's lane. */
export class CacheEntry {
  /** Whose place it is; its id may become known later. */
  key: SessionKey;
  /** What was last shown of the copy: shown again while nothing changes. */
  shown: Snapshot | undefined;
  #copy: Copy | undefined;
  #stub: Stub | undefined;
  /** Operations of it that wait for the store; it is the journal's to set. */
  journaled: JournaledSession | undefined;
  /** The store's memory that what is held here was acknowledged by; 0 when nothing is. */
  era = 0;
  /**
   * What a copy that had to be dropped came to by this pod's own later writes. It may lack other pods' writes in
   * between: good enough to be shown while the store is away, and for nothing else.
   */
  #remnant: Copy | undefined;
  /** Newest state of which another pod told. */
  #heard: Pick<Identity, "incarnation" | "version"> | undefined;
  #heardCount = 0;
  #stale = false;
  /** Tag of the state for which the store's directory names this pod as a holder. */
  #registeredTag: string | undefined;
  /** The store's memory then. */
  #registeredEra = 0;
  readonly #keeper: Keeper;

  constructor(key: SessionKey, keeper: Keeper) {
    this.key = key;
    this.#keeper = keeper;
  }

  /** The copy, fresh or not. */
  get copy(): Copy | undefined {
    return this.#copy;
  }

  get stub(): Stub | undefined {
    return this.#stub;
  }

  get remnant(): Copy | undefined {
    return this.#remnant;
  }

  /** Whether another pod told, or may have told, of a newer state than the copy's. */
  get stale(): boolean {
    return this.#stale;
  }

  /** Takes a copy of the state after what this pod committed. */
  keep(copy: Copy, acknowledgedSeq: number): void {
    const { incarnation, version, incarnationAtMs } = copy.state;
    const { expiresAt } = copy;
    this.#set(copy);
    this.#stub = { incarnation, version, acknowledgedSeq, expiresAt, madeAtMs: incarnationAtMs };
    this.#stale = this.#heard !== undefined &&
      (this.#heard.incarnation !== incarnation || this.#heard.version > version);
    if (!this.#stale) this.#heard = undefined;
    this.#keeper.store(this);
  }

  /** Takes a copy just read from the store: what was heard before its send is in it. */
  keepLoaded(copy: Copy, heardBefore: number): void {
    if (heardBefore === this.#heardCount) this.#heard = undefined;
    this.keep(copy, this.acknowledgedSeq(copy.state.incarnation) ?? 0);
  }

  /** The store, with its memory of that era, has registered this pod for the copy that is held. */
  register(era: number): void {
    this.#registeredTag = this.#copy?.state.tag;
    this.#registeredEra = era;
  }

  /** Whether the store's directory, in its memory of that era, names this pod as a holder of the copy. */
  isRegistered(era: number): boolean {
    const tag = this.#registeredTag;
    return tag !== undefined && this.#registeredEra === era && tag === this.#copy?.state.tag;
  }

  /** This pod's last acknowledged seq on an incarnation; undefined when it has none there. */
  acknowledgedSeq(incarnation: string): number | undefined {
    const stub = this.#stub;
    return stub?.incarnation === incarnation && stub.acknowledgedSeq > 0
      ? stub.acknowledgedSeq
      : undefined;
  }

  /** The copy as it is, with the times that the store was given with it. */
  retime(copy: Copy): void {
    this.#set(copy);
    if (this.#stub) this.#stub = { ...this.#stub, madeAtMs: copy.state.incarnationAtMs };
  }

  /** Drops the copy; how to address the session stays. */
  dropCopy(): void {
    this.#set(undefined);
    this.#keeper.store(this);
  }

  /** Drops the copy and remembers how to address the session, and what may be shown of it while the store is away. */
  keepStub(stub: Stub, remnant?: Copy): void {
    this.#set(undefined, remnant);
    this.#stub = stub;
    this.#keeper.store(this);
  }

  /** Forgets the session: it is known not to be alive. */
  forget(): void {
    this.#set(undefined);
    this.#stub = undefined;
    this.#keeper.store(this);
  }

  /** How many messages came so far. */
  get heardCount(): number {
    return this.#heardCount;
  }

  /** Word of another pod's commit. */
  hear(invalidation: Invalidation): void {
    const { incarnation, version } = invalidation;
    this.#heardCount++;
    const held = this.#copy?.state;
    if (held && held.incarnation === incarnation && held.version >= version) return;
    this.#heard = { incarnation, version };
    this.#stale = true;
  }

  /** Messages may have been lost. */
  markStale(): void {
    this.#stale = true;
  }

  #set(copy: Copy | undefined, remnant?: Copy): void {
    this.#copy = copy;
    this.#remnant = remnant;
    this.shown = undefined;
  }
}

/** Bounds of a cache. */
export interface CacheBounds {
  readonly maxSessions: number;
  readonly maxBytes: number;
  readonly maxStalenessMs: number;
}

/** Options of a look-up: left out, the cache would make them anew for each. */
const AS_USUAL = {};

/** Entries by tenant and id, the least recently used dropped first. */
export class SessionCache {
  readonly #clock: Clock;
  readonly #maxStalenessMs: number;
  /** All that is held, with the bytes that each takes: the order of use, and the bounds. */
  readonly #held: LRUCache<CacheEntry, number>;
  readonly #tenants = new Map<string, Map<string, CacheEntry>>();
  readonly #byStoreKey = new Map<string, CacheEntry>();

  constructor({ maxSessions, maxBytes, maxStalenessMs }: CacheBounds, clock: Clock) {
    this.#clock = clock;
    this.#maxStalenessMs = maxStalenessMs;
    this.#held = new LRUCache({
      max: maxSessions,
      maxSize: maxBytes,
      dispose: (_bytes, entry, reason) => {
        // Only its size is another.
        if (reason !== "set") this.#forget(entry);
      },
    });
  }

  /** Number of sessions held. */
  get size(): number {
    return this.#held.size;
  }

  /** What they take in memory, counted roughly. */
  get bytes(): number {
    return this.#held.calculatedSize;
  }

  /** Whether an entry's copy may be served without asking the store (rule 12). */
  isFresh(entry: CacheEntry): boolean {
    const { copy } = entry;
    if (copy === undefined || entry.stale) return false;
    const now = this.#clock.now();
    return now - copy.sentAt < this.#maxStalenessMs && now < copy.expiresAt;
  }

  /** A tenant's entries by id, now and from now on: to look up in, so that reads need not look for the tenant too. */
  entriesOf(tenant: string): ReadonlyMap<string, CacheEntry> {
    return this.#entriesOf(tenant);
  }

  /** A place for a session: kept from when it first holds something. */
  newEntry(key: SessionKey): CacheEntry {
    return new CacheEntry(key, this);
  }

  /** An entry that is held has been used. */
  use(entry: CacheEntry): void {
    this.#held.get(entry, AS_USUAL);
  }

  /** The entry of a session; undefined when it is not held. */
  entry(tenant: string, id: string): CacheEntry | undefined {
    const entry = this.#entriesOf(tenant).get(id);
    if (entry) this.use(entry);
    return entry;
  }

  /**
   * Keeps an entry, or keeps it with its present size; one without anything to keep is dropped. Done with each change,
   * so that whoever is answered finds it done.
   */
  store(entry: CacheEntry): void {
    const { tenant, id, storeKey } = entry.key;
    const held = this.#entriesOf(tenant).get(id);
    if (held && held !== entry) this.#held.delete(held);
    if (!entry.stub || id === "") {
      this.#held.delete(entry);
      return;
    }
    const bytes = sizeOf(entry);
    this.#held.set(entry, bytes, { size: bytes });
    // One that is larger than all may be is not taken.
    if (!this.#held.has(entry)) return this.#forget(entry);
    this.#entriesOf(tenant).set(id, entry);
    this.#byStoreKey.set(storeKey, entry);
  }

  /** The entry under a store's key, if the session is held. */
  byStoreKey(storeKey: string): CacheEntry | undefined {
    return this.#byStoreKey.get(storeKey);
  }

  /** Takes every copy of a tenant as stale. */
  markStale(tenant: string): void {
    for (const entry of this.#entriesOf(tenant).values()) entry.markStale();
  }

  /** All entries, the most recently used first. */
  entries(): CacheEntry[] {
    return [...this.#held.keys()];
  }

  clear(): void {
    this.#held.clear();
  }

  #forget(entry: CacheEntry): void {
    const { tenant, id, storeKey } = entry.key;
    const entries = this.#entriesOf(tenant);
    if (entries.get(id) === entry) entries.delete(id);
    if (this.#byStoreKey.get(storeKey) === entry) this.#byStoreKey.delete(storeKey);
  }

  #entriesOf(tenant: string): Map<string, CacheEntry> {
    let entries = this.#tenants.get(tenant);
    if (!entries) this.#tenants.set(tenant, entries = new Map());
    return entries;
  }
}

function sizeOf(entry: CacheEntry): number {
  const state = (entry.copy ?? entry.remnant)?.state;
  const overhead = 512 + entry.key.id.length * 2;
  if (!state) return overhead;

  return overhead + 64 * state.context.size + stateBytes(state.context, state.trajectory);
}
