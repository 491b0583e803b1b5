/**
 * The counter fields of states.
 *
 * @module
 */

/** The fields that the states of one incarnation have, in the order in which they were met. */
export class CounterFields {
  readonly #places = new Map<string, number>();
  /** By their places. */
  readonly names: string[] = [];

  /** The place of a field, which gets one if it has none. */
  add(field: string): number {
    let place = this.#places.get(field);
    if (place === undefined) {
      place = this.names.push(field) - 1;
      this.#places.set(field, place);
    }
    return place;
  }

  /** The place of a field, if it has one. */
  placeOf(field: string): number | undefined {
    return this.#places.get(field);
  }
}

/** Stands for a field that a state has not. */
const ABSENT = -1;

/** The counter fields of one state: numbers beside one another, since there are many states. */
export class Counts implements Iterable<readonly [field: string, total: number]> {
  readonly #fields: CounterFields;
  /** By the places of their fields, as far as there are any. */
  readonly #totals: number[] = [];
  #size = 0;

  constructor(fields: CounterFields) {
    this.#fields = fields;
  }

  /** How many there are. */
  get size(): number {
    return this.#size;
  }

  /** What a field has; undefined if the state is without it. */
  get(field: string): number | undefined {
    const place = this.#fields.placeOf(field);
    const total = place === undefined ? undefined : this.#totals[place];
    return total === ABSENT ? undefined : total;
  }

  /** Each field once. */
  set(field: string, total: number): void {
    const place = this.#fields.add(field);
    while (this.#totals.length < place) this.#totals.push(ABSENT);
    this.#totals[place] = total;
    this.#size++;
  }

  /**
   * Whether another state of the same incarnation has grown into this one: it has none that is not here, and `isGrowth`
   * is true of every other total.
   */
  hasGrownFrom(
    before: Counts,
    isGrowth: (field: string, before: number, total: number) => boolean,
  ): boolean {
    const earlier = before.#totals;
    const totals = this.#totals;
    if (earlier.length > totals.length) return false;
    for (let place = 0; place < totals.length; place++) {
      const total = totals[place]!;
      const known = place < earlier.length ? earlier[place]! : ABSENT;
      if (total === known) continue;
      const isGrown = total !== ABSENT &&
        isGrowth(this.#fields.names[place]!, known === ABSENT ? 0 : known, total);
      if (!isGrown) return false;
    }
    return true;
  }

  *[Symbol.iterator](): Iterator<readonly [field: string, total: number]> {
    for (const [place, total] of this.#totals.entries()) {
      if (total !== ABSENT) yield [this.#fields.names[place]!, total];
    }
  }
}
