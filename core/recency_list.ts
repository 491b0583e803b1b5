/**
 * Things in the order of their last use. The links are in the things themselves, so that a use costs a few assignments
 * and no memory: it is part of every read that memory answers.
 *
 * @module
 */

/** A thing with a place in one list at most. The list's alone to change. */
export class Linked<Thing extends Linked<Thing>> {
  newer: Thing | undefined;
  older: Thing | undefined;
}

/** A list from the last used thing to the one that was not used for the longest time. */
export class RecencyList<Thing extends Linked<Thing>> {
  #newest: Thing | undefined;
  #oldest: Thing | undefined;

  /** What was not used for the longest time. */
  get oldest(): Thing | undefined {
    return this.#oldest;
  }

  /** Puts a thing that is in no list at the front. */
  add(thing: Thing): void {
    thing.older = this.#newest;
    if (this.#newest) this.#newest.newer = thing;
    else this.#oldest = thing;
    this.#newest = thing;
  }

  /** Brings a thing of this list to the front. */
  use(thing: Thing): void {
    if (thing === this.#newest) return;
    this.remove(thing);
    this.add(thing);
  }

  /** Takes a thing of this list out. */
  remove(thing: Thing): void {
    const { newer, older } = thing;
    if (newer) newer.older = older;
    else this.#newest = older;
    if (older) older.newer = newer;
    else this.#oldest = newer;
    thing.newer = undefined;
    thing.older = undefined;
  }

  /** All things, the last used first. */
  *[Symbol.iterator](): Generator<Thing> {
    for (let thing = this.#newest; thing; thing = thing.older) yield thing;
  }
}
