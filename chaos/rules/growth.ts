/**
 * What a state has that the one before it has not, by a comparison of the two field by field.
 *
 * @module
 */

import {
  type Contents,
  isLaterRing,
  isVector,
  markedBy,
  occurrences,
  partOf,
} from "../contents.ts";
import { COUNTS_PER_FIELD, type Effect } from "../history.ts";
import type { Model, Operation } from "../model.ts";
import { slotsOf } from "./containment.ts";

/** A state, spread out: consecutive ones share most fields, and these are found soonest by their places. */
export interface Spread {
  readonly contents: Contents;
  readonly fields: readonly string[];
  readonly values: readonly unknown[];
  /** What the field `s` has. */
  readonly set: unknown;
}

/** Spreads out a state. */
export function spread(contents: Contents): Spread {
  const { context } = contents;
  const fields = Object.keys(context);
  const values = Object.values(context);
  const place = fields.indexOf("s");
  return { contents, fields, values, set: place < 0 ? undefined : values[place] };
}

/** Finds what was added to states; one for many, since there are many. */
export class Growth {
  readonly #model: Model;
  #added: Operation[] = [];
  #isWhole = true;
  #list = false;
  #vectors = false;
  #sets = false;

  constructor(model: Model) {
    this.#model = model;
  }

  /** The calls of which something was added. */
  get added(): readonly Operation[] {
    return this.#added;
  }

  /** Whether each of these has one part, and that was added. */
  get isWhole(): boolean {
    return this.#isWhole;
  }

  /** Whether the list has grown. */
  get hasList(): boolean {
    return this.#list;
  }

  /** Whether vectors were added. */
  get hasVectors(): boolean {
    return this.#vectors;
  }

  /** Whether a call has set the field `s`, or deleted it. */
  get hasSets(): boolean {
    return this.#sets;
  }

  /**
   * Finds what was added to a state in which nothing is strange; false if it has lost something, or gained what is
   * strange or there twice, as far as is easily seen.
   */
  find(before: Spread, after: Spread): boolean {
    this.#added = [];
    this.#isWhole = true;
    this.#list = this.#vectors = false;
    this.#sets = before.set !== after.set;
    return this.#addFields(before, after) && this.#addVectors(before.contents, after.contents) &&
      this.#addSetter(before.set, after.set);
  }

  #addFields(before: Spread, after: Spread): boolean {
    let kept = 0;
    let at = 0;
    for (let place = 0; place < after.fields.length; place++) {
      const field = after.fields[place]!;
      const value = after.values[place];
      const isInPlace = before.fields[at] === field;
      const known = isInPlace ? before.values[at++] : before.contents.context[field];
      if (known !== undefined) kept++;
      if (known !== value && !this.#addField(field, known, value)) return false;
    }
    // The one field that may go.
    const isSetGone = before.set !== undefined && after.set === undefined;
    return kept + (isSetGone ? 1 : 0) === before.fields.length;
  }

  #addField(field: string, before: unknown, after: unknown): boolean {
    switch (partOf(field, after)) {
      case "set":
        return true;
      case "mark":
        this.#sets = true;
        this.#add(this.#model.byOp.get(markedBy(field)), "set");
        return true;
      case "list":
        this.#list = true;
        return this.#addList(before as number[] | undefined ?? [], after as number[]);
      case "count":
        return this.#addCount(field, before as number | undefined ?? 0, after as number);
      default:
        return false;
    }
  }

  #addList(before: readonly number[], after: readonly number[]): boolean {
    for (let place = 0; place < before.length; place++) {
      if (before[place] !== after[place]) return false;
    }
    return this.#addNew(after, before.length, "list");
  }

  #addVectors(before: Contents, after: Contents): boolean {
    if (before.trajectory === after.trajectory) return true;
    this.#vectors = true;
    const kept = before.vectors.length - pushedOut(before.vectors, after.vectors);
    return after.trajectory.every(isVector) &&
      isLaterRing(before.vectors, after.vectors, this.#model.settings.capacity) &&
      this.#addNew(after.vectors, kept, "vector");
  }

  #addNew(after: readonly number[], from: number, part: Effect["kind"]): boolean {
    for (let place = from; place < after.length; place++) {
      const op = after[place]!;
      if (occurrences(after, op) > 1) return false;
      this.#add(this.#model.byOp.get(op), part);
    }
    return true;
  }

  /** Whether a number is another one with some octal digits 1 in place of 0. */
  #addCount(field: string, before: number, after: number): boolean {
    const { slots, isOctal } = slotsOf(this.#model, field);
    let rest = after - before;
    for (let slot = COUNTS_PER_FIELD - 1; slot >= 0 && rest > 0; slot--) {
      const by = OCTAL_PLACES[slot]!;
      if (rest < by) continue;
      rest -= by;
      if (Math.floor(before / by) % 8 !== 0) return false;
      this.#add(slots[slot], "count");
    }
    return isOctal && rest === 0;
  }

  /** The call whose value is there shows its mark as well, if it is whole. */
  #addSetter(before: unknown, after: unknown): boolean {
    if (before === after || after === undefined) return true;
    const setter = this.#model.byOp.get(after as number);
    if (setter === undefined || this.#added.includes(setter)) return true;
    this.#isWhole = false;
    this.#added.push(setter);
    return true;
  }

  #add(operation: Operation | undefined, part: Effect["kind"]): void {
    if (operation === undefined) return;
    const { effects } = operation.call;
    if (effects.length !== 1 || effects[0]!.kind !== part) this.#isWhole = false;
    // Mostly one: a list of it takes less room than one that has grown.
    if (this.#added.length === 0) this.#added = [operation];
    else this.#added.push(operation);
  }
}

const OCTAL_PLACES = Array.from({ length: COUNTS_PER_FIELD }, (_, slot) => 8 ** slot);

/** How many vectors have been pushed out of a ring since. */
export function pushedOut(before: readonly number[], after: readonly number[]): number {
  const start = after.length === 0 ? -1 : before.indexOf(after[0]!);
  return start < 0 ? before.length : start;
}
