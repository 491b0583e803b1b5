/**
 * The store's clock: the machine's, which all processes on one file share, except that it never goes back.
 *
 * @module
 */

import { type Clock, systemClock } from "../../core/clock.ts";

/**
 * Follows the wall clock forwards. When that is set back, time runs on at the pace of the monotonic clock:
 * standing still would keep sessions alive, and going back would bring expired ones to life again.
 */
export class StoreTime {
  readonly #clock: Clock;
  readonly #followsWall: boolean;
  #offsetMs: number;

  /** An injected clock is the only source of time, so that a simulation owns it. */
  constructor(clock: Clock | undefined) {
    this.#clock = clock ?? systemClock;
    this.#followsWall = clock === undefined;
    this.#offsetMs = Date.now() - this.#clock.now();
  }

  /** Milliseconds since the Unix epoch. */
  nowMs(): number {
    const monotonicMs = this.#clock.now();
    if (this.#followsWall) this.#offsetMs = Math.max(this.#offsetMs, Date.now() - monotonicMs);
    return Math.floor(this.#offsetMs + monotonicMs);
  }

  /** Takes in a time that another process has told with. */
  observe(highMs: number): void {
    this.#offsetMs = Math.max(this.#offsetMs, highMs - this.#clock.now());
  }
}
