/**
 * A quantile over a window that slides.
 *
 * @module
 */

import { createHistogram, type RecordableHistogram } from "node:perf_hooks";
import { ConfigError } from "../core/errors.ts";

/** Name of the quantile's gauge. */
export const P99 = "hakgal_session_redis_latency_p99";
/** The window where none is named, in seconds. */
export const WINDOW_SECONDS = 60;

/** The window slides by a third of itself. */
const SLICES = 3;
const MICROSECONDS_A_MS = 1_000;
const MICROSECONDS_A_SECOND = 1_000_000;

/** Help of the gauge over a window. */
export function p99Help(windowSeconds: number): string {
  return `99th percentile of the time that commands to the store took, in seconds, over the last ${windowSeconds} seconds; ` +
    `NaN when there was none.`;
}

/** How long commands took lately. */
export class LatencyWindow {
  readonly #sliceMs: number;
  readonly #nowMs: () => number;
  readonly #slices = Array.from({ length: SLICES }, () => new Slice());

  /** @throws ConfigError unless the window is from 1 to 3,600 seconds */
  constructor(windowSeconds: number, nowMs: () => number = () => performance.now()) {
    if (!(windowSeconds >= 1 && windowSeconds <= 3_600)) {
      throw new ConfigError(
        "latencyWindowSeconds",
        `"latencyWindowSeconds" is from 1 to 3,600; got ${windowSeconds}.`,
      );
    }
    this.#sliceMs = windowSeconds * 1_000 / SLICES;
    this.#nowMs = nowMs;
  }

  /** A command took that long. */
  record(tookMs: number): void {
    const number = this.#number();
    this.#slices[number % SLICES]!.record(number, tookMs);
  }

  /** The 99th percentile in seconds, to three digits, of the last two thirds to the whole of the window; `NaN` for none. */
  p99(): number {
    const oldest = this.#number() - SLICES + 1;
    const all = createHistogram();
    for (const { number, histogram } of this.#slices) if (number >= oldest) all.add(histogram);
    return all.count === 0 ? NaN : all.percentile(99) / MICROSECONDS_A_SECOND;
  }

  #number(): number {
    return Math.floor(this.#nowMs() / this.#sliceMs);
  }
}

/** A third of the window. */
class Slice {
  readonly histogram: RecordableHistogram = createHistogram();
  /** Which third it is since time began. */
  number = -1;

  record(number: number, tookMs: number): void {
    if (number !== this.number) {
      this.histogram.reset();
      this.number = number;
    }
    this.histogram.record(Math.max(1, Math.round(tookMs * MICROSECONDS_A_MS)));
  }
}
