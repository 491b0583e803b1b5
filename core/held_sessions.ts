/**
 * What memory shows of one tenant's sessions: the way of a read that asks nobody.
 *
 * @module
 */

import { heldCopy } from "./away_server.ts";
import type { Pod } from "./pod.ts";
import type { Copy, Snapshot } from "./session.ts";
import type { CacheEntry } from "./session_cache.ts";

/** The sessions that a pod holds of one tenant. */
export class HeldSessions<Context extends object> {
  readonly #tenant: string;
  readonly #pod: Pod<Context>;
  readonly #entries: ReadonlyMap<string, CacheEntry>;

  constructor(tenant: string, pod: Pod<Context>) {
    this.#tenant = tenant;
    this.#pod = pod;
    this.#entries = pod.cache.entriesOf(tenant);
  }

  /**
   * What may be shown of a session at once; undefined where the store has to be asked. As long as nothing changes it
   * is the same for every read: all that a read does is a look-up and a look at the clock.
   */
  show(id: string): Snapshot | undefined {
    const entry = this.#entries.get(id);
    if (entry === undefined) return undefined;
    this.#pod.cache.use(entry);
    const copy = heldCopy(this.#pod, entry);
    if (copy === undefined) return undefined;
    const { shown } = entry;
    if (shown?.copy === copy && shown.isStoreUp === this.#pod.link.isUp) return shown;
    return entry.shown = this.snapshot(id, copy);
  }

  /** What is shown of a copy now. */
  snapshot(id: string, copy: Copy): Snapshot {
    const { settings: { clock }, link: { isUp: isStoreUp } } = this.#pod;
    return { tenant: this.#tenant, id, copy, clock, isStoreUp };
  }
}
