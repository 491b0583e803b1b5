/**
 * Latencies by the million in little memory.
 *
 * @module
 */

/** Buckets for each doubling: a percentile is at most 4.5 % too high. */
const PER_OCTAVE = 16;
/** Shorter ones are not told apart. */
const LEAST_MS = 0.01;
/** The bucket of what is shorter than the least. */
const NONE = -1;

/** What was counted, as plain data. */
export interface LatencyCounts {
  /** How many there are in each bucket that has any, by the bucket's number. */
  readonly buckets: ReadonlyMap<number, number>;
  /** The longest, in milliseconds. */
  readonly maxMs: number;
}

/** Counts latencies in buckets whose widths grow with them, as HdrHistogram's do. */
export class LatencyHistogram {
  readonly #counts = new Map<number, number>();
  #count = 0;
  #maxMs = 0;

  /** One that has counted that. */
  static of({ buckets, maxMs }: LatencyCounts): LatencyHistogram {
    const histogram = new LatencyHistogram();
    for (const [bucket, count] of buckets) histogram.#add(bucket, count);
    histogram.#maxMs = maxMs;
    return histogram;
  }

  /** What it has counted. */
  toJSON(): LatencyCounts {
    return { buckets: this.#counts, maxMs: this.#maxMs };
  }

  /** Latencies that were recorded. */
  get count(): number {
    return this.#count;
  }

  /** The longest one. */
  get maxMs(): number {
    return this.#maxMs;
  }

  /** Counts a latency in milliseconds. */
  record(latencyMs: number): void {
    this.#add(bucketOf(latencyMs), 1);
    this.#maxMs = Math.max(this.#maxMs, latencyMs);
  }

  /** Counts what another one has counted. */
  merge(other: LatencyHistogram): void {
    for (const [bucket, count] of other.#counts) this.#add(bucket, count);
    this.#maxMs = Math.max(this.#maxMs, other.#maxMs);
  }

  /** The latency that a share of all, from 0 to 1, does not exceed; undefined when there are none. */
  percentile(share: number): number | undefined {
    if (this.#count === 0) return undefined;
    let left = Math.max(1, Math.ceil(share * this.#count));
    for (const bucket of [...this.#counts.keys()].sort((a, b) => a - b)) {
      left -= this.#counts.get(bucket)!;
      if (left <= 0) return Math.min(upperBoundOf(bucket), this.#maxMs);
    }
    return this.#maxMs;
  }

  #add(bucket: number, count: number): void {
    this.#counts.set(bucket, (this.#counts.get(bucket) ?? 0) + count);
    this.#count += count;
  }
}

function bucketOf(latencyMs: number): number {
  if (!(latencyMs > LEAST_MS)) return NONE;
  return Math.ceil(Math.log2(latencyMs / LEAST_MS) * PER_OCTAVE - 1e-9);
}

function upperBoundOf(bucket: number): number {
  return bucket === NONE ? LEAST_MS : LEAST_MS * 2 ** (bucket / PER_OCTAVE);
}
