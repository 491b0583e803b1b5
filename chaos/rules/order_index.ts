/**
 * Questions about sorted things, answered in logarithmic time.
 *
 * @module
 */

/** Place of the first item that lies after a position, among items that are sorted by theirs. */
export function firstAfter<Item>(
  items: readonly Item[],
  position: number,
  positionOf: (item: Item) => number,
): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (positionOf(items[middle]!) <= position) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Items sorted by a number, with the best of every prefix or suffix. */
export class OrderIndex<Item> {
  readonly #positions: number[];
  readonly #best: Item[];
  readonly #isPrefix: boolean;

  /**
   * `position` sorts; `isBetter` picks the best of each prefix (for {@linkcode before}) or of each suffix
   * (for {@linkcode after}).
   */
  constructor(
    items: readonly Item[],
    direction: "before" | "after",
    position: (item: Item) => number,
    isBetter: (item: Item, than: Item) => boolean,
  ) {
    this.#isPrefix = direction === "before";
    let best = items.slice();
    let positions = best.map(position);
    if (!isSorted(positions)) {
      best = best.sort((a, b) => position(a) - position(b));
      positions = best.map(position);
    }
    const from = this.#isPrefix ? 1 : best.length - 2;
    const step = this.#isPrefix ? 1 : -1;
    for (let index = from; index >= 0 && index < best.length; index += step) {
      const previous = best[index - step]!;
      if (isBetter(previous, best[index]!)) best[index] = previous;
    }
    this.#best = best;
    this.#positions = positions;
  }

  /** The best of those at or before a position (`direction` "before"). */
  before(position: number): Item | undefined {
    return this.#isPrefix ? this.#best[this.#countUpTo(position) - 1] : undefined;
  }

  /** The best of those after a position (`direction` "after"). */
  after(position: number): Item | undefined {
    return this.#isPrefix ? undefined : this.#best[this.#countUpTo(position)];
  }

  /** As {@linkcode firstAfter}, of plain numbers: most of the checker's questions end here. */
  #countUpTo(position: number): number {
    const positions = this.#positions;
    let low = 0;
    let high = positions.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (positions[middle]! <= position) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function isSorted(positions: readonly number[]): boolean {
  for (let index = 1; index < positions.length; index++) {
    if (positions[index - 1]! > positions[index]!) return false;
  }
  return true;
}
