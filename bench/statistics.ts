/**
 * What is made of several measurements of one thing.
 *
 * @module
 */

/** The value below which `share` of the samples lie, between neighbours in proportion. Throws on no samples. */
export function quantile(samples: readonly number[], share: number): number {
  if (samples.length === 0) throw new RangeError("There are no samples to take a quantile of.");
  const sorted = [...samples].sort((a, b) => a - b);
  const place = share * (sorted.length - 1);
  const below = Math.floor(place);
  const above = sorted[Math.min(below + 1, sorted.length - 1)]!;
  return sorted[below]! + (place - below) * (above - sorted[below]!);
}

/** The middle value. */
export function median(samples: readonly number[]): number {
  return quantile(samples, 0.5);
}

/** How far samples lie apart: the middle half of them (interquartile range), in parts of the median. */
export function spread(samples: readonly number[]): number {
  const middle = median(samples);
  if (middle === 0) return 0;
  return (quantile(samples, 0.75) - quantile(samples, 0.25)) / Math.abs(middle);
}

/**
 * One contestant's rate in parts of another's: the median of the ratios of each round, in which both had the same
 * machine at the same time.
 */
export function pairedRatio(ours: readonly number[], theirs: readonly number[]): number {
  if (ours.length !== theirs.length) {
    throw new RangeError(`Rounds do not pair: ${ours.length} and ${theirs.length}.`);
  }
  return median(ours.map((rate, round) => rate / theirs[round]!));
}
