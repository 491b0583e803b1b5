/**
 * Whether a run proves anything.
 *
 * @module
 */

import type { Tally } from "./campaign_result.ts";
import type { FaultKind, StoreKind } from "./fault_kinds.ts";
import { historiesFor } from "./fault_turns.ts";
import { SOMETIMES } from "./sometimes.ts";

/** One target's run, for the question whether it proves anything. */
export interface TargetTally {
  readonly name: string;
  readonly store: StoreKind;
  readonly faults: readonly FaultKind[];
  readonly tallies: readonly Tally[];
}

/** Calls below which a run says nothing. */
const LEAST_OPERATIONS = 20;

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
  return [...reasons, ...faultsThatNeverFired(targets, selected), ...neverSeen(targets)];
}

/** What has to be seen sometimes, could have been, and was not. */
function neverSeen(targets: readonly TargetTally[]): string[] {
  return SOMETIMES.flatMap(({ name, stores, faults, histories: needed, reachedBy }) => {
    const able = targets.filter(({ store }) => stores.includes(store));
    const tallies = able.flatMap((target) => target.tallies);
    const histories = sum(tallies, (tally) =>
      faults === undefined
        ? tally.histories
        // The kind that was made most often: one history may have had several of them.
        : Math.max(...faults.map((kind) => tally.historiesWith.get(kind) ?? 0)));
    const seen = sum(tallies, ({ sometimes }) => sometimes.get(name) ?? 0);
    return seen > 0 || histories < needed
      ? []
      : [`${name} was never seen in ${histories} histories that could reach it: ${reachedBy}`];
  });
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
    const kinds = Math.max(...able.map(({ faults }) => faults.length));
    const isExpected = selected !== undefined || histories >= historiesFor(kind, kinds);
    return fired === 0 && isExpected
      ? [`the fault ${kind} never fired in ${histories} histories; raise --runs or --time-limit`]
      : [];
  });
}

function sum(tallies: readonly Tally[], count: (tally: Tally) => number): number {
  return tallies.reduce((total, tally) => total + count(tally), 0);
}
