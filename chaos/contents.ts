/**
 * Reads out of a session's state which calls it contains, and how many times.
 *
 * @module
 */

import { type Effect, type SeenSession, vectorOf } from "./history.ts";

/** A state, taken apart into calls. */
export interface Contents {
  /** The call that created the session. */
  readonly birth: number | undefined;
  /** Counter fields as they are. */
  readonly counts: ReadonlyMap<string, number>;
  /** The call whose value the field `s` has. */
  readonly set: number | undefined;
  /** The calls whose mark is there. */
  readonly marks: ReadonlySet<number>;
  /** The calls in the list `u`, in its order. */
  readonly list: readonly number[];
  /** The calls whose vectors are there, oldest first. */
  readonly vectors: readonly number[];
  /** What no call can have written. */
  readonly strange: readonly string[];
}

/** Takes a state apart. */
export function decodeContents(session: SeenSession): Contents {
  const counts = new Map<string, number>();
  const marks = new Set<number>();
  const strange: string[] = [];
  let birth: number | undefined;
  let set: number | undefined;
  let list: number[] = [];
  const { context } = session;
  for (const field of Object.keys(context)) {
    const value = context[field];
    const number = Number.isInteger(value) ? value as number : undefined;
    if (field === "b" && number !== undefined) birth = number;
    else if (field === "s" && number !== undefined) set = number;
    else if (field === "u" && Array.isArray(value)) list = value;
    else if (isNumbered(field, "c") && number !== undefined && number >= 0) {
      counts.set(field, number);
    } else if (isNumbered(field, "m") && value === 1) marks.add(Number(field.slice(1)));
    else strange.push(`${field}: ${JSON.stringify(value)}`);
  }
  const vectors = session.trajectory.map((vector) => {
    const op = vector[0] ?? -1;
    const whole = vectorOf(op).every((number, index) => vector[index] === number);
    if (!whole || vector.length !== 3) strange.push(`vector ${JSON.stringify(vector)}`);
    return op;
  });
  return { birth, counts, set, marks, list, vectors, strange };
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
  const fields = Object.keys(one.context);
  return fields.length === Object.keys(other.context).length &&
    one.trajectory.length === other.trajectory.length &&
    fields.every((field) => isSameValue(one.context[field], other.context[field])) &&
    one.trajectory.every((vector, index) => isSameValue(vector, other.trajectory[index]));
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
      return contents.marks.has(op) ? 1 : 0;
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
