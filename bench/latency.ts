/**
 * How long calls take, as percentiles: the histogram (HDR, three digits) is the runtime's own.
 *
 * @module
 */

import { createHistogram, type RecordableHistogram } from "node:perf_hooks";

const NS_PER_MS = 1_000_000;

/** Percentiles of a call's time, in milliseconds. */
export interface Latency {
  readonly calls: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  readonly maxMs: number;
}

/** Takes the times of calls. */
export class LatencyRecorder {
  readonly #histogram: RecordableHistogram = createHistogram();
  // The histogram rounds to its buckets; the slowest call is told as it was.
  #maxMs = 0;

  /** Notes one call's time; what is shorter than a nanosecond counts as one. */
  record(durationMs: number): void {
    this.#histogram.record(Math.max(1, Math.round(durationMs * NS_PER_MS)));
    if (durationMs > this.#maxMs) this.#maxMs = durationMs;
  }

  /** What was noted until now; undefined when nothing was. */
  summary(): Latency | undefined {
    const calls = Number(this.#histogram.count);
    if (calls === 0) return undefined;
    const at = (share: number) =>
      Math.min(this.#histogram.percentile(share) / NS_PER_MS, this.#maxMs);
    return { calls, p50Ms: at(50), p99Ms: at(99), p999Ms: at(99.9), maxMs: this.#maxMs };
  }
}
