/**
 * What an outage may do to a session, and to a call.
 *
 * @module
 */

import { keyOf, type Model, type Operation } from "../model.ts";
import { OrderIndex } from "./order_index.ts";
import { perModel, perName } from "./per_model.ts";
import { earliestBeginMs, lineageOf } from "./session_ends.ts";
import { SpanIndex } from "./span_index.ts";
import { hasJumped, latestTold, leastAhead } from "./store_clock.ts";

/** Operations that a call adds to a journal, as its events count them. */
export function countOf({ call }: Operation): number {
  const count = call.effects.reduce((sum, { kind }) => sum + (kind === "set" ? 2 : 1), 0);
  return Math.max(1, count);
}

/** Whether the time of what a call renewed may have run out by a moment. */
export function mayHaveExpired(
  model: Model,
  { invokeAtMs, key }: Operation,
  atMs: number,
): boolean {
  const { ttlMs, maxLifetimeMs } = model.settings;
  return mayHavePassed(model, invokeAtMs, ttlMs, atMs) ||
    maxLifetimeMs !== undefined &&
      mayHavePassed(model, earliestBeginMs(model, key), maxLifetimeMs, atMs);
}

/** Whether a time that began at one moment may have passed by another, as pods count it or as the store does. */
export function mayHavePassed(
  model: Model,
  fromMs: number,
  spanMs: number,
  atMs: number,
): boolean {
  const { lateBoundMs, toleranceMs } = model.settings;
  if (atMs >= fromMs + spanMs - toleranceMs) return true;
  if (!hasJumped(model)) return false;
  // A moment of the pod's is brought to the store in the time that its pod had heard of.
  const begunMs = fromMs + leastAhead(model, fromMs - lateBoundMs, atMs);
  return latestTold(model, fromMs, atMs) >= begunMs + spanMs - toleranceMs;
}

/** Operations that were said not to be kept, up to an index, and by each life of a pod. */
interface Rejections {
  readonly byLineage: ReadonlyMap<string, OrderIndex<RejectedSoFar>>;
  readonly byLife: ReadonlyMap<string, number>;
  readonly keys: ReadonlySet<string>;
}

interface RejectedSoFar {
  readonly index: number;
  readonly sum: number;
}

const rejectionsOf = perModel((model): Rejections => {
  const byLineage = new Map<string, RejectedSoFar[]>();
  const byLife = new Map<string, number>();
  const keys = new Set<string>();
  for (const { pod, told, index } of model.told) {
    if (told.name !== "rejected" || told.session === undefined) continue;
    const key = keyOf(told.session);
    keys.add(key);
    const count = told.operations ?? 0;
    const name = nameOf(lineageOf(model, pod), key);
    const before = byLineage.get(name) ?? [];
    before.push({ index, sum: (before.at(-1)?.sum ?? 0) + count });
    byLineage.set(name, before);
    byLife.set(nameOf(pod, key), (byLife.get(nameOf(pod, key)) ?? 0) + count);
  }
  const indexed = [...byLineage].map(([name, sums]) =>
    [
      name,
      new OrderIndex(sums, "before", ({ index }) => index, (a, b) => a.index > b.index),
    ] as const
  );
  return { byLineage: new Map(indexed), byLife, keys };
});

function nameOf(pod: string, key: string): string {
  return `${pod} ${key}`;
}

/** Operations on a key that a pod, over its lives, said could not be kept, up to an index. */
export function rejectedCount(
  model: Model,
  lineage: string,
  key: string,
  beforeIndex = Infinity,
): number {
  const sums = rejectionsOf(model).byLineage.get(nameOf(lineage, key));
  return sums?.before(beforeIndex)?.sum ?? 0;
}

/** Whether somebody said of a key that something could not be kept. */
export function wasRejected(model: Model, key: string): boolean {
  return rejectionsOf(model).keys.has(key);
}

/** As {@linkcode rejectedCount}, in one of its lives. */
export function reportedBy(model: Model, life: string, key: string): number {
  return rejectionsOf(model).byLife.get(nameOf(life, key)) ?? 0;
}

const deathsOf = perModel(({ kills }) => {
  const pods = Map.groupBy(kills, ({ pod }) => pod);
  const indexed = [...pods].map(([pod, own]) =>
    [
      pod,
      new OrderIndex(own, "after", ({ index }) => index, (a, b) => a.index < b.index),
    ] as const
  );
  return new Map(indexed);
});

/** Whether a call's pod died after it with what it had not brought into the store. */
export function diedWith(model: Model, operation: Operation, beforeIndex: number): boolean {
  if (model.settings.durable) return false;
  const death = deathsOf(model).get(operation.pod)?.after(operation.returnIndex);
  return death !== undefined && death.index < beforeIndex;
}

const freezesOf = perModel(({ freezes }) => {
  const pods = Map.groupBy(freezes, ({ pod }) => pod);
  return new Map([...pods].map(([pod, spans]) => [pod, new SpanIndex(spans)]));
});

/** Whether a call's pod stood still for a part of it. */
export function stoodStill(model: Model, { pod, invokeAtMs, returnAtMs }: Operation): boolean {
  return freezesOf(model).get(pod)?.touches(invokeAtMs, returnAtMs) ?? false;
}

/** Faults in which the store answers with a refusal, and the codes of it. */
const REFUSALS: Readonly<Record<string, readonly string[]>> = {
  "oom": ["OOM"],
  "noperm": ["NOPERM"],
  "wrongpass": ["WRONGPASS", "NOAUTH"],
  "disk-full": ["FULL"],
};
const REFUSING = Object.keys(REFUSALS);

const faultsOfKind = perName(({ faults, settings }, name) =>
  new SpanIndex(
    faults.filter(({ kind }) => kind === name).map(({ fromMs, untilMs }) => ({
      fromMs,
      untilMs: untilMs + settings.toleranceMs,
    })),
  )
);

/** Whether the store may have refused a command of a call; with that code, if one is given. */
export function mayBeRefused(
  model: Model,
  { invokeAtMs, returnAtMs }: Operation,
  code?: string,
): boolean {
  const kinds = code === undefined ? REFUSING : kindsWith(code);
  return kinds.some((kind) => faultsOfKind(model, kind).touches(invokeAtMs, returnAtMs));
}

/** The faults by which a code comes: what refuses now and then is named as its code. */
function kindsWith(code: string): readonly string[] {
  return [code.toLowerCase(), ...REFUSING.filter((kind) => REFUSALS[kind]!.includes(code))];
}
