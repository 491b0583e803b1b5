/**
 * Numbers in words.
 *
 * @module
 */

/** A whole number with its digits in groups. */
export function grouped(value: number): string {
  return value.toLocaleString("en");
}

/** A number of things. */
export function count(value: number, one: string, many = `${one}s`): string {
  return `${grouped(value)} ${value === 1 ? one : many}`;
}

/** A span in seconds, with three digits. */
export function seconds(spanMs: number): string {
  const digits = spanMs >= 100_000 ? 0 : spanMs >= 10_000 ? 1 : 2;
  return `${(spanMs / 1_000).toFixed(digits)} s`;
}

/** A latency with three digits; a dash for none. */
export function latency(valueMs: number | null): string {
  if (valueMs === null) return "–";
  if (valueMs >= 10_000) return `${(valueMs / 1_000).toFixed(1)} s`;
  return `${valueMs >= 100 ? Math.round(valueMs) : Number(valueMs.toPrecision(3))} ms`;
}
