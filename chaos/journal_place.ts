/**
 * A place for a simulated pod's journal: it outlives the pod, and takes the time of a disk.
 *
 * @module
 */

import type { Clock, JournalStore } from "../mod.ts";

/** What is written in one place, over all lives of its pod. */
export class JournalPlace {
  readonly #clock: Clock;
  readonly #delayMs: () => number;
  readonly #records = new Map<string, string>();

  /** `delayMs` is asked for each step of each write. */
  constructor(clock: Clock, delayMs: () => number) {
    this.#clock = clock;
    this.#delayMs = delayMs;
  }

  /** The place as one life of the pod sees it: what it was about to write when it died is not written. */
  opened(isDead: () => boolean): JournalStore {
    return {
      open: () => Promise.resolve({ records: new Map(this.#records), damage: undefined }),
      write: (changes) => this.#write(changes, isDead),
      setAside: (key) => Promise.reject(new Error(`nobody damages the simulated journal: ${key}`)),
      close: () => Promise.resolve(),
    };
  }

  async #write(
    changes: ReadonlyMap<string, string | undefined>,
    isDead: () => boolean,
  ): Promise<void> {
    await this.#pass();
    if (!isDead()) {
      for (const [key, record] of changes) {
        if (record === undefined) this.#records.delete(key);
        else this.#records.set(key, record);
      }
    }
    await this.#pass();
    if (isDead()) await new Promise(() => {});
  }

  #pass(): Promise<void> {
    return new Promise((resolve) => this.#clock.after(this.#delayMs(), resolve));
  }
}
