/** The part of a history that is shown, in units of its scale. */
export interface Range {
  readonly from: number;
  readonly until: number;
}

/** Share of the width that one step moves. */
const STEP = 0.2;
const ZOOM = 1.6;
/** The shortest part that is shown, as a share of the whole. */
const CLOSEST = 1e-6;

/** Moves a part by a share of itself, within the whole. */
export function moved(range: Range, share: number, length: number): Range {
  const width = range.until - range.from;
  const from = Math.max(0, Math.min(range.from + share * width, length - width));
  return { from, until: from + width };
}

/** Makes a part smaller (a factor above 1) or larger, so that the point at a share of its width stays. */
export function zoomed(range: Range, factor: number, length: number, around = 0.5): Range {
  const width = range.until - range.from;
  const next = Math.max(length * CLOSEST, Math.min(width / factor, length));
  const from = Math.max(0, Math.min(range.from + around * (width - next), length - next));
  return { from, until: from + next };
}

/** What a key does to the part that is shown; undefined when it is none of the timeline's. */
export function onKey(key: string, range: Range, length: number): Range | undefined {
  switch (key) {
    case "ArrowLeft":
      return moved(range, -STEP, length);
    case "ArrowRight":
      return moved(range, STEP, length);
    case "+":
    case "=":
      return zoomed(range, ZOOM, length);
    case "-":
    case "−":
      return zoomed(range, 1 / ZOOM, length);
    case "0":
      return { from: 0, until: length };
    default:
      return undefined;
  }
}

/** Moves and widens a part so little that a span is in it. */
export function including(range: Range, from: number, until: number, length: number): Range {
  if (from >= range.from && until <= range.until) return range;
  const width = Math.min(length, Math.max(range.until - range.from, (until - from) * 1.2));
  const start = Math.max(0, Math.min((from + until - width) / 2, length - width));
  return { from: start, until: start + width };
}
