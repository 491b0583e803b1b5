/**
 * Reads out of a session's state which calls it contains, and how many times.
 *
 * @module
 */

import { type Effect, type SeenSession, vectorOf } from "./history.ts";

/** A state. It is taken apart into calls as far as somebody asks: most are only compared with the one before. */
export class Contents {
  /** Its place among the states of a history, from 0. */
  readonly place: number;
  /** Its fields as they are. */
  readonly context: SeenSession["context"];
  /** Its vectors as they are. */
  readonly trajectory: SeenSession["trajectory"];
  #counts: ReadonlyMap<string, number> | undefined;
  #marks: readonly number[] | undefined;
  #vectors: readonly number[] | undefined;

  constructor({ context, trajectory }: SeenSession, place: number) {
    this.place = place;
    this.context = context;
    this.trajectory = trajectory;
  }

  /** The call that created the session. */
  get birth(): number | undefined {
    return asCall(this.context.b);
  }

  /** Counter fields as they are. */
  get counts(): ReadonlyMap<string, number> {
    return this.#counts ??= countsIn(this.context);
  }

  /** The call whose value the field `s` has. */
  get set(): number | undefined {
    return asCall(this.context.s);
  }

  /** The calls whose mark is there, each once. */
  get marks(): readonly number[] {
    return this.#marks ??= marksIn(this.context);
  }

  /** The calls in the list `u`, in its order. */
  get list(): readonly number[] {
    const { u } = this.context;
    return Array.isArray(u) ? u : NO_CALLS;
  }

  /** The calls whose vectors are there, oldest first. */
  get vectors(): readonly number[] {
    return this.#vectors ??= this.trajectory.length === 0 ? NO_CALLS : this.trajectory.map(callOf);
  }

  /** What no call can have written. */
  get strange(): readonly string[] {
    const fields = Object.entries(this.context)
      .filter(([field, value]) => partOf(field, value) === undefined)
      .map(([field, value]) => `${field}: ${JSON.stringify(value)}`);
    const vectors = this.trajectory.filter((vector) => !isVector(vector))
      .map((vector) => `vector ${JSON.stringify(vector)}`);
    return [...fields, ...vectors];
  }

  /** What a counter field has, if it is there. */
  count(field: string): number | undefined {
    const value = this.context[field];
    return partOf(field, value) === "count" ? value as number : undefined;
  }
}

const NO_CALLS: readonly number[] = [];

function asCall(value: unknown): number | undefined {
  return Number.isInteger(value) ? value as number : undefined;
}

/** What a field of a context shows. */
export type Part = "birth" | "count" | "set" | "mark" | "list";

/** What a field shows; undefined if no call can have written it. */
export function partOf(field: string, value: unknown): Part | undefined {
  switch (field[0]) {
    case "b":
      return field === "b" && Number.isInteger(value) ? "birth" : undefined;
    case "s":
      return field === "s" && Number.isInteger(value) ? "set" : undefined;
    case "u":
      return field === "u" && Array.isArray(value) ? "list" : undefined;
    case "c":
      return isNumbered(field) && Number.isInteger(value) && (value as number) >= 0
        ? "count"
        : undefined;
    case "m":
      return isNumbered(field) && value === 1 ? "mark" : undefined;
  }
  return undefined;
}

/** Whether a field is named by a letter and digits. */
function isNumbered(field: string): boolean {
  for (let place = 1; place < field.length; place++) {
    const code = field.charCodeAt(place);
    if (code < 0x30 || code > 0x39) return false;
  }
  return field.length > 1;
}

function countsIn(context: SeenSession["context"]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const [field, value] of Object.entries(context)) {
    if (partOf(field, value) === "count") counts.set(field, value as number);
  }
  return counts;
}

function marksIn(context: SeenSession["context"]): readonly number[] {
  const marks: number[] = [];
  const values = Object.values(context);
  const fields = Object.keys(context);
  for (let place = 0; place < fields.length; place++) {
    const field = fields[place]!;
    if (partOf(field, values[place]) !== "mark") continue;
    const op = markedBy(field);
    // The same number can be written in more than one way.
    if (field[1] !== "0" || !marks.includes(op)) marks.push(op);
  }
  return marks;
}

/** The call that a mark names. */
export function markedBy(field: string): number {
  return Number(field.slice(1));
}

/** The call that a vector names. */
function callOf(vector: readonly number[]): number {
  return vector[0] ?? -1;
}

/** Whether a call can have appended a vector. */
export function isVector(vector: readonly number[]): boolean {
  const whole = vectorOf(callOf(vector));
  return vector.length === whole.length && whole.every((number, index) => vector[index] === number);
}

type State = Pick<SeenSession, "context" | "trajectory">;

/** Whether two states are the same, value by value. */
export function isSameState(one: State, other: State): boolean {
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
      return timesCounted(contents.count(effect.field) ?? 0, effect.by);
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
