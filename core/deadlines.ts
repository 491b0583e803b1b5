/**
 * Time limits of many calls at once, on one timer: a timer for each would be a large part of what a call costs.
 *
 * @module
 */

import type { Clock, Timer } from "./clock.ts";

/** A class, as `calls.ts` says why. */
class Waiting {
  readonly dueAt: number;
  readonly expire: () => void;
  /** Where it stands among those that wait. */
  place: number;

  constructor(dueAt: number, expire: () => void, place: number) {
    this.dueAt = dueAt;
    this.expire = expire;
    this.place = place;
  }
}

/** Calls that wait for an answer. */
export class Deadlines {
  readonly #clock: Clock;
  /** In any order. A set would keep what was answered, too, as a `Map` does (`passing_map.ts`). */
  readonly #waiting: Waiting[] = [];
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
      const waiting = this.#add(sinceMs + limitMs, expire);
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

  #add(dueAt: number, expire: () => void): Waiting {
    const waiting = new Waiting(dueAt, expire, this.#waiting.length);
    this.#waiting.push(waiting);
    if (dueAt < this.#firesAt) this.#arm(dueAt);
    return waiting;
  }

  /** The last one takes its place. */
  #remove(waiting: Waiting): void {
    const { place } = waiting;
    if (this.#waiting[place] !== waiting) return;
    const last = this.#waiting.pop()!;
    if (last !== waiting) {
      this.#waiting[place] = last;
      last.place = place;
    }
    if (this.#waiting.length === 0) this.#disarm();
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
    const due: Waiting[] = [];
    for (const waiting of this.#waiting) {
      if (waiting.dueAt > now) nextAt = Math.min(nextAt, waiting.dueAt);
      else due.push(waiting);
    }
    for (const waiting of due) {
      this.#remove(waiting);
      waiting.expire();
    }
    if (nextAt < Infinity) this.#arm(nextAt);
  }
}
