/**
 * What time it is on the server, at the latest.
 *
 * @module
 */

import type { Clock } from "../../core/clock.ts";

/** How long what was heard is gone by: so long a step of the server's clock goes unnoticed. */
const HEARD_FOR_MS = 5_000;
/** The server tells whole milliseconds. */
const ROUNDED_OFF_MS = 1;

/** An upper bound of the server's time, by the last reply that told it. */
export class TimeBound {
  readonly #clock: Pick<Clock, "now">;
  #storeTimeMs = 0;
  #sentAt = -Infinity;

  constructor(clock: Pick<Clock, "now">) {
    this.#clock = clock;
  }

  /** The server told its time, in answer to what was sent at `sentAt` by the clock. */
  hear(storeTimeMs: number, sentAt: number): void {
    this.#storeTimeMs = storeTimeMs;
    this.#sentAt = sentAt;
  }

  /** It is that late now or earlier, in milliseconds; undefined when it was not told lately. */
  latestMs(): number | undefined {
    const sinceMs = this.#clock.now() - this.#sentAt;
    return sinceMs > HEARD_FOR_MS
      ? undefined
      : Math.ceil(this.#storeTimeMs + sinceMs) + ROUNDED_OFF_MS;
  }
}
