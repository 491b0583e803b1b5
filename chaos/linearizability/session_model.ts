/**
 * What a session is, one call after the other, as DESIGN.md's guarantees have it: the model of the search. It knows
 * nothing of versions, copies or pods.
 *
 * @module
 */

import { timesCounted } from "../contents.ts";
import type { Contents } from "../contents.ts";
import type { Effect, HistorySettings } from "../history.ts";

/** A session that lives. */
export interface Live {
  readonly birth: number;
  readonly counts: Readonly<Record<string, number>>;
  readonly set: number | undefined;
  readonly marks: readonly number[];
  readonly list: readonly number[];
  readonly vectors: readonly number[];
  /** It was renewed no earlier. */
  readonly renewedAtMs: number;
}

/** The sessions that live, by their keys. */
export type World = Readonly<Record<string, Live>>;

/** A session just created by the call `op`. */
export function born(op: number, atMs: number): Live {
  return {
    ...{ birth: op, counts: {}, set: undefined, marks: [], list: [], vectors: [] },
    renewedAtMs: atMs,
  };
}

/** A session after a write. */
export function written(
  live: Live,
  { op, effects, atMs }: { op: number; effects: readonly Effect[]; atMs: number },
  { capacity }: HistorySettings,
): Live {
  let { counts, set, marks, list, vectors } = live;
  for (const effect of effects) {
    if (effect.kind === "count") {
      counts = { ...counts, [effect.field]: (counts[effect.field] ?? 0) + effect.by };
    } else if (effect.kind === "set") {
      set = effect.deletes ? undefined : op;
      marks = [...marks, op].sort((a, b) => a - b);
    } else if (effect.kind === "list") list = [...list, op];
    else if (effect.kind === "vector") vectors = [...vectors, op].slice(-capacity);
  }
  const renewedAtMs = Math.max(live.renewedAtMs, atMs);
  return { ...live, counts, set, marks, list, vectors, renewedAtMs };
}

/** Whether a session is what was seen. */
export function isSeen(live: Live, seen: Contents): boolean {
  return live.birth === seen.birth && live.set === seen.set &&
    live.marks.length === seen.marks.length &&
    live.marks.every((op) => seen.marks.includes(op)) &&
    isSame(live.list, seen.list) && isSame(live.vectors, seen.vectors) &&
    Object.keys(live.counts).length === seen.counts.size &&
    [...seen.counts].every(([field, total]) => live.counts[field] === total);
}

/**
 * Whether a session may still become what is to be seen of it: within one life nothing is taken back, but for vectors
 * that are pushed out. `op` is the write that it had last.
 */
export function canBecome(
  live: Live,
  seen: Contents,
  { op, effects }: { readonly op: number; readonly effects: readonly Effect[] },
  { capacity }: HistorySettings,
): boolean {
  return effects.every((effect) => {
    switch (effect.kind) {
      case "birth":
        return true;
      case "count":
        return timesCounted(seen.counts.get(effect.field) ?? 0, effect.by) === 1;
      case "set":
        return seen.marks.includes(op);
      case "list":
        return seen.list[live.list.length - 1] === op;
      case "vector": {
        const place = seen.vectors.indexOf(op);
        if (place < 0) return seen.vectors.length >= capacity;
        const before = live.vectors.at(-2);
        return place === 0
          ? before === undefined || seen.vectors.length >= capacity
          : seen.vectors[place - 1] === before;
      }
    }
  });
}

/** Whether each power of 8 in one total is in another. */
export function isPartOf(total: number, whole: number): boolean {
  let [rest, other] = [total, whole];
  while (rest > 0) {
    if (rest % 8 > other % 8) return false;
    [rest, other] = [Math.floor(rest / 8), Math.floor(other / 8)];
  }
  return true;
}

function isSame(one: readonly number[], other: readonly number[]): boolean {
  return one.length === other.length && one.every((op, place) => op === other[place]);
}
