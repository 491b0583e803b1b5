/**
 * Whether a run proves anything.
 *
 * @module
 */

import type { Tally } from "./campaign.ts";
import type { FaultKind } from "./fault_kinds.ts";

/** One target's run, for the question whether it proves anything. */
export interface TargetTally {
  readonly name: string;
  readonly faults: readonly FaultKind[];
  readonly tallies: readonly Tally[];
}

/** Calls below which a run says nothing. */
const LEAST_OPERATIONS = 20;
/** Histories among which every kind of fault should have been. */
const HISTORIES_FOR_ALL_FAULTS = 150;

/** Why a run proves nothing; none when it does. */
export function whyWorthless(
  targets: readonly TargetTally[],
  selected: readonly FaultKind[] | undefined,
): string[] {
  if (targets.length === 0) return ["no backend was tested"];
  const reasons: string[] = [];
  for (const { name, tallies } of targets) {
    const operations = sum(tallies, (tally) => tally.operations);
    if (operations < LEAST_OPERATIONS) {
      reasons.push(`${name}: ${operations} operations are too few; raise --runs or --time-limit`);
    } else if (sum(tallies, (tally) => tally.sharedSessions) === 0) {
      reasons.push(`${name}: no session was touched by two pods; raise --runs`);
    }
  }
  return [...reasons, ...faultsThatNeverFired(targets, selected)];
}

function faultsThatNeverFired(
  targets: readonly TargetTally[],
  selected: readonly FaultKind[] | undefined,
): string[] {
  const wanted = selected ?? [...new Set(targets.flatMap(({ faults }) => faults))];
  return wanted.flatMap((kind) => {
    const able = targets.filter(({ faults }) => faults.includes(kind));
    if (able.length === 0) return [`the fault ${kind} cannot be made on the backends chosen`];
    const tallies = able.flatMap((target) => target.tallies);
    const fired = sum(tallies, ({ faults }) => faults.get(kind) ?? 0);
    const histories = sum(tallies, (tally) => tally.histories);
    // Not asked for by name, a fault may be missing from a short run.
    const isExpected = selected !== undefined || histories >= HISTORIES_FOR_ALL_FAULTS;
    return fired === 0 && isExpected
      ? [`the fault ${kind} never fired in ${histories} histories; raise --runs or --time-limit`]
      : [];
  });
}

function sum(tallies: readonly Tally[], count: (tally: Tally) => number): number {
  return tallies.reduce((total, tally) => total + count(tally), 0);
}
