/**
 * Time limits of many calls at once, on one timer: a timer for each would be a large part of what a call costs.
 *
 * @module
 */

import type { Clock, Timer } from "./clock.ts";

interface Waiting {
  readonly dueAt: number;
  expire: (() => void) | undefined;
}

/** Calls that wait for an answer. */
export class Deadlines {
  readonly #clock: Clock;
  readonly #waiting = new Set<Waiting>();
  #answers = 0;
  #timer: Timer | undefined;
  #firesAt = Infinity;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * What `promise` comes to, or a rejection with what `onLate` answers when it takes longer than `limitMs` from `sinceMs`;
   * it is told whether nobody else was answered meanwhile. What comes later is dropped. No timer is left behind when
   * nobody waits.
   */
  limit<Result>(
    promise: Promise<Result>,
    limitMs: number,
    onLate: (isSilent: boolean) => Error,
    sinceMs = this.#clock.now(),
  ): Promise<Result> {
    const before = this.#answers;
    return new Promise((resolve, reject) => {
      const expire = () => reject(onLate(this.#answers === before));
      const waiting = this.#add({ dueAt: sinceMs + limitMs, expire });
      promise.then((result) => {
        this.#answers++;
        this.#remove(waiting);
        resolve(result);
      }, (error) => {
        this.#remove(waiting);
        reject(error);
      });
    });
  }

  #add(waiting: Waiting): Waiting {
    this.#waiting.add(waiting);
    if (waiting.dueAt < this.#firesAt) this.#arm(waiting.dueAt);
    return waiting;
  }

  #remove(waiting: Waiting): void {
    this.#waiting.delete(waiting);
    // Else it would be kept as what stands in a Map is (`passing_map.ts`), and the answer with it.
    waiting.expire = undefined;
    if (this.#waiting.size === 0) this.#disarm();
  }

  #arm(dueAt: number): void {
    this.#disarm();
    this.#firesAt = dueAt;
    this.#timer = this.#clock.after(Math.max(0, dueAt - this.#clock.now()), () => this.#fire());
  }

  #disarm(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#firesAt = Infinity;
  }

  /** Ends those that are due; the timer goes on for the next of the others. */
  #fire(): void {
    this.#disarm();
    const now = this.#clock.now();
    let nextAt = Infinity;
    for (const waiting of this.#waiting) {
      if (waiting.dueAt > now) {
        nextAt = Math.min(nextAt, waiting.dueAt);
      } else {
        this.#waiting.delete(waiting);
        waiting.expire?.();
      }
    }
    if (nextAt < Infinity) this.#arm(nextAt);
  }
}
