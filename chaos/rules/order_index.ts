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
    const sorted = items.toSorted((a, b) => position(a) - position(b));
    this.#isPrefix = direction === "before";
    this.#positions = sorted.map(position);
    this.#best = [...sorted];
    const from = this.#isPrefix ? 1 : sorted.length - 2;
    const step = this.#isPrefix ? 1 : -1;
    for (let index = from; index >= 0 && index < sorted.length; index += step) {
      const previous = this.#best[index - step]!;
      if (isBetter(previous, this.#best[index]!)) this.#best[index] = previous;
    }
  }

  /** The best of those at or before a position (`direction` "before"). */
  before(position: number): Item | undefined {
    return this.#isPrefix ? this.#best[this.#countUpTo(position) - 1] : undefined;
  }

  /** The best of those after a position (`direction` "after"). */
  after(position: number): Item | undefined {
    return this.#isPrefix ? undefined : this.#best[this.#countUpTo(position)];
  }

  #countUpTo(position: number): number {
    return firstAfter(this.#positions, position, itself);
  }
}

const itself = (position: number): number => position;
