/** Random copies to give back, beside the random batches of `redis_batches.ts`. */

import fc from "fast-check";
import type { HealRequest, SessionState, WriterEntry } from "../core/storage_adapter.ts";
import { capacities, contexts, holders, type Late, LONG_MS, rarely } from "./redis_batches.ts";

const trajectories = fc.record({
  dimension: fc.integer({ min: 1, max: 2 }),
  count: fc.integer({ min: 0, max: 5 }),
}).map(({ dimension, count }) =>
  Array.from({ length: count }, (_, at) => new Uint8Array(dimension * 4).fill(at))
);

/** How the copy's entry of a writer differs from the one that was read. */
const drifts = fc.record({
  writer: fc.constantFrom("w1", "w2", "w3", "w4"),
  seqAhead: rarely(0, -2, -1, 1, 2),
  isDropped: rarely(false, true),
});

/** Copies as they were read once, and what they might have become since. */
const copies: fc.Arbitrary<Late<SessionState>> = fc.record({
  ago: fc.nat({ max: 3 }),
  incarnation: fc.constantFrom(undefined, undefined, undefined, "n1", "n2", "n3"),
  madeLaterMs: fc.constantFrom(0, 0, -1, 1, LONG_MS),
  versionAhead: fc.constantFrom(0, 0, -1, 1, 2),
  drifts: fc.array(drifts, { maxLength: 3 }),
  floorAgoMs: fc.constantFrom(undefined, undefined, 0, 2, LONG_MS),
  expiresInMs: fc.constantFrom(undefined, undefined, 0, 2, LONG_MS),
  absolute: rarely(false, true),
  contents: fc.option(fc.tuple(contexts, capacities, trajectories), { nil: undefined }),
}).map((chosen) => ({ nowMs, seen }) => {
  const base = seen.at(-1 - chosen.ago) ?? seen.at(-1) ?? newborn(nowMs);
  const expiresAtMs = chosen.expiresInMs === undefined
    ? base.expiresAtMs
    : nowMs + chosen.expiresInMs;
  const [context, capacity, trajectory] = chosen.contents ?? [];
  return {
    ...base,
    incarnation: chosen.incarnation ?? base.incarnation,
    incarnationAtMs: base.incarnationAtMs + chosen.madeLaterMs,
    version: Math.max(1, base.version + chosen.versionAhead),
    expiresAtMs,
    absoluteExpiresAtMs: chosen.absolute ? expiresAtMs + 1 : base.absoluteExpiresAtMs,
    writers: drifted(base, chosen.drifts, nowMs),
    floorMs: chosen.floorAgoMs === undefined ? base.floorMs : nowMs - chosen.floorAgoMs,
    ...(context && { context: new Map(context), capacity: capacity!, trajectory: trajectory! }),
  };
});

function drifted(
  base: SessionState,
  changes: readonly { writer: string; seqAhead: number; isDropped: boolean }[],
  nowMs: number,
): ReadonlyMap<string, WriterEntry> {
  const writers = new Map(base.writers);
  const { incarnation, version } = base;
  for (const { writer, seqAhead, isDropped } of changes) {
    const entry = writers.get(writer) ??
      { seq: 2, incarnation, version, atMs: nowMs - 2, occupied: false };
    if (isDropped) writers.delete(writer);
    else writers.set(writer, { ...entry, seq: Math.max(1, entry.seq + seqAhead) });
  }
  return writers;
}

function newborn(nowMs: number): SessionState {
  return {
    incarnation: "n1",
    version: 1,
    tag: "w1:1",
    incarnationAtMs: nowMs - 3,
    createdAtMs: nowMs - 5,
    expiresAtMs: nowMs + LONG_MS,
    absoluteExpiresAtMs: undefined,
    context: new Map([["a", "1"]]),
    capacity: 2,
    trajectory: [],
    writers: new Map(),
    floorMs: 0,
  };
}

/** Heals. */
export const heals: fc.Arbitrary<Late<HealRequest>> = fc.record({
  copy: copies,
  notAfterInMs: rarely(LONG_MS, -1, 0),
  graceMs: fc.constantFrom(LONG_MS, 0, 2),
  holder: holders,
}).map(({ copy, notAfterInMs, graceMs, holder }) => (moment) => ({
  state: copy(moment),
  notAfterMs: moment.nowMs + notAfterInMs,
  graceMs,
  ...(holder === undefined ? {} : { holder }),
}));
