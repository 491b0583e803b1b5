/** Where a time is drawn. The result is in units of its own, from 0 to `length`. */
export interface TimeScale {
  readonly length: number;
  position(time: number): number;
  time(position: number): number;
}

/** A second is as wide as any other. */
export function trueScale(endsAt: number): TimeScale {
  return { length: endsAt, position: (time) => time, time: (position) => position };
}

/** Times that are as far apart as this many median gaps are drawn as they are. */
const TRUE_GAPS = 4;

/**
 * Long times in which nothing happens take little room: what lies between two events is as wide as it is long only up
 * to a bound, and grows with its logarithm beyond.
 */
export function squeezedScale(moments: Iterable<number>, endsAt: number): TimeScale {
  const times = Float64Array.from(new Set([0, ...moments, endsAt])).sort();
  const gaps = times.slice(1).map((time, index) => time - times[index]!);
  const bound = Math.max(1, TRUE_GAPS * median(gaps));
  const positions = new Float64Array(times.length);
  gaps.forEach((gap, index) => {
    const width = gap <= bound ? gap : bound * (1 + Math.log(gap / bound));
    positions[index + 1] = positions[index]! + width;
  });
  const length = positions.at(-1) ?? 0;
  return {
    length,
    position: (time) => interpolate(times, positions, time),
    time: (position) => interpolate(positions, times, position),
  };
}

function median(values: Float64Array): number {
  const sorted = values.toSorted();
  return sorted[sorted.length >> 1] ?? 1;
}

/** `from` is ascending, and so is `to`. */
function interpolate(from: Float64Array, to: Float64Array, value: number): number {
  const after = firstAbove(from, value);
  if (after === 0) return to[0] ?? 0;
  if (after === from.length) return to.at(-1) ?? 0;
  const [left, right] = [from[after - 1]!, from[after]!];
  const share = right === left ? 0 : (value - left) / (right - left);
  return to[after - 1]! + share * (to[after]! - to[after - 1]!);
}

function firstAbove(values: Float64Array, value: number): number {
  let [low, high] = [0, values.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (values[middle]! > value) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Times for the axis, about so many, each rounded to what can be told apart there. */
export function axisTimes(
  scale: TimeScale,
  from: number,
  until: number,
  count: number,
): number[] {
  const step = (until - from) / count;
  const times: number[] = [];
  for (let index = 0; index < count; index++) {
    const middle = from + (index + 0.5) * step;
    const around = scale.time(middle + step / 2) - scale.time(middle - step / 2);
    const unit = 10 ** Math.floor(Math.log10(Math.max(1, around / 2)));
    const time = Math.round(scale.time(middle) / unit) * unit;
    const at = scale.position(time);
    if (at >= from && at <= until && times.at(-1) !== time) times.push(time);
  }
  return times;
}

/** A time, which is in hundredths of a millisecond, in words. */
export function timeText(time: number): string {
  const timeMs = time / 100;
  if (timeMs < 1_000) return `${Number(timeMs.toFixed(timeMs < 10 ? 2 : 1))} ms`;
  return `${Number((timeMs / 1_000).toFixed(timeMs < 100_000 ? 3 : 1))} s`;
}
