/**
 * Rule 17: the destroys that a pod remembers, to repeat them when the store lost its memory, and whenever the
 * incarnation is seen alive.
 *
 * @module
 */

import type { Clock } from "./clock.ts";
import type { SessionKey } from "./key_space.ts";
import type { Stub } from "./session_cache.ts";

/** Sessions whose destroys are remembered, at most; the oldest go first. */
const MOST_DESTROYS = 10_000;

/** Destroys of one session that are remembered: a store may go back to any incarnation. */
const MOST_OF_A_SESSION = 8;

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

/** What a pod destroyed, or learned to be destroyed, by the store's key. */
export class Destroys {
  readonly #clock: Clock;
  readonly #keepMs: number;
  /** Of each session the newest first. */
  readonly #byKey = new Map<string, readonly RememberedDestroy[]>();

  /** `keepMs`: how long a destroy can matter, as long as a tombstone. */
  constructor(clock: Clock, keepMs: number) {
    this.#clock = clock;
    this.#keepMs = keepMs;
  }

  /** Keys whose destroys a store's memory has not been told of. */
  due(era: number): SessionKey[] {
    return [...this.#byKey.values()].flat().filter((destroy) => destroy.era < era)
      .map(({ key }) => key);
  }

  /** A store's memory has been told of all of a key's destroys. */
  told({ storeKey }: SessionKey, era: number): void {
    const destroys = this.#byKey.get(storeKey);
    if (destroys) this.#byKey.set(storeKey, destroys.map((destroy) => ({ ...destroy, era })));
  }

  /** Remembers that an incarnation is dead, from the moment of the send on. */
  remember(
    key: SessionKey,
    { incarnation, madeAtMs }: Pick<Stub, "incarnation" | "madeAtMs">,
    era: number,
  ): void {
    const at = this.#clock.now();
    const destroy = { key, incarnation, incarnationAtMs: madeAtMs, at, era };
    const others = this.#others(key, incarnation);
    this.#byKey.delete(key.storeKey);
    this.#byKey.set(key.storeKey, [destroy, ...others].slice(0, MOST_OF_A_SESSION));
    if (this.#byKey.size <= MOST_DESTROYS) return;
    const [oldest] = this.#byKey.keys();
    this.#byKey.delete(oldest!);
  }

  /** The destroys to repeat under a key, the newest first. */
  of(key: SessionKey): readonly RememberedDestroy[] {
    const destroys = this.#byKey.get(key.storeKey);
    if (!destroys) return [];
    const now = this.#clock.now();
    const kept = destroys.filter(({ at }) => now - at < this.#keepMs);
    if (kept.length < destroys.length) this.#keep(key, kept);
    return kept;
  }

  #others(key: SessionKey, incarnation: string): RememberedDestroy[] {
    return this.of(key).filter((destroy) => destroy.incarnation !== incarnation);
  }

  #keep({ storeKey }: SessionKey, destroys: readonly RememberedDestroy[]): void {
    if (destroys.length > 0) this.#byKey.set(storeKey, destroys);
    else this.#byKey.delete(storeKey);
  }
}
