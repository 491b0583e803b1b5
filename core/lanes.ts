/**
 * All lanes of a pod, and its ear for other pods' commits.
 *
 * @module
 */

import type { Call } from "./calls.ts";
import { ManagerClosedError } from "./errors.ts";
import { PassingMap } from "./passing_map.ts";
import type { Pod } from "./pod.ts";
import type { CacheEntry } from "./session_cache.ts";
import { SessionLane } from "./session_lane.ts";
import type { InboxListener, ListedRecord } from "./storage_adapter.ts";

/** Finds or makes the lane of a session; lanes without calls go. */
export class Lanes<Context extends object> {
  readonly #pod: Pod<Context>;
  readonly #lanes = new PassingMap<string, SessionLane<Context>>();
  readonly #subscriptions = new Map<string, Promise<(() => Promise<void>) | undefined>>();
  #closed = false;
  /** What has to be there before any call is served; undefined once it is. */
  #preparing: Promise<void> | undefined;

  constructor(pod: Pod<Context>) {
    this.#pod = pod;
  }

  /** Calls wait for `preparing`, and are rejected when it fails. */
  prepare(preparing: Promise<void>): void {
    this.#preparing = preparing;
    preparing.then(() => this.#preparing = undefined, () => {});
  }

  /** Whether calls are still taken. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Number of sessions with calls under way. */
  get active(): number {
    return this.#lanes.size;
  }

  enqueue(tenant: string, id: string, call: Call): void {
    if (this.#closed) return call.answer.reject(new ManagerClosedError());
    if (call.answer.settled) return;
    if (!this.#preparing) return this.lane(tenant, id).enqueue(call);
    this.#preparing.then(
      () => this.enqueue(tenant, id, call),
      (error) => call.answer.reject(error),
    );
  }

  /** The lane of a session; one that is not given a call, or occupied, at once does not go by itself. */
  lane(tenant: string, id: string): SessionLane<Context> {
    this.#subscribe(tenant);
    const { keys, cache, journal } = this.#pod;
    const held = cache.entry(tenant, id);
    if (held) return this.laneOf(held);
    const key = keys.session(tenant, id);
    const entry = this.#lanes.get(key.storeKey)?.entry ?? journal.of(key.storeKey)?.entry ??
      cache.newEntry(key);
    // Who came by its hash alone learns its id now.
    entry.key = key;
    cache.store(entry);
    return this.laneOf(entry);
  }

  /** The lane of an entry; the one under way has its own entry for the session. */
  laneOf(entry: CacheEntry): SessionLane<Context> {
    const { storeKey } = entry.key;
    let lane = this.#lanes.get(storeKey);
    if (!lane) {
      lane = new SessionLane(this.#pod, entry, () => this.#lanes.delete(storeKey));
      this.#lanes.set(storeKey, lane);
    }
    return lane;
  }

  list(prefix: string): AsyncIterable<ListedRecord> {
    if (this.#closed) throw new ManagerClosedError();
    const { link, settings } = this.#pod;
    return link.list(prefix, settings.commandTimeoutMs);
  }

  /** Resolves when no call is under way. */
  async settled(): Promise<void> {
    while (this.#lanes.size > 0) {
      await Promise.all(this.#lanes.values().map((lane) => lane.idle));
    }
  }

  /** From now on every call is rejected. */
  refuseCalls(): void {
    this.#closed = true;
  }

  /** Stops listening to all inboxes. */
  async unsubscribe(): Promise<void> {
    const ends = [...this.#subscriptions.values()];
    this.#subscriptions.clear();
    await Promise.allSettled(ends.map(async (end) => await (await end)?.()));
  }

  /** Listens to a tenant's inboxes; until it does, copies are as fresh as their bound. */
  #subscribe(tenant: string): void {
    const { settings, link, cache, events } = this.#pod;
    if (settings.maxStalenessMs === 0 || this.#subscriptions.has(tenant) || !link.isUp) return;
    const listener: InboxListener = {
      onInvalidation: (invalidation) => {
        const entry = this.#lanes.get(invalidation.key)?.entry ??
          cache.byStoreKey(invalidation.key);
        entry?.hear(invalidation);
      },
      onGap: () => {
        cache.markStale(tenant);
        events.emit("inboxLost", { tenant });
      },
    };
    const subscription = link.subscribe(this.#pod.holder(tenant), listener);
    this.#subscriptions.set(tenant, subscription);
    subscription.then((end) => end && cache.markStale(tenant), (cause) => {
      this.#subscriptions.delete(tenant);
      if (!this.#closed) events.emit("inboxLost", { tenant, cause });
    });
  }
}
