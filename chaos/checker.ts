/**
 * Judges a history by the guarantees. It shares no code with the library.
 *
 * @module
 */

import type { History } from "./history.ts";
import { buildModel, type Model } from "./model.ts";
import { failOpen, noWaiting } from "./rules/availability_rules.ts";
import { documentedEnds, recovery } from "./rules/call_rules.ts";
import { atomic, exactlyOnce, isolation, phantom, realTimeOrder } from "./rules/contents_rules.ts";
import {
  degradedDestroys,
  degradedInTime,
  meantForAnother,
  ownDegradedWrites,
  pendingTold,
} from "./rules/degraded_rules.ts";
import { notTooEarly, notTooLate } from "./rules/expiry_rules.ts";
import { drained, honestReports, journaledWrites } from "./rules/journaled_rules.ts";
import {
  acknowledgedWrites,
  incrementAnswers,
  ownResult,
  rotationKeepsState,
} from "./rules/presence_rules.ts";
import { noResurrection, noWriteToTheDead, oneBirth } from "./rules/resurrection_rules.ts";
import type { Rule, Violation } from "./rules/rule.ts";
import { staleness } from "./rules/staleness_rules.ts";
import { versionOrder } from "./rules/version_rules.ts";

export type { Violation } from "./rules/rule.ts";

/** What the checker says. Undecided is not good: the history proves nothing either way. */
export type Verdict =
  | { readonly verdict: "holds" }
  | { readonly verdict: "violated"; readonly violations: readonly Violation[] }
  | { readonly verdict: "undecided"; readonly reason: string };

/** Bounds of the check. */
export interface CheckOptions {
  /** Longest history that is judged, in events. @default 2000000 */
  readonly maxEvents?: number;
  /** Violations after which it stops looking. @default 20 */
  readonly maxViolations?: number;
}

/** All rules; those whose finding explains the others come first. */
export const RULES: readonly Rule[] = [
  isolation,
  exactlyOnce,
  phantom,
  noResurrection,
  noWriteToTheDead,
  oneBirth,
  notTooLate,
  notTooEarly,
  acknowledgedWrites,
  staleness,
  versionOrder,
  atomic,
  realTimeOrder,
  ownResult,
  incrementAnswers,
  rotationKeepsState,
  journaledWrites,
  honestReports,
  degradedDestroys,
  ownDegradedWrites,
  degradedInTime,
  pendingTold,
  meantForAnother,
  failOpen,
  noWaiting,
  drained,
  recovery,
  documentedEnds,
];

/**
 * Checks a history.
 *
 * @example
 * ```ts
 * import { checkHistory, readHistory } from "@hakgal/sessions/chaos";
 *
 * const settings = {
 *   ttlMs: 60_000,
 *   commandTimeoutMs: 1_000,
 *   maxStalenessMs: 1_000,
 *   capacity: 10,
 *   lateBoundMs: 5_000,
 *   toleranceMs: 5,
 * };
 * const text = [settings, { type: "end", atMs: 0 }].map((line) => JSON.stringify(line)).join("\n");
 * console.assert(checkHistory(readHistory(text)).verdict === "holds");
 * ```
 */
export function checkHistory(history: History, options: CheckOptions = {}): Verdict {
  const { maxEvents = 2_000_000, maxViolations = 20 } = options;
  if (history.events.length > maxEvents) {
    return {
      verdict: "undecided",
      reason: `the history has ${history.events.length} events, more than ${maxEvents}`,
    };
  }
  const model = buildModel(history);
  const violations = findViolations(model, maxViolations);
  if (violations.length > 0) return { verdict: "violated", violations };
  return model.isComplete
    ? { verdict: "holds" }
    : { verdict: "undecided", reason: "the history was cut off before its end" };
}

function findViolations(model: Model, most: number): Violation[] {
  const found: Violation[] = [];
  for (const rule of RULES) {
    for (const violation of rule.check(model)) {
      found.push(violation);
      if (found.length >= most) return found;
    }
  }
  return found;
}
