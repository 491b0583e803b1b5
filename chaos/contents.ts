/**
 * Reads out of a session's state which calls it contains, and how many times.
 *
 * @module
 */

import { type CounterFields, Counts } from "./counts.ts";
import { type Effect, type SeenSession, vectorOf } from "./history.ts";

/** A state, taken apart into calls. */
export interface Contents {
  /** Its place among the states of a history, from 0. */
  readonly place: number;
  /** The call that created the session. */
  readonly birth: number | undefined;
  /** Counter fields as they are. */
  readonly counts: Counts;
  /** The call whose value the field `s` has. */
  readonly set: number | undefined;
  /** The calls whose mark is there, each once. */
  readonly marks: readonly number[];
  /** The calls in the list `u`, in its order. */
  readonly list: readonly number[];
  /** The calls whose vectors are there, oldest first. */
  readonly vectors: readonly number[];
  /** What no call can have written. */
  readonly strange: readonly string[];
}

/** Takes a state apart. `fields` are those of its incarnation. */
export function decodeContents(
  session: SeenSession,
  place: number,
  fields: CounterFields,
): Contents {
  const counts = new Counts(fields);
  const marks: number[] = [];
  let strange = NOTHING;
  let birth: number | undefined;
  let set: number | undefined;
  let list: readonly number[] = NO_CALLS;
  // States have fields of their own, each nearly: all values at once are found sooner than one after the other by name.
  const values = Object.values(session.context);
  for (const [index, field] of Object.keys(session.context).entries()) {
    const value = values[index];
    const number = Number.isInteger(value) ? value as number : undefined;
    if (field === "b" && number !== undefined) birth = number;
    else if (field === "s" && number !== undefined) set = number;
    else if (field === "u" && Array.isArray(value)) list = value;
    else if (isNumbered(field, "c") && number !== undefined && number >= 0) {
      counts.set(field, number);
    } else if (isNumbered(field, "m") && value === 1) {
      const op = Number(field.slice(1));
      // The same number can be written in more than one way.
      if (field[1] !== "0" || !marks.includes(op)) marks.push(op);
    } else strange = [...strange, `${field}: ${JSON.stringify(value)}`];
  }
  const vectors = session.trajectory.length === 0 ? NO_CALLS : session.trajectory.map(callOf);
  for (const [index, vector] of session.trajectory.entries()) {
    if (isVectorOf(vector, vectors[index]!)) continue;
    strange = [...strange, `vector ${JSON.stringify(vector)}`];
  }
  return { place, birth, counts, set, marks, list, vectors, strange };
}

const NOTHING: readonly string[] = [];
const NO_CALLS: readonly number[] = [];

/** The call that a vector names. */
function callOf(vector: readonly number[]): number {
  return vector[0] ?? -1;
}

function isVectorOf(vector: readonly number[], op: number): boolean {
  const whole = vectorOf(op);
  return vector.length === whole.length && whole.every((number, index) => vector[index] === number);
}

/** Whether a field is named by a letter and digits. */
function isNumbered(field: string, letter: string): boolean {
  if (field.length < 2 || field[0] !== letter) return false;
  for (let place = 1; place < field.length; place++) {
    const code = field.charCodeAt(place);
    if (code < 0x30 || code > 0x39) return false;
  }
  return true;
}

/** Whether two states are the same, value by value. */
export function isSameState(one: SeenSession, other: SeenSession): boolean {
  return isSameContext(one.context, other.context) &&
    isSameList(one.trajectory, other.trajectory, isSameValue);
}

function isSameContext(one: SeenSession["context"], other: SeenSession["context"]): boolean {
  if (one === other) return true;
  const fields = Object.keys(one);
  const others = Object.keys(other);
  if (fields.length !== others.length) return false;
  // They seldom change places, and values are found sooner by their place than by their name.
  return isSameList(fields, others, Object.is)
    ? isSameList(Object.values(one), Object.values(other), isSameValue)
    : fields.every((field) => isSameValue(one[field], other[field]));
}

function isSameList<Item>(
  one: readonly Item[],
  other: readonly Item[],
  isSame: (one: Item, other: Item) => boolean,
): boolean {
  return one === other ||
    one.length === other.length && one.every((item, index) => isSame(item, other[index]!));
}

function isSameValue(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  return Array.isArray(one) && Array.isArray(other) && one.length === other.length &&
    one.every((item, index) => item === other[index]);
}

/** How often a power of 8 was added: an octal digit. */
export function timesCounted(total: number, by: number): number {
  return Math.floor(total / by) % 8;
}

/** How often the effect of the call `op` is in a state; of a vector that was pushed out, 0. */
export function timesIn(contents: Contents, op: number, effect: Effect): number {
  switch (effect.kind) {
    case "birth":
      return contents.birth === op ? 1 : 0;
    case "count":
      return timesCounted(contents.counts.get(effect.field) ?? 0, effect.by);
    case "set":
      return contents.marks.includes(op) ? 1 : 0;
    case "list":
      return occurrences(contents.list, op);
    case "vector":
      return occurrences(contents.vectors, op);
  }
}

/** Longest list that is looked through from one end to the other each time. */
const SHORT = 16;
const countsOfLists = new WeakMap<readonly number[], ReadonlyMap<number, number>>();

/** How often a list names a call. */
export function occurrences(ops: readonly number[], op: number): number {
  if (ops.length > SHORT) return countsOf(ops).get(op) ?? 0;
  let times = 0;
  for (const other of ops) if (other === op) times++;
  return times;
}

function countsOf(ops: readonly number[]): ReadonlyMap<number, number> {
  const known = countsOfLists.get(ops);
  if (known) return known;
  const counts = new Map<number, number>();
  for (const op of ops) counts.set(op, (counts.get(op) ?? 0) + 1);
  countsOfLists.set(ops, counts);
  return counts;
}

/** Whether a trajectory can have become another one: it loses its oldest and gains at its end. */
export function isLaterRing(
  before: readonly number[],
  after: readonly number[],
  capacity: number,
): boolean {
  const first = after[0];
  if (before.length === 0) return after.length <= capacity;
  const start = first === undefined ? -1 : before.indexOf(first);
  if (start < 0) return after.length === capacity && !after.some((op) => before.includes(op));
  if (start > 0 && after.length !== capacity) return false;
  for (let place = start; place < before.length; place++) {
    if (after[place - start] !== before[place]) return false;
  }
  return true;
}
