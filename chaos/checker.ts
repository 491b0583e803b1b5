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
import { recoversInTime } from "./rules/recovery_rules.ts";
import type { Rule, Violation } from "./rules/rule.ts";
import { staleness } from "./rules/staleness_rules.ts";
import { versionOrder } from "./rules/version_rules.ts";
import { LimitReached, WorkMeter } from "./work_meter.ts";

export type { Violation } from "./rules/rule.ts";

/** What the checker says. Undecided is not good: the history proves nothing either way. */
export type Verdict =
  | { readonly verdict: "holds" }
  | { readonly verdict: "violated"; readonly violations: readonly Violation[] }
  | { readonly verdict: "undecided"; readonly reason: string };

/** Bounds of the check, of its time and of its memory. Beyond them it is undecided, unless something was found. */
export interface CheckOptions {
  /** Longest history that is judged, in events. @default 5000000 */
  readonly maxEvents?: number;
  /** Most sessions' states that the history may show, all together. @default 2500000 */
  readonly maxStates?: number;
  /** Longest time, in milliseconds. @default none */
  readonly timeLimitMs?: number;
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
  recoversInTime,
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
  const { maxEvents = 5_000_000, maxStates = 2_500_000, maxViolations = 20 } = options;
  const { length } = history.events;
  if (length > maxEvents) {
    return undecided(`the history has ${length} events, more than ${maxEvents}`);
  }
  const states = statesIn(history);
  if (states > maxStates) return undecided(`it shows ${states} states, more than ${maxStates}`);
  const violations: Violation[] = [];
  try {
    const model = buildModel(history, new WorkMeter(options.timeLimitMs));
    for (const violation of findViolations(model)) {
      violations.push(violation);
      if (violations.length >= maxViolations) break;
    }
    if (violations.length > 0) return { verdict: "violated", violations };
    return model.isComplete
      ? { verdict: "holds" }
      : undecided("the history was cut off before its end");
  } catch (error) {
    if (!(error instanceof LimitReached)) throw error;
    // What was found until then is no less true.
    return violations.length > 0 ? { verdict: "violated", violations } : undecided(error.message);
  }
}

function undecided(reason: string): Verdict {
  return { verdict: "undecided", reason };
}

function statesIn({ events }: History): number {
  let states = 0;
  for (const event of events) {
    if (event.type === "return" && event.result.kind === "session") states++;
  }
  return states;
}

function* findViolations(model: Model): Generator<Violation> {
  for (const rule of RULES) {
    model.meter.look();
    yield* rule.check(model);
  }
}
