/**
 * Time limits of many calls at once, on one timer: a timer for each would be a large part of what a call costs.
 *
 * @module
 */

import type { Clock, Timer } from "./clock.ts";

interface Waiting {
  readonly dueAt: number;
  readonly expire: () => void;
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
   * What `promise` comes to, or a rejection with what `onLate` answers when it takes longer than `limitMs`; it is told
   * whether nobody else was answered meanwhile. What comes later is dropped. No timer is left behind when nobody waits.
   */
  limit<Result>(
    promise: Promise<Result>,
    limitMs: number,
    onLate: (isSilent: boolean) => Error,
  ): Promise<Result> {
    const before = this.#answers;
    return new Promise((resolve, reject) => {
      const waiting = this.#add(limitMs, () => reject(onLate(this.#answers === before)));
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

  #add(limitMs: number, expire: () => void): Waiting {
    const waiting = { dueAt: this.#clock.now() + limitMs, expire };
    this.#waiting.add(waiting);
    if (waiting.dueAt < this.#firesAt) this.#arm(waiting.dueAt);
    return waiting;
  }

  #remove(waiting: Waiting): void {
    this.#waiting.delete(waiting);
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
        waiting.expire();
      }
    }
    if (nextAt < Infinity) this.#arm(nextAt);
  }
}
