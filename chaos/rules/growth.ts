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
import { COUNTS_PER_FIELD } from "../history.ts";
import type { Model, Operation } from "../model.ts";
import { slotsOf } from "./containment.ts";

/** A state, spread out: consecutive ones share most fields, and these are found soonest by their places. */
export interface Spread {
  readonly contents: Contents;
  readonly fields: readonly string[];
  readonly values: readonly unknown[];
}

/** What was added to a state. */
export interface Growth {
  /** The calls of which something was added. */
  readonly added: readonly Operation[];
  /** Whether something was added whose place among the others matters, or the field `s` has changed. */
  readonly hasOrder: boolean;
}

/** Spreads out a state. */
export function spread(contents: Contents): Spread {
  const { context } = contents;
  return { contents, fields: Object.keys(context), values: Object.values(context) };
}

/**
 * What was added to a state in which nothing is strange; undefined if it has lost something, or gained what is strange
 * or there twice, as far as is easily seen.
 */
export function growthOf(model: Model, before: Spread, after: Spread): Growth | undefined {
  const { set, birth } = after.contents;
  if (before.contents.birth !== birth) return undefined;
  const ops: number[] = [];
  const added: Operation[] = [];
  const isMore = addFields(model, before, after, ops, added) &&
    addVectors(model, before.contents, after.contents, ops);
  if (!isMore) return undefined;
  const isSetAnew = before.contents.set !== set;
  const hasOrder = ops.length > 0 || isSetAnew;
  if (isSetAnew && set !== undefined) ops.push(set);
  for (const op of ops) {
    const operation = model.byOp.get(op);
    if (operation) added.push(operation);
  }
  return { added, hasOrder };
}

function addFields(
  model: Model,
  before: Spread,
  after: Spread,
  ops: number[],
  added: Operation[],
): boolean {
  let kept = 0;
  let at = 0;
  for (let place = 0; place < after.fields.length; place++) {
    const field = after.fields[place]!;
    const value = after.values[place];
    const isInPlace = before.fields[at] === field;
    const known = isInPlace ? before.values[at++] : before.contents.context[field];
    if (known !== undefined) kept++;
    if (known === value) continue;
    // The one field that may go and come back.
    if (field === "s") {
      if (partOf(field, value) !== "set") return false;
    } else if (!addField(model, field, known, value, ops, added)) return false;
  }
  const isSetGone = before.contents.set !== undefined && after.contents.set === undefined;
  return kept + (isSetGone ? 1 : 0) === before.fields.length;
}

function addField(
  model: Model,
  field: string,
  before: unknown,
  after: unknown,
  ops: number[],
  added: Operation[],
): boolean {
  switch (partOf(field, after)) {
    case "mark":
      ops.push(markedBy(field));
      return true;
    case "list":
      return addList(before as number[] | undefined ?? [], after as number[], ops);
    case "count": {
      const { slots, isOctal } = slotsOf(model, field);
      return isOctal && addDigits(before as number | undefined ?? 0, after as number, slots, added);
    }
    default:
      return false;
  }
}

function addList(before: readonly number[], after: readonly number[], ops: number[]): boolean {
  for (let place = 0; place < before.length; place++) {
    if (before[place] !== after[place]) return false;
  }
  return addNew(after, before.length, ops);
}

function addVectors(model: Model, before: Contents, after: Contents, ops: number[]): boolean {
  if (before.trajectory === after.trajectory) return true;
  return after.trajectory.every(isVector) &&
    isLaterRing(before.vectors, after.vectors, model.settings.capacity) &&
    addNew(after.vectors, before.vectors.length - pushedOut(before.vectors, after.vectors), ops);
}

/** How many vectors have been pushed out of a ring since. */
export function pushedOut(before: readonly number[], after: readonly number[]): number {
  const start = after.length === 0 ? -1 : before.indexOf(after[0]!);
  return start < 0 ? before.length : start;
}

function addNew(after: readonly number[], from: number, ops: number[]): boolean {
  for (let place = from; place < after.length; place++) {
    const op = after[place]!;
    if (occurrences(after, op) > 1) return false;
    ops.push(op);
  }
  return true;
}

const OCTAL_PLACES = Array.from({ length: COUNTS_PER_FIELD }, (_, slot) => 8 ** slot);

/** Whether a number is another one with some octal digits 1 in place of 0. */
function addDigits(
  before: number,
  after: number,
  slots: readonly (Operation | undefined)[],
  added: Operation[],
): boolean {
  let rest = after - before;
  for (let slot = COUNTS_PER_FIELD - 1; slot >= 0 && rest > 0; slot--) {
    const by = OCTAL_PLACES[slot]!;
    if (rest < by) continue;
    rest -= by;
    if (Math.floor(before / by) % 8 !== 0) return false;
    const operation = slots[slot];
    if (operation) added.push(operation);
  }
  return rest === 0;
}
