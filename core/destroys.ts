/**
 * Rule 17: the destroys that a pod remembers, to repeat them when the store lost its memory, and whenever the
 * incarnation is seen alive.
 *
 * @module
 */

import type { Clock } from "./clock.ts";
import type { SessionKey } from "./key_space.ts";
import type { Stub } from "./session_cache.ts";

/** Destroys remembered at most; the oldest go first. */
const MOST_DESTROYS = 10_000;

/** One incarnation that was destroyed. */
export interface RememberedDestroy {
  readonly key: SessionKey;
  readonly incarnation: string;
  /** When it had been made, on the store's clock, if this pod knew. */
  readonly incarnationAtMs: number | undefined;
  /** By the pod's clock. */
  readonly at: number;
  /** The store's memory that was told of it last. */
  readonly era: number;
}

/** What a pod destroyed, or learned to be destroyed, by the store's key: the last incarnation of each. */
export class Destroys {
  readonly #clock: Clock;
  readonly #keepMs: number;
  readonly #byKey = new Map<string, RememberedDestroy>();

  /** `keepMs`: how long a destroy can matter, as long as a tombstone. */
  constructor(clock: Clock, keepMs: number) {
    this.#clock = clock;
    this.#keepMs = keepMs;
  }

  /** Keys whose destroys a store's memory has not been told of. */
  due(era: number): SessionKey[] {
    return [...this.#byKey.values()].filter((destroy) => destroy.era < era).map(({ key }) => key);
  }

  /** A store's memory has been told of a key's destroy. */
  told({ storeKey }: SessionKey, era: number): void {
    const destroy = this.#byKey.get(storeKey);
    if (destroy) this.#byKey.set(storeKey, { ...destroy, era });
  }

  /** Remembers that an incarnation is dead, from the moment of the send on. */
  remember(
    key: SessionKey,
    { incarnation, madeAtMs }: Pick<Stub, "incarnation" | "madeAtMs">,
    era: number,
  ): void {
    this.#byKey.delete(key.storeKey);
    const at = this.#clock.now();
    this.#byKey.set(key.storeKey, { key, incarnation, incarnationAtMs: madeAtMs, at, era });
    if (this.#byKey.size <= MOST_DESTROYS) return;
    const [oldest] = this.#byKey.keys();
    this.#byKey.delete(oldest!);
  }

  /** The destroy under a key did not happen. */
  forget({ storeKey }: SessionKey): void {
    this.#byKey.delete(storeKey);
  }

  /** The destroy to repeat under a key. */
  of({ storeKey }: SessionKey): RememberedDestroy | undefined {
    const destroy = this.#byKey.get(storeKey);
    if (!destroy || this.#clock.now() - destroy.at < this.#keepMs) return destroy;
    this.#byKey.delete(storeKey);
    return undefined;
  }
}
