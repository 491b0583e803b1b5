/**
 * A map whose entries come and go with every call.
 *
 * Once V8 has moved a `Map`'s table among the old objects, each table that takes its place is made there as well. Those
 * that were replaced keep what stood in them until the next full collection: with entries that pass this is nearly each,
 * with its call, its session and the reply that it got. So what is deleted here is let go of.
 *
 * @module
 */

/** A class, since V8 may make the objects of a literal among the old at once, and what is put into them with them. */
class Cell<Value> {
  value: Value | undefined;

  constructor(value: Value) {
    this.value = value;
  }
}

/** As `Map`, as far as it is needed. */
export class PassingMap<Key, Value extends object> {
  readonly #cells = new Map<Key, Cell<Value>>();

  get size(): number {
    return this.#cells.size;
  }

  get(key: Key): Value | undefined {
    return this.#cells.get(key)?.value;
  }

  set(key: Key, value: Value): void {
    this.#cells.set(key, new Cell(value));
  }

  delete(key: Key): void {
    const cell = this.#cells.get(key);
    if (!cell) return;
    cell.value = undefined;
    this.#cells.delete(key);
  }

  values(): Value[] {
    return Array.from(this.#cells.values(), ({ value }) => value!);
  }
}
