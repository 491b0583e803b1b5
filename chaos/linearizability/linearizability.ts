/**
 * Whether the calls of each session can have happened one after the other: a check beside the rules, which go by versions.
 *
 * Strict linearizability is promised for writes and their answers, and for reads that ask the store. Copies may be behind,
 * what is answered while the store is away may be too, and after a loss of memory nothing is promised: the sessions of
 * such a history are left out.
 *
 * @module
 */

import type { History } from "../history.ts";
import { buildModel, keyOf, type Model, type Operation } from "../model.ts";
import { wasEvicted } from "../rules/eviction.ts";
import { hasLost, wasReported } from "../rules/loss.ts";
import { describe, type Violation } from "../rules/rule.ts";
import { LimitReached, WorkMeter } from "../work_meter.ts";
import { Search, type Unexplained } from "./search.ts";
import { type Step, stepsOf } from "./steps.ts";

/** Bounds of the search. */
export interface LinearizabilityOptions {
  /** Calls to a session, and to those that rotations connect it with, at most. @default 200 */
  readonly maxOperations?: number;
  /** Calls to it without an outcome, at most. @default 8 */
  readonly maxAmbiguous?: number;
  /** States searched for each, at most. @default 20000 */
  readonly maxStates?: number;
  /** Longest time for each, in milliseconds. @default 1000 */
  readonly timeLimitMs?: number;
}

/** Sessions that were not decided, by the reason. */
export interface LeftOut {
  /** The store lost its memory, or the record, or it was reported that something is lost. */
  readonly lost: number;
  /** More calls than `maxOperations`. */
  readonly tooLong: number;
  /** More calls without an outcome than `maxAmbiguous`. */
  readonly tooAmbiguous: number;
  /** A limit was reached. */
  readonly undecided: number;
}

/** What the search says of a history; sessions that rotations connect count as one. */
export interface Linearizability {
  /** `violated` when a session has no order; `undecided` when none was decided. */
  readonly verdict: "holds" | "violated" | "undecided";
  /** One for each session without an order. */
  readonly violations: readonly Violation[];
  /** Sessions for which there is an order. */
  readonly explained: number;
  /** Sessions that were not decided. */
  readonly leftOut: LeftOut;
}

/** Searches for an order of the calls of each session; sessions do not exist when the history begins. */
export function checkLinearizability(
  history: History,
  options: LinearizabilityOptions = {},
): Linearizability {
  const model = buildModel(history);
  const leftOut = { lost: 0, tooLong: 0, tooAmbiguous: 0, undecided: 0 };
  const violations: Violation[] = [];
  let explained = 0;
  for (const operations of connected(model)) {
    const end = examine(model, operations, options);
    if (end === "explained") explained++;
    else if (typeof end === "string") leftOut[end]++;
    else violations.push(violation(end));
  }
  const isDecided = explained > 0 || Object.values(leftOut).every((count) => count === 0);
  const verdict = violations.length > 0 ? "violated" : isDecided ? "holds" : "undecided";
  return { verdict, violations, explained, leftOut };
}

function examine(
  model: Model,
  operations: readonly Operation[],
  { maxOperations = 200, maxAmbiguous = 8, maxStates = 20_000, timeLimitMs = 1_000 }:
    LinearizabilityOptions,
): "explained" | keyof LeftOut | Unexplained {
  const isTouched = ({ key }: Operation) => wasReported(model, key) || wasEvicted(model, key);
  if (hasLost(model) || operations.some(isTouched)) return "lost";
  if (operations.length > maxOperations) return "tooLong";
  const steps = stepsOf(model, operations);
  if (steps.filter(isAmbiguous).length > maxAmbiguous) return "tooAmbiguous";
  try {
    const limits = { meter: new WorkMeter(timeLimitMs), maxStates };
    return new Search(model, steps, limits).run() ?? "explained";
  } catch (error) {
    if (error instanceof LimitReached) return "undecided";
    throw error;
  }
}

/** Whether a call may take effect at any later moment: one that was answered has done so, or never will. */
function isAmbiguous({ isOptional, operation: { fate } }: Step): boolean {
  return isOptional && fate !== "acknowledged";
}

/** The calls by session; those that rotations connect are together. */
function connected({ operations }: Model): Iterable<readonly Operation[]> {
  const parents = new Map<string, string>();
  const rootOf = (key: string): string => {
    const parent = parents.get(key) ?? key;
    return parent === key ? key : rootOf(parent);
  };
  for (const { key, call } of operations) {
    if (call.to !== undefined) parents.set(rootOf(key), rootOf(keyOf(call.to)));
  }
  return Map.groupBy(operations, ({ key }) => rootOf(key)).values();
}

function violation({ done, of, stuck }: Unexplained): Violation {
  return {
    guarantee: "G2",
    rule: "linearizable",
    message: `expected an order of the calls that explains every answer; after ${done} of ${of} ` +
      `steps none fits: ${stuck.slice(0, 3).map(describe).join("; ")}`,
    ops: stuck.map(({ op }) => op),
  };
}
