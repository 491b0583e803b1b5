/**
 * Time in a small world: a timer fires when that is chosen.
 *
 * @module
 */

import type { Clock, Timer } from "../../mod.ts";

/** A timer that waits. */
interface Due {
  readonly pod: number;
  readonly atMs: number;
  /** `pause`: between two tries. `beat`: in the background. `limit`: of a command that waits for its reply. */
  readonly kind: "pause" | "beat" | "limit";
  readonly fire: () => void;
}

/** The clock of all pods and of the store. */
export class WorldClock implements Clock {
  #nowMs = 0;
  /** In the order of their times. */
  readonly #timers: Due[] = [];
  /** By pod: the limit of the command that it just sent. */
  readonly #limits: (number | undefined)[] = [];

  now(): number {
    return this.#nowMs;
  }

  /** A timer of nobody. */
  after(delayMs: number, callback: () => void): Timer {
    return this.#add({ pod: -1, atMs: this.#nowMs + delayMs, kind: "beat", fire: callback });
  }

  /** The clock as one pod has it. */
  ofPod(pod: number): Clock {
    return {
      now: () => this.#nowMs,
      after: (delayMs, fire, options) => {
        const isLimit = delayMs === this.#limits[pod];
        this.#limits[pod] = undefined;
        const kind = options?.background ? "beat" : isLimit ? "limit" : "pause";
        return this.#add({ pod, atMs: this.#nowMs + Math.max(0, delayMs), kind, fire });
      },
    };
  }

  /** A pod sends a command: the timer that it sets next is the command's limit. */
  sends(pod: number, timeoutMs: number): void {
    this.#limits[pod] = timeoutMs;
  }

  /** Whether a pod has such a timer. */
  waits(pod: number, kind: "pause" | "beat"): boolean {
    return this.#timers.some((due) => due.pod === pod && due.kind === kind);
  }

  /**
   * Fires a pod's next timer of a kind. The clock stands still: what a pause is there for is that others get their turn,
   * and that they do, or do not, is chosen. So no deadline passes because a client tried often.
   */
  wake(pod: number, kind: "pause" | "beat"): void {
    const index = this.#timers.findIndex((due) => due.pod === pod && due.kind === kind);
    this.#timers.splice(index, 1)[0]!.fire();
  }

  /** When the next pause of any pod ends. */
  get pauseEndsAtMs(): number {
    return this.#timers.find(({ kind }) => kind === "pause")?.atMs ?? Infinity;
  }

  /** When the next timer is due. */
  get nextAtMs(): number {
    return this.#timers[0]?.atMs ?? Infinity;
  }

  /** Moves on to a moment, by one timer at a time: whether there was another that is due by then. */
  step(untilMs: number): boolean {
    const next = this.#timers[0];
    if (next === undefined || next.atMs > untilMs) {
      this.#nowMs = Math.max(this.#nowMs, untilMs);
      return false;
    }
    this.#timers.shift();
    this.#nowMs = Math.max(this.#nowMs, next.atMs);
    next.fire();
    return true;
  }

  /** A pod has died. */
  drop(pod: number): void {
    for (let index = this.#timers.length - 1; index >= 0; index--) {
      if (this.#timers[index]!.pod === pod) this.#timers.splice(index, 1);
    }
  }

  #add(due: Due): Timer {
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
}
