/**
 * Rules about time to live (G6), and about sessions that end without a cause (G1).
 *
 * @module
 */

import { type Incarnation, isWrite, keyOf, type Model, type Operation } from "../model.ts";
import { contained } from "./containment.ts";
import { collectEvidence, enders, type Evidence, evidenceAbout } from "./death.ts";
import { mayBeLost } from "./loss.ts";
import { OrderIndex } from "./order_index.ts";
import { describe, type Rule, type Violation } from "./rule.ts";

/** G6: nothing is seen after its time ran out, nor said to live longer than it may. */
export const notTooLate: Rule = {
  name: "expired-in-time",
  guarantees: ["G6"],
  *check(model) {
    const { toleranceMs } = model.settings;
    const latest = new Map<string, (index: number) => number>();
    for (const incarnation of model.incarnations.values()) {
      const known = latest.get(incarnation.key) ?? latestExpiry(model, incarnation.key);
      latest.set(incarnation.key, known);
      const endMs = latestEnd(model, incarnation);
      for (const { by, seen } of incarnation.observations) {
        const limitMs = Math.min(known(by.returnIndex), endMs) + toleranceMs;
        // Said during the call: counted from its beginning, it is no later than what was meant.
        const saidMs = by.invokeAtMs + seen.expiresInMs;
        if (by.invokeAtMs > limitMs) {
          yield tooLate(by, `is answered after ${Math.round(limitMs)} ms, when it had expired`);
        } else if (saidMs > limitMs) {
          yield tooLate(by, `says that it lives until ${Math.round(saidMs)} ms`);
        }
      }
    }
  },
};

/** What writing a journal down may take. */
const JOURNAL_MS = 20;

function tooLate(by: Operation, what: string): Violation {
  return {
    guarantee: "G6",
    rule: "expired-in-time",
    message: `expected a session to expire in time: ${describe(by)} ${what}`,
    ops: [by.op],
  };
}

/** The latest moment at which what lives under a key can expire, given the calls begun by an index. */
export function latestExpiry(model: Model, key: string): (index: number) => number {
  const { ttlMs, lateBoundMs } = model.settings;
  const renewals = model.operations.filter((operation) =>
    mayRenew(operation) &&
    (operation.key === key ||
      (operation.call.to !== undefined && keyOf(operation.call.to) === key))
  ).map((operation) => ({
    index: operation.invokeIndex,
    expiresAtMs: ttlMs +
      (isPunctual(model, operation) ? operation.returnAtMs : operation.invokeAtMs + lateBoundMs),
  }));
  const byIndex = new OrderIndex(
    renewals,
    "before",
    ({ index }) => index,
    (a, b) => a.expiresAtMs > b.expiresAtMs,
  );
  return (index) => byIndex.before(index)?.expiresAtMs ?? Infinity;
}

/** Whether a call may have given a session its time anew: what it found keeps its own. */
function mayRenew({ call, op, fate, result, isDegraded }: Operation): boolean {
  if (fate === "failed" || call.kind === "get") return false;
  if (call.kind === "getOrCreate" && result?.kind === "session") {
    return result.session.context.b === op;
  }
  return isDegraded || result?.kind !== "boolean" || result.value;
}

/** Whether a call counts from no later than its answer: what waited counts from when it was accepted. */
function isPunctual({ settings }: Model, { fate, invokeAtMs, returnAtMs }: Operation): boolean {
  // What had been sent before it was accepted may be executed late, as any command.
  const isAtOnce = returnAtMs - invokeAtMs <= settings.toleranceMs + JOURNAL_MS;
  return fate === "acknowledged" || (fate === "journaled" && isAtOnce);
}

/** The moment that no renewal can pass. */
function latestEnd(model: Model, { birth, firstSeenAtMs }: Incarnation): number {
  const { maxLifetimeMs } = model.settings;
  if (maxLifetimeMs === undefined || birth === undefined) return Infinity;
  // An ambiguous creation may have been executed after it was given up.
  const bornAtMs = isPunctual(model, birth) ? birth.returnAtMs : Infinity;
  return Math.min(bornAtMs, firstSeenAtMs) + maxLifetimeMs;
}

/** G1, G6: a session ends only because it was destroyed, rotated, or its time had run out. */
export const notTooEarly: Rule = {
  name: "no-end-without-cause",
  guarantees: ["G1", "G6"],
  *check(model) {
    const byKey = collectEvidence(model);
    for (const incarnation of model.incarnations.values()) {
      const evidence = evidenceAbout(incarnation, byKey);
      if (evidence.length === 0) continue;
      const causes = enders(model, incarnation.key);
      const renewals = renewalsOf(model, incarnation);
      for (const end of evidence) {
        if (!isUncaused(model, incarnation, end, causes, renewals)) continue;
        yield withoutCause(model, incarnation, end);
        break;
      }
    }
  },
};

function isUncaused(
  model: Model,
  incarnation: Incarnation,
  { by, kind }: Evidence,
  causes: readonly Operation[],
  renewals: readonly Operation[],
): boolean {
  if (kind === "destroyed" || kind === "rotated") return false;
  const { maxStalenessMs, toleranceMs } = model.settings;
  const isCached = by.call.kind === "get" && !by.call.fresh;
  // A pod may remember for as long as its bound that nothing was there.
  if (isCached && by.invokeAtMs < incarnation.firstSeenAtMs + maxStalenessMs + toleranceMs) {
    return false;
  }
  const bornIndex = incarnation.birth?.invokeIndex ?? 0;
  const isEnded = causes.some((cause) =>
    cause.invokeIndex < by.returnIndex && cause.endIndex > bornIndex
  );
  if (mayBeLost(model, incarnation, by)) return false;
  return !isEnded && by.returnAtMs < earliestExpiry(model, incarnation, by, renewals) - toleranceMs;
}

/** Acknowledged calls that renewed this incarnation. */
function renewalsOf(model: Model, incarnation: Incarnation): Operation[] {
  const known = new Set<Operation>();
  for (const observation of incarnation.observations) {
    for (const operation of contained(model, observation)) known.add(operation);
  }
  return [...known].filter(({ fate }) => fate === "acknowledged");
}

function earliestExpiry(
  model: Model,
  incarnation: Incarnation,
  by: Operation,
  renewals: readonly Operation[],
): number {
  const { ttlMs, maxLifetimeMs } = model.settings;
  let renewedAtMs = -Infinity;
  for (const renewal of renewals) {
    const isRenewal = isWrite(renewal) || renewal === incarnation.birth;
    if (isRenewal && renewal.returnIndex < by.invokeIndex) {
      renewedAtMs = Math.max(renewedAtMs, renewal.invokeAtMs);
    }
  }
  const endMs = maxLifetimeMs === undefined
    ? Infinity
    : (incarnation.birth?.invokeAtMs ?? -Infinity) + maxLifetimeMs;
  return Math.min(renewedAtMs + ttlMs, endMs);
}

function withoutCause(model: Model, incarnation: Incarnation, { by }: Evidence): Violation {
  const told = by.result?.kind === "not-found" ? ` ("${by.result.reason}")` : "";
  const last = incarnation.observations.at(-1)!;
  const isSurvival = model.kills.length + model.restarts.length > 0 &&
    !told.includes("expired");
  return {
    guarantee: isSurvival ? "G1" : "G6",
    rule: "no-end-without-cause",
    message: `expected the session ${incarnation.key} to be there: nobody destroyed it and its ` +
      `time had not run out, but ${describe(by)} did not find it${told}`,
    ops: [by.op, last.by.op],
  };
}
