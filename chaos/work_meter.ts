/**
 * Counts the checker's work, and ends it when its time is up.
 *
 * @module
 */

/** A bound was reached before there was an answer. */
export class LimitReached extends Error {
  override readonly name = "LimitReached";
}

/** Steps after which the time is looked at. */
const STEPS_A_LOOK = 1_024;

/** Counts steps, each of about the same work. */
export class WorkMeter {
  readonly #timeLimitMs: number;
  readonly #startedAtMs = performance.now();
  #steps = 0;

  constructor(timeLimitMs = Infinity) {
    this.#timeLimitMs = timeLimitMs;
  }

  /** Steps so far. */
  get steps(): number {
    return this.#steps;
  }

  /** Does a step; {@linkcode LimitReached} when the time is up. */
  step(): void {
    if (++this.#steps % STEPS_A_LOOK === 0) this.look();
  }

  /** Looks at the time; {@linkcode LimitReached} when it is up. */
  look(): void {
    if (performance.now() - this.#startedAtMs < this.#timeLimitMs) return;
    throw new LimitReached(`it was not done within ${this.#timeLimitMs} ms`);
  }
}
