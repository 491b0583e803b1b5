/**
 * Targets, and whether a figure reaches them.
 *
 * @module
 */

import { type Race, standingOf } from "./rounds.ts";
import { pairedRatio } from "./statistics.ts";

/** In what a figure is given. */
export type Unit = "/s" | "ms" | "µs" | "B" | "×" | "";

/** A figure and its unit. */
export interface Quantity {
  readonly value: number;
  readonly unit: Unit;
}

/** What was measured, what was wanted, and whether it was reached. */
export interface Verdict {
  /** Which of a case's targets it is, e.g. `rate`. */
  readonly what: string;
  readonly ours: Quantity;
  /** What it is compared with. */
  readonly against?: Quantity & { readonly name: string };
  /** Ours in parts of the other. */
  readonly ratio?: number;
  readonly target: Target;
  /** False where it rests on rates that lay too far apart. */
  readonly isSteady: boolean;
  /** `unmeasured` where what it is compared with took no part. */
  readonly state: "reached" | "missed" | "unmeasured";
}

/** A bound on a ratio (with `of`) or on a figure (without). */
export interface Target {
  readonly sense: "at least" | "at most";
  readonly bound: number;
  /** Whose figure is multiplied by the bound. */
  readonly of?: string;
}

/** A rate that is to be at least `bound` × another contestant's. */
export function rateAtLeast(
  race: Race,
  { what = "rate", ours = "ours", against, bound }: {
    readonly what?: string;
    readonly ours?: string;
    readonly against: string;
    readonly bound: number;
  },
): Verdict {
  const mine = standingOf(race, ours);
  const other = standingOf(race, against);
  const ratio = pairedRatio(mine.rounds, other.rounds);
  return {
    what,
    ours: { value: mine.median, unit: "/s" },
    against: { name: against, value: other.median, unit: "/s" },
    ratio,
    target: { sense: "at least", bound, of: against },
    isSteady: race.isSteady,
    state: ratio >= bound ? "reached" : "missed",
  };
}

/** A rate that is to be at least `bound` × that of the fastest of some contestants; unmeasured when there are none. */
export function rateAtLeastBest(
  race: Race,
  { what, names, of, bound }: {
    readonly what: string;
    readonly names: readonly string[];
    /** What the target calls them. */
    readonly of: string;
    readonly bound: number;
  },
): Verdict {
  const there = names.map((name) => race.standings.find((standing) => standing.name === name))
    .filter((standing) => standing !== undefined);
  const [best] = there.sort((a, b) => b.median - a.median);
  if (!best) {
    return {
      what,
      ours: { value: standingOf(race, "ours").median, unit: "/s" },
      target: { sense: "at least", bound, of },
      isSteady: race.isSteady,
      state: "unmeasured",
    };
  }
  const verdict = rateAtLeast(race, { what, against: best.name, bound });
  return { ...verdict, target: { sense: "at least", bound, of } };
}

/** A figure that is to be at most `bound`, or `bound` × another figure. */
export function atMost(
  what: string,
  ours: Quantity,
  bound: number,
  against?: Quantity & { readonly name: string },
): Verdict {
  const ratio = against && ours.value / against.value;
  const isReached = (ratio ?? ours.value) <= bound;
  return {
    what,
    ours,
    ...(against && { against }),
    ...(ratio !== undefined && { ratio }),
    target: { sense: "at most", bound, ...(against && { of: against.name }) },
    isSteady: true,
    state: isReached ? "reached" : "missed",
  };
}

/** A figure that is to be at least `bound`. */
export function atLeast(what: string, ours: Quantity, bound: number): Verdict {
  return {
    what,
    ours,
    target: { sense: "at least", bound },
    isSteady: true,
    state: ours.value >= bound ? "reached" : "missed",
  };
}
