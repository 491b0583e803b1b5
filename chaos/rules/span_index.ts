/**
 * Questions about spans of time, answered in logarithmic time where few of them overlap.
 *
 * @module
 */

import { firstAfter } from "./order_index.ts";

/** From one moment to another. */
export interface Span {
  readonly fromMs: number;
  readonly untilMs: number;
}

/** Spans that can be asked which of them touch another. */
export class SpanIndex<Item extends Span> {
  readonly #spans: readonly Item[];
  /** The latest end of all spans that begin no later. */
  readonly #latestEnd: number[] = [];

  constructor(spans: readonly Item[]) {
    this.#spans = spans.toSorted((a, b) => a.fromMs - b.fromMs);
    let latestMs = -Infinity;
    for (const { untilMs } of this.#spans) {
      latestMs = Math.max(latestMs, untilMs);
      this.#latestEnd.push(latestMs);
    }
  }

  /** Whether a span begins no later than `untilMs` and ends no earlier than `fromMs`. */
  touches(fromMs: number, untilMs: number): boolean {
    return (this.#latestEnd[this.#begunBy(untilMs) - 1] ?? -Infinity) >= fromMs;
  }

  /** The spans that {@linkcode touches} is about, the last to begin first. */
  *touching(fromMs: number, untilMs: number): Generator<Item> {
    for (let index = this.#begunBy(untilMs) - 1; index >= 0; index--) {
      if (this.#latestEnd[index]! < fromMs) return;
      const span = this.#spans[index]!;
      if (span.untilMs >= fromMs) yield span;
    }
  }

  #begunBy(atMs: number): number {
    return firstAfter(this.#spans, atMs, ({ fromMs }) => fromMs);
  }
}
