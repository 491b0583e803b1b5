/**
 * The sessions that a pod holds in memory.
 *
 * @module
 */

import { LRUCache } from "lru-cache";
import type { Clock } from "./clock.ts";
import type { SessionKey } from "./key_space.ts";
import { stateBytes } from "./record.ts";
import type { Copy } from "./session.ts";
import type { Identity, Invalidation } from "./storage_adapter.ts";

/** What stays of a copy that was dropped (rule 11): enough to address the session, not to serve it. */
export interface Stub {
  readonly incarnation: string;
  readonly version: number;
  /** This pod's last seq that the store acknowledged on that incarnation; 0 for none (rule 5). */
  readonly acknowledgedSeq: number;
  /** When it runs out unless somebody renews it, on the pod's clock. */
  readonly expiresAt: number;
}

/** One session's place in the cache. It has one owner at a time, the session's lane. */
export class CacheEntry {
  readonly key: SessionKey;
  #copy: Copy | undefined;
  #stub: Stub | undefined;
  /** Newest state of which another pod told. */
  #heard: Pick<Identity, "incarnation" | "version"> | undefined;
  #heardCount = 0;
  #stale = false;

  constructor(key: SessionKey) {
    this.key = key;
  }

  /** The copy, fresh or not. */
  get copy(): Copy | undefined {
    return this.#copy;
  }

  get stub(): Stub | undefined {
    return this.#stub;
  }

  /** Whether another pod told, or may have told, of a newer state than the copy's. */
  get stale(): boolean {
    return this.#stale;
  }

  /** Takes a copy of the state after what this pod committed. */
  keep(copy: Copy, acknowledgedSeq: number): void {
    const { incarnation, version } = copy.state;
    this.#copy = copy;
    this.#stub = { incarnation, version, acknowledgedSeq, expiresAt: copy.expiresAt };
    this.#stale = this.#heard !== undefined &&
      (this.#heard.incarnation !== incarnation || this.#heard.version > version);
    if (!this.#stale) this.#heard = undefined;
  }

  /** Takes a copy just read from the store: what was heard before its send is in it. */
  keepLoaded(copy: Copy, heardBefore: number): void {
    if (heardBefore === this.#heardCount) this.#heard = undefined;
    this.keep(copy, this.acknowledgedSeq(copy.state.incarnation) ?? 0);
  }

  /** This pod's last acknowledged seq on an incarnation; undefined when it has none there. */
  acknowledgedSeq(incarnation: string): number | undefined {
    const stub = this.#stub;
    return stub?.incarnation === incarnation && stub.acknowledgedSeq > 0
      ? stub.acknowledgedSeq
      : undefined;
  }

  /** Drops the copy; how to address the session stays. */
  dropCopy(): void {
    this.#copy = undefined;
  }

  /** Drops the copy and remembers how to address the session. */
  keepStub(stub: Stub): void {
    this.#copy = undefined;
    this.#stub = stub;
  }

  /** Forgets the session: it is known not to be alive. */
  forget(): void {
    this.#copy = undefined;
    this.#stub = undefined;
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
}

/** Bounds of a cache. */
export interface CacheBounds {
  readonly maxSessions: number;
  readonly maxBytes: number;
  readonly maxStalenessMs: number;
}

/** Entries by tenant and id, the least recently used dropped first. */
export class SessionCache {
  readonly #clock: Clock;
  readonly #maxStalenessMs: number;
  readonly #entries: LRUCache<string, CacheEntry>;
  readonly #byStoreKey = new Map<string, CacheEntry>();

  constructor(bounds: CacheBounds, clock: Clock) {
    this.#clock = clock;
    this.#maxStalenessMs = bounds.maxStalenessMs;
    this.#entries = new LRUCache({
      max: bounds.maxSessions,
      maxSize: bounds.maxBytes,
      dispose: (entry) => {
        if (this.#byStoreKey.get(entry.key.storeKey) === entry) {
          this.#byStoreKey.delete(entry.key.storeKey);
        }
      },
    });
  }

  /** Number of sessions held. */
  get size(): number {
    return this.#entries.size;
  }

  /** The copy of a session that may be served without asking the store (rule 12). */
  freshCopy(tenant: string, id: string): Copy | undefined {
    const entry = this.#entries.get(cacheKey(tenant, id));
    return entry && this.isFresh(entry) ? entry.copy : undefined;
  }

  isFresh(entry: CacheEntry): boolean {
    const { copy } = entry;
    if (copy === undefined || entry.stale) return false;
    const now = this.#clock.now();
    return now - copy.sentAt < this.#maxStalenessMs && now < copy.expiresAt;
  }

  /** The entry of a session; undefined when it is not held. */
  entry(tenant: string, id: string): CacheEntry | undefined {
    return this.#entries.get(cacheKey(tenant, id));
  }

  /** Keeps an entry, or keeps it with its present size; one without anything to keep is dropped. */
  store(entry: CacheEntry): void {
    const key = cacheKey(entry.key.tenant, entry.key.id);
    if (!entry.stub) {
      this.#entries.delete(key);
      return;
    }
    this.#entries.set(key, entry, { size: sizeOf(entry) });
    this.#byStoreKey.set(entry.key.storeKey, entry);
  }

  /** The entry under a store's key, if the session is held. */
  byStoreKey(storeKey: string): CacheEntry | undefined {
    return this.#byStoreKey.get(storeKey);
  }

  /** Takes every copy of a tenant as stale. */
  markStale(tenant: string): void {
    for (const entry of this.#entries.values()) {
      if (entry.key.tenant === tenant) entry.markStale();
    }
  }

  clear(): void {
    this.#entries.clear();
  }
}

function cacheKey(tenant: string, id: string): string {
  return `${tenant}\0${id}`;
}

function sizeOf(entry: CacheEntry): number {
  const state = entry.copy?.state;
  const overhead = 512 + entry.key.id.length * 2;
  if (!state) return overhead;
  return overhead + 64 * state.context.size + stateBytes(state.context, state.trajectory);
}
