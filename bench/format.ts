/**
 * Figures as people read them.
 *
 * @module
 */

import type { Quantity, Target, Verdict } from "./verdict.ts";

/** A figure and its unit: `12,300/s`, `1.25 ms`, `61.2 kB`. */
export function quantityText({ value, unit }: Quantity): string {
  switch (unit) {
    case "/s":
      return `${numberText(value)}/s`;
    case "B":
      return bytesText(value);
    case "":
      return numberText(value);
    default:
      return `${numberText(value)} ${unit}`;
  }
}

/** A ratio: `0.83 ×`. */
export function ratioText(ratio: number | undefined): string {
  return ratio === undefined ? "" : `${numberText(ratio)} ×`;
}

/** A target: `≥ 0.8 × raw EVALSHA`, `≤ 20 ms`. */
export function targetText({ target, ours }: Pick<Verdict, "target" | "ours">): string {
  const sign: Record<Target["sense"], string> = { "at least": "≥", "at most": "≤" };
  const bound = target.of === undefined
    ? quantityText({ value: target.bound, unit: ours.unit })
    : `${numberText(target.bound)} × ${target.of}`;
  return `${sign[target.sense]} ${bound}`;
}

/** Bytes, in thousands where they are many. */
function bytesText(bytes: number): string {
  if (Math.abs(bytes) < 10_000) return `${numberText(bytes)} B`;
  return Math.abs(bytes) < 10_000_000
    ? `${numberText(bytes / 1_000)} kB`
    : `${numberText(bytes / 1_000_000)} MB`;
}

/** Three digits say all that a measurement knows. */
function numberText(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toLocaleString("en", { maximumFractionDigits: digits });
}
