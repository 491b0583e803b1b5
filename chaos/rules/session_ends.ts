/**
 * The calls that begin what lives under a key, and those that end it.
 *
 * @module
 */

import { keyOf, type Model, type Operation } from "../model.ts";
import { wasEvicted } from "./eviction.ts";
import { OrderIndex } from "./order_index.ts";
import { perModel, perName } from "./per_model.ts";

/** The calls that can have ended whatever lived under a key: destroys, and rotations away from it. */
export const enders: (model: Model, key: string) => readonly Operation[] = perName((model, key) =>
  (model.byKey.get(key) ?? []).filter(({ kind, fate }) =>
    (kind === "destroy" || kind === "rotate") && fate !== "failed"
  )
);

/** The rotations that can have led to each key. */
const arrivalsByKey = perModel(({ operations }) =>
  Map.groupBy(
    operations.filter(({ call, fate }) => call.to !== undefined && fate !== "failed"),
    ({ call }) => keyOf(call.to!),
  )
);

/** The rotations that can have led to a key. */
export function arrivals(model: Model, key: string): readonly Operation[] {
  return arrivalsByKey(model).get(key) ?? [];
}

/** The calls that can have brought something to life under a key. */
export const beginners: (model: Model, key: string) => readonly Operation[] = perName(
  (model, key) => [
    ...(model.byKey.get(key) ?? []).filter(({ kind, fate }) =>
      fate !== "failed" && kind === "getOrCreate"
    ),
    ...arrivals(model, key),
  ],
);

/** When what lives under a key can have begun at the earliest; a rotation takes the end of what it rotates along. */
export const earliestBeginMs: (model: Model, key: string) => number = perName((model, key) =>
  beginners(model, key).reduce(
    (earliestMs, { call, invokeAtMs }) =>
      call.kind === "rotate" ? -Infinity : Math.min(earliestMs, invokeAtMs),
    Infinity,
  )
);

/** The enders of a key, asked for those that a call cannot be sure to follow. */
interface EnderIndex {
  /** By their beginning; the first. */
  readonly next: OrderIndex<Operation>;
  /** By their beginning; the one that ends last. */
  readonly latest: OrderIndex<Operation>;
  /** As that, of those that wait in the journal of a pod's lives: for these themselves they have ended. */
  readonly journaled: ReadonlyMap<string, OrderIndex<Operation>>;
}

const enderIndexOf = perName((model, key): EnderIndex => {
  const all = enders(model, key);
  const position = ({ invokeIndex }: Operation) => invokeIndex;
  const journaled = all.filter(({ fate }) => fate === "journaled");
  return {
    next: new OrderIndex(all, "after", position, (a, b) => a.invokeIndex < b.invokeIndex),
    latest: new OrderIndex(
      all.filter(({ fate }) => fate !== "journaled"),
      "before",
      position,
      (a, b) => a.endIndex > b.endIndex,
    ),
    journaled: new Map(
      [...Map.groupBy(journaled, ({ pod }) => lineageOf(model, pod))].map(([lineage, own]) => [
        lineage,
        new OrderIndex(own, "before", position, (a, b) => a.returnIndex > b.returnIndex),
      ]),
    ),
  };
});

/** A pod over all its lives, where its journal outlives them; else this life alone. */
export const lineageOf: (model: Model, pod: string) => string = perName((model, pod) => {
  if (!model.settings.durable) return pod;
  const end = pod.indexOf(".");
  return end < 0 ? pod : pod.slice(0, end);
});

/** Whether one call came before another for sure: on one pod also where both waited for the store. */
export function isBefore(model: Model, one: Operation, other: Operation): boolean {
  if (one.endIndex < other.invokeIndex) return true;
  return one.fate === "journaled" && one.returnIndex < other.invokeIndex &&
    lineageOf(model, one.pod) === lineageOf(model, other.pod);
}

/** Whether somebody may have ended what lived under a call's key, after it began and before an index. */
export function mayHaveEnded(model: Model, operation: Operation, beforeIndex: number): boolean {
  const { invokeIndex, key, pod } = operation;
  if (wasEvicted(model, key, invokeIndex, beforeIndex)) return true;
  const { next, latest, journaled } = enderIndexOf(model, key);
  // What began since can have ended it; what began before, if it had not ended by then.
  const since = next.after(invokeIndex);
  if (since !== undefined && since.invokeIndex < beforeIndex) return true;
  const earlier = Math.min(invokeIndex, beforeIndex) - 1;
  const open = latest.before(earlier);
  if (open !== undefined && open.endIndex >= invokeIndex) return true;
  const lineage = lineageOf(model, pod);
  for (const [waitsOn, index] of journaled) {
    const waiting = index.before(earlier);
    if (waiting === undefined) continue;
    if (waitsOn !== lineage || waiting.returnIndex >= invokeIndex) return true;
  }
  return false;
}
