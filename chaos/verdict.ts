/**
 * What a whole run comes to.
 *
 * @module
 */

import type { CampaignResult } from "./campaign_result.ts";
import type { FaultKind, StoreKind } from "./fault_kinds.ts";
import type { ChaosReport, RunVerdict } from "./report.ts";
import { whyWorthless } from "./worth.ts";

/** What a run's exit code says. */
export const EXIT_CODES = {
  "held": 0,
  "violated": 1,
  "could-not-run": 2,
  "proved-nothing": 3,
} as const satisfies Readonly<Record<RunVerdict, number>>;

/** One backend's part of a run. */
export interface BackendOutcome {
  /** As people know it. */
  readonly name: string;
  /** What its store is like, as far as faults are concerned. */
  readonly store: StoreKind;
  /** The faults that could be made on it. */
  readonly faults: readonly FaultKind[];
  readonly results: readonly CampaignResult[];
}

/** What it comes to, and why it is no good: a sentence each; violations have texts of their own. */
export type Judgement = Pick<ChaosReport, "verdict" | "problems">;

/** What a judgement is about besides. */
export interface JudgedRun {
  /** The faults that were asked for by name; undefined: all. */
  readonly selected: readonly FaultKind[] | undefined;
  /** What could not be run at all. */
  readonly failures?: readonly string[];
  /** Whether one case was repeated, which proves nothing by itself, and need not. */
  readonly isReplay?: boolean;
}

/** Judges a run: a violation counts before all else, and what is undecided is not good. */
export function judge(outcomes: readonly BackendOutcome[], run: JudgedRun): Judgement {
  const results = outcomes.flatMap((outcome) => outcome.results);
  if (results.some(({ finding }) => finding !== undefined)) {
    return { verdict: "violated", problems: [] };
  }
  const problems = [...run.failures ?? [], ...outcomes.flatMap(problemsOf)];
  if (problems.length > 0) return { verdict: "could-not-run", problems };
  if (run.isReplay) return { verdict: "held", problems };
  const tallies = outcomes.map(({ results, ...outcome }) => ({
    ...{ ...outcome, tallies: results.map(({ tally }) => tally) },
  }));
  const reasons = whyWorthless(tallies, run.selected)
    .map((reason) => `This run proves nothing: ${reason}.`);
  return { verdict: reasons.length > 0 ? "proved-nothing" : "held", problems: reasons };
}

function problemsOf({ name, results }: BackendOutcome): string[] {
  return results.flatMap(({ toolFailure, tally }) => [
    ...(toolFailure === undefined ? [] : [`${name}: ${toolFailure}`]),
    ...(tally.undecided === 0 ? [] : [`${name}: ${tally.undecided} undecided`]),
  ]);
}
