/**
 * Time that only moves when it is told to.
 *
 * @module
 */

import { setImmediate } from "node:timers";
import type { Clock, Timer } from "../mod.ts";

interface Due {
  readonly atMs: number;
  readonly callback: () => void;
}

/**
 * A clock whose timers fire in the order of their times, and of their making where these are equal.
 * Between two moments everything that hangs on promises alone runs to its end, so a run depends on nothing
 * but its seed. Dispose of it: its channel keeps a process alive.
 *
 * @example
 * ```ts
 * import { VirtualClock } from "@hakgal/sessions/chaos";
 *
 * const clock = new VirtualClock();
 * let fired = false;
 * clock.after(60_000, () => fired = true);
 * await clock.advance(60_000);
 * console.assert(fired && clock.now() === 60_000);
 * ```
 */
export class VirtualClock implements Clock {
  #nowMs = 0;
  #timers: Due[] = [];

  /** The time that it was moved to, in milliseconds. */
  now(): number {
    return this.#nowMs;
  }

  /** Calls `callback` once the clock has been moved on by `delayMs`. */
  after(delayMs: number, callback: () => void): Timer {
    const due: Due = { atMs: this.#nowMs + Math.max(0, delayMs), callback };
    let index = this.#timers.length;
    while (index > 0 && this.#timers[index - 1]!.atMs > due.atMs) index--;
    this.#timers.splice(index, 0, due);
    return {
      cancel: () => {
        const place = this.#timers.indexOf(due);
        if (place >= 0) this.#timers.splice(place, 1);
      },
    };
  }

  /** Moves on by `spanMs`. */
  async advance(spanMs: number): Promise<void> {
    await this.advanceUntil(() => false, spanMs);
    await this.settle();
  }

  /** Moves on until `isDone` says so, by `limitMs` at most; the answer is whether it did. */
  async advanceUntil(isDone: () => boolean, limitMs: number): Promise<boolean> {
    const endMs = this.#nowMs + limitMs;
    for (;;) {
      await this.settle();
      if (isDone()) return true;
      const next = this.#timers[0];
      if (next === undefined || next.atMs > endMs) break;
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      while (this.#timers[0] !== undefined && this.#timers[0].atMs <= this.#nowMs) {
        this.#timers.shift()!.callback();
      }
    }
    this.#nowMs = endMs;
    return isDone();
  }

  /** Lets everything run that waits for no timer: an immediate comes after all microtasks. */
  settle(): Promise<void> {
    return new Promise((resolve) => setImmediate(resolve));
  }
}
