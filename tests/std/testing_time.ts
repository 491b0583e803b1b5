// The names and signatures of jsr:@std/testing/time that the tests use, over
// npm:@sinonjs/fake-timers.
import fakeTimers from "@sinonjs/fake-timers";

/** What is used of fake-timers, which brings no types. */
interface Clock {
  readonly now: number;
  tick(durationMs: number): number;
  tickAsync(durationMs: number): Promise<number>;
  next(): number;
  nextAsync(): Promise<number>;
  runAll(): number;
  runAllAsync(): Promise<number>;
  countTimers(): number;
  setSystemTime(now: number): void;
  uninstall(): void;
}

interface FakeTimers {
  withGlobal(global: unknown): {
    install(options: { now: number; toFake: readonly string[] }): Clock;
  };
}

export class TimeError extends Error {
  override readonly name = "TimeError";
}

const FAKED = ["Date", "setTimeout", "clearTimeout", "setInterval", "clearInterval"];
const realSetTimeout = globalThis.setTimeout;
const realClearTimeout = globalThis.clearTimeout;

let active: FakeTime | undefined;

/** Replaces Date and the timers until it is restored or disposed of. */
export class FakeTime {
  readonly start: number;
  readonly #clock: Clock;

  constructor(start?: number | string | Date | null) {
    if (active !== undefined) throw new TimeError("Cannot construct FakeTime: time already faked");
    const startMs = start === undefined || start === null ? Date.now() : new Date(start).getTime();
    if (Number.isNaN(startMs)) {
      throw new TypeError(`Cannot construct FakeTime: invalid start "${start}"`);
    }
    this.start = startMs;
    this.#clock = (fakeTimers as unknown as FakeTimers).withGlobal(globalThis)
      .install({ now: startMs, toFake: FAKED });
    active = this;
  }

  static restore(): void {
    if (active === undefined) throw new TimeError("Cannot restore time: time is not faked");
    active.restore();
  }

  get now(): number {
    return this.#clock.now;
  }

  /** Runs what falls due until then, in order. */
  set now(value: number) {
    if (value < this.now) throw new RangeError(`Cannot set time to the past: ${value}`);
    this.tick(value - this.now);
  }

  /** Waits in real time. */
  async delay(ms: number, options: { signal?: AbortSignal } = {}): Promise<void> {
    const { signal } = options;
    signal?.throwIfAborted();
    await new Promise<void>((resolve, reject) => {
      const abort = (): void => {
        realClearTimeout(timer);
        reject(signal?.reason);
      };
      const timer = realSetTimeout(() => {
        signal?.removeEventListener("abort", abort);
        resolve();
      }, ms);
      signal?.addEventListener("abort", abort, { once: true });
    });
  }

  async runMicrotasks(): Promise<void> {
    await this.delay(0);
  }

  tick(ms = 0): void {
    this.#clock.tick(ms);
  }

  async tickAsync(ms = 0): Promise<void> {
    await this.runMicrotasks();
    await this.#clock.tickAsync(ms);
    await this.runMicrotasks();
  }

  /** Runs the next timer; false if there is none. */
  next(): boolean {
    if (this.#clock.countTimers() === 0) return false;
    this.#clock.next();
    return true;
  }

  async nextAsync(): Promise<boolean> {
    await this.runMicrotasks();
    if (this.#clock.countTimers() === 0) return false;
    await this.#clock.nextAsync();
    await this.runMicrotasks();
    return true;
  }

  runAll(): void {
    this.#clock.runAll();
  }

  async runAllAsync(): Promise<void> {
    await this.runMicrotasks();
    await this.#clock.runAllAsync();
    await this.runMicrotasks();
  }

  restore(): void {
    if (active !== this) throw new TimeError("Cannot restore time: time already restored");
    active = undefined;
    this.#clock.uninstall();
  }

  [Symbol.dispose](): void {
    if (active === this) this.restore();
  }
}
