/**
 * How long a process was kept from running: what is measured from outside is wrong by as much.
 *
 * @module
 */

const PERIOD_MS = 20;

/** Notices when timers are late, as long as it runs. */
export class LagMeter {
  #timer: ReturnType<typeof setTimeout> | undefined;
  #dueAtMs = 0;
  #mostMs = 0;

  /** May be called again. */
  start(): void {
    if (this.#timer === undefined) this.#await();
  }

  stop(): void {
    this.#note();
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** The longest lag since it was asked last, in milliseconds. */
  take(): number {
    this.#note();
    const mostMs = this.#mostMs;
    this.#mostMs = 0;
    return mostMs;
  }

  #await(): void {
    this.#dueAtMs = performance.now() + PERIOD_MS;
    this.#timer = setTimeout(() => {
      this.#note();
      this.#await();
    }, PERIOD_MS);
  }

  #note(): void {
    if (this.#timer === undefined) return;
    this.#mostMs = Math.max(this.#mostMs, performance.now() - this.#dueAtMs);
  }
}
