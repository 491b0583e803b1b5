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
  for (const [field, value] of Object.entries(session.context)) {
    const number = typeof value === "number" && Number.isInteger(value) ? value : undefined;
    if (field === "b" && number !== undefined) birth = number;
    else if (field === "s" && number !== undefined) set = number;
    else if (field === "u" && Array.isArray(value)) list = value;
    else if (/^c\d+$/.test(field) && number !== undefined && number >= 0) counts.set(field, number);
    else if (/^m\d+$/.test(field) && value === 1) marks.add(Number(field.slice(1)));
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

/** How often a list names a call. */
export function occurrences(ops: readonly number[], op: number): number {
  let times = 0;
  for (const other of ops) if (other === op) times++;
  return times;
}
