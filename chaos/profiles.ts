/**
 * How a case's faults are put together.
 *
 * @module
 */

import type { FaultKind } from "./fault_kinds.ts";

/** A profile's name, as `--profile` takes it. */
export type Profile =
  /** One kind of fault a history: what fails names its cause. */
  | "single"
  /** A random subset of the kinds, overlapping. */
  | "swarm"
  /** As `swarm`, and the faults stop at a point: everything recovers within a bound, while calls go on. */
  | "liveness";

/** Every profile, with its share of a run in which none is chosen, in percent. */
export const PROFILES: Readonly<Record<Profile, number>> = { single: 60, swarm: 30, liveness: 10 };

/** What decides on the faults of one case, as numbers that are drawn. */
export interface FaultDraw {
  /** From 0 to 99. */
  readonly profile: number;
  /** Each picks a kind. */
  readonly kinds: readonly number[];
}

/** The profile that a number from 0 to 99 stands for. */
export function profileOf(draw: number, chosen: Profile | undefined): Profile {
  if (chosen !== undefined) return chosen;
  if (draw < PROFILES.single) return "single";
  return draw < PROFILES.single + PROFILES.swarm ? "swarm" : "liveness";
}

/** The kinds that a case's faults are of. */
export function poolOf(
  profile: Profile,
  { kinds }: Pick<FaultDraw, "kinds">,
  possible: readonly FaultKind[],
): readonly FaultKind[] {
  const drawn = kinds.map((number) => possible[number % possible.length]!);
  return profile === "single" ? drawn.slice(0, 1) : [...new Set(drawn)];
}

/** Whether a case of the profile `liveness` that was not chosen by name ends its faults early where time is real. */
export function isWorthTheWait({ profile }: Pick<FaultDraw, "profile">): boolean {
  return profile >= 100 - REAL_LIVENESS_SHARE;
}

/** As {@linkcode PROFILES} where time is real: the recovery takes longer than the rest of the history. */
const REAL_LIVENESS_SHARE = 2;

/** Before which call of so many the faults end, counted from 1. */
export function healedAt(ops: number): number {
  return Math.max(1, Math.ceil(ops * LIVENESS_SHARE));
}

/** The share of the calls that faults may hit, where they stop at a point. */
const LIVENESS_SHARE = 0.6;
