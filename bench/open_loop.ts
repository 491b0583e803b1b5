/**
 * Calls at a fixed rate, whether or not those before have come back, as users make them.
 *
 * A caller that waits for an answer before it makes the next call makes fewer calls while the system is slow, and so
 * leaves the slow times out of its figures (coordinated omission). Here each call's time counts from when it was to be
 * made, also when it was made late.
 *
 * @module
 */

import { type Latency, LatencyRecorder } from "./latency.ts";

/** How calls are made. */
export interface OpenLoopOptions {
  readonly callsPerSecond: number;
  readonly durationMs: number;
  /** The time, in milliseconds. @default performance.now */
  readonly now?: () => number;
  /** Resolves a little later: the calls that have become due since are made then. */
  readonly pause?: () => Promise<void>;
}

/** What an open loop saw. */
export interface OpenLoopFigures {
  readonly calls: number;
  readonly failed: number;
  readonly latency: Latency;
}

/** Makes each call when it is due; `call` is given its number. Resolves when all have come back. */
export async function openLoop(
  call: (index: number) => Promise<unknown>,
  options: OpenLoopOptions,
): Promise<OpenLoopFigures> {
  const { callsPerSecond, durationMs } = options;
  const { now = () => performance.now(), pause = shortPause } = options;
  const total = Math.max(1, Math.floor(callsPerSecond * durationMs / 1_000));
  const latencies = new LatencyRecorder();
  let failed = 0;
  let answered = 0;
  const { promise: allAnswered, resolve: end } = Promise.withResolvers<void>();
  const took = () => {
    if (++answered === total) end();
  };
  const startedAtMs = now();
  const dueAtMs = (index: number) => startedAtMs + index / callsPerSecond * 1_000;
  for (let next = 0; next < total;) {
    const atMs = now();
    for (; next < total && dueAtMs(next) <= atMs; next++) {
      const intendedAtMs = dueAtMs(next);
      call(next).then(() => {
        latencies.record(now() - intendedAtMs);
        took();
      }, () => {
        failed++;
        took();
      });
    }
    if (next < total) await pause();
  }
  await allAnswered;
  const latency = latencies.summary() ??
    { calls: 0, p50Ms: NaN, p99Ms: NaN, p999Ms: NaN, maxMs: NaN };
  return { calls: total, failed, latency };
}

function shortPause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 1));
}
