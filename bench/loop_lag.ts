/**
 * How long the event loop was blocked.
 *
 * @module
 */

const EVERY_MS = 5;

/** Watches the event loop from its making until it is stopped. */
export class LoopLag {
  readonly #timer: ReturnType<typeof setInterval>;
  #lastAtMs = performance.now();
  #worstMs = 0;

  constructor() {
    this.#timer = setInterval(() => this.#look(), EVERY_MS);
  }

  /** Ends watching; answers by how much the latest of its timers came late, in milliseconds. */
  stop(): number {
    clearInterval(this.#timer);
    this.#look();
    return this.#worstMs;
  }

  #look(): void {
    const atMs = performance.now();
    this.#worstMs = Math.max(this.#worstMs, atMs - this.#lastAtMs - EVERY_MS);
    this.#lastAtMs = atMs;
  }
}
