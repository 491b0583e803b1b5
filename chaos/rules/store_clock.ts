/**
 * The store's clock beside the run's: a jump of it (`store-clock-jump`) moves all that the store counts, and nothing that
 * a pod counts by itself.
 *
 * @module
 */

import type { Model } from "../model.ts";
import { perModel } from "./per_model.ts";

/** How far the store's clock was ahead of the run's for a while, all jumps so far together. */
interface Offset {
  readonly fromMs: number;
  readonly untilMs: number;
  readonly ms: number;
}

const offsetsOf = perModel(({ faults }): readonly Offset[] => {
  const jumps = faults.filter(({ kind }) => kind === "store-clock-jump")
    .sort((a, b) => a.fromMs - b.fromMs);
  let ms = 0;
  return [undefined, ...jumps].map((jump, index) => ({
    fromMs: jump?.fromMs ?? -Infinity,
    // During a jump that takes a while both may be right.
    untilMs: jumps[index]?.untilMs ?? Infinity,
    ms: ms += Number(jump?.detail ?? 0),
  }));
});

/** Whether it jumped at all. */
export function hasJumped(model: Model): boolean {
  return offsetsOf(model).length > 1;
}

/** Whether it was, at some moment, ahead of what it had been at another by less than so much, and not by nothing. */
export function movedLittle(model: Model, mostMs: number): boolean {
  const all = offsetsOf(model);
  return all.some((one) => all.some(({ ms }) => ms !== one.ms && Math.abs(ms - one.ms) <= mostMs));
}

/** The least that it was ahead of the run's between two moments; behind is less than zero. */
export function leastAhead(model: Model, fromMs: number, untilMs: number): number {
  return Math.min(...within(model, fromMs, untilMs).map(({ ms }) => ms));
}

/** The most that it was ahead of the run's between two moments. */
export function mostAhead(model: Model, fromMs: number, untilMs: number): number {
  return Math.max(...within(model, fromMs, untilMs).map(({ ms }) => ms));
}

/** The earliest time that it told between two moments. */
export function earliestTold(model: Model, fromMs: number, untilMs: number): number {
  return Math.min(
    ...within(model, fromMs, untilMs).map((offset) => Math.max(fromMs, offset.fromMs) + offset.ms),
  );
}

/** The latest time that it told between two moments. */
export function latestTold(model: Model, fromMs: number, untilMs: number): number {
  return Math.max(
    ...within(model, fromMs, untilMs).map((offset) =>
      Math.min(untilMs, offset.untilMs) + offset.ms
    ),
  );
}

function within(model: Model, fromMs: number, untilMs: number): readonly Offset[] {
  return offsetsOf(model).filter((offset) => offset.fromMs <= untilMs && offset.untilMs >= fromMs);
}
