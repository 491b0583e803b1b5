/**
 * All lanes of a pod, and its ear for other pods' commits.
 *
 * @module
 */

import type { Call } from "./calls.ts";
import { ManagerClosedError } from "./errors.ts";
import type { Pod } from "./pod.ts";
import { CacheEntry } from "./session_cache.ts";
import { SessionLane } from "./session_lane.ts";
import type { InboxListener, ListedRecord } from "./storage_adapter.ts";

/** Finds or makes the lane of a session; lanes without calls go. */
export class Lanes<Context extends object> {
  readonly #pod: Pod<Context>;
  readonly #lanes = new Map<string, SessionLane<Context>>();
  readonly #subscriptions = new Map<string, Promise<(() => Promise<void>) | undefined>>();
  #closed = false;

  constructor(pod: Pod<Context>) {
    this.#pod = pod;
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
    this.lane(tenant, id).enqueue(call);
  }

  /** The lane of a session; one that is not given a call, or occupied, at once does not go by itself. */
  lane(tenant: string, id: string): SessionLane<Context> {
    this.#subscribe(tenant);
    const { keys, cache } = this.#pod;
    const held = cache.entry(tenant, id);
    const key = held?.key ?? keys.session(tenant, id);
    let lane = this.#lanes.get(key.storeKey);
    if (!lane) {
      lane = new SessionLane(this.#pod, held ?? new CacheEntry(key), () => {
        this.#lanes.delete(key.storeKey);
      });
      this.#lanes.set(key.storeKey, lane);
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
      await Promise.all([...this.#lanes.values()].map((lane) => lane.idle));
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
    const { settings, keys, link, writer, cache, events } = this.#pod;
    if (settings.maxStalenessMs === 0 || this.#subscriptions.has(tenant)) return;
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
    const holder = { pod: writer, inboxPrefix: keys.inboxPrefix(tenant) };
    const subscription = link.subscribe(holder, listener);
    this.#subscriptions.set(tenant, subscription);
    subscription.then((end) => end && cache.markStale(tenant), (cause) => {
      this.#subscriptions.delete(tenant);
      if (!this.#closed) events.emit("inboxLost", { tenant, cause });
    });
  }
}
