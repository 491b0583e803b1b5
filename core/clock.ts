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
  /** Calls `callback` once, after `delayMs`. */
  after(delayMs: number, callback: () => void): Timer;
}

/** The runtime's own monotonic clock. */
export const systemClock: Clock = {
  now: () => performance.now(),
  after(delayMs, callback) {
    const handle = setTimeout(callback, delayMs);
    return { cancel: () => clearTimeout(handle) };
  },
};

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
