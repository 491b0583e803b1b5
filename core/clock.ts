/**
 * Time as it is passed in, so that a simulation can drive it.
 *
 * @module
 */

/** A running timer. */
export interface Timer {
  /** Stops it; a timer that has fired or was stopped is left alone. */
  cancel(): void;
}

/** Monotonic time and timers. */
export interface Clock {
  /** Milliseconds since a fixed moment; never goes back, whatever the wall clock does. */
  now(): number;
  /** Calls `callback` once, after `delayMs`. A timer in the background keeps no process alive. */
  after(delayMs: number, callback: () => void, options?: { background?: boolean }): Timer;
  /** The machine's wall clock, in milliseconds since the Unix epoch. @default `Date.now` */
  wallTime?(): number;
}

/** The runtime's own monotonic clock. */
export const systemClock: Clock = {
  now: () => performance.now(),
  after(delayMs, callback, options) {
    const handle = setTimeout(callback, delayMs);
    if (options?.background) unref(handle);
    return { cancel: () => clearTimeout(handle) };
  },
};

/** Timers are objects in Node and Bun, and numbers in Deno and browsers. */
function unref(handle: unknown): void {
  if (typeof handle === "object") (handle as { unref?(): void }).unref?.();
  else (globalThis as { Deno?: { unrefTimer?(id: unknown): void } }).Deno?.unrefTimer?.(handle);
}

/** What `promise` comes to, or `late` when that takes longer than `limitMs`. No timer is left behind. */
export function within<Result, Late>(
  clock: Clock,
  limitMs: number,
  promise: Promise<Result>,
  late: Late,
): Promise<Result | Late> {
  return new Promise((resolve, reject) => {
    const timer = clock.after(limitMs, () => resolve(late));
    promise.then(resolve, reject).finally(() => timer.cancel());
  });
}

/** Resolves after `delayMs`. */
export function delay(clock: Clock, delayMs: number): Promise<void> {
  return new Promise((resolve) => clock.after(delayMs, resolve));
}
