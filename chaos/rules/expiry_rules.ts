/**
 * Rules about time to live (G6), and about sessions that end without a cause (G1).
 *
 * @module
 */

import {
  type Incarnation,
  isWrite,
  type Model,
  type Observation,
  type Operation,
} from "../model.ts";
import { type Evidence, evidenceAbout } from "./death.ts";
import { mayBeDisplaced } from "./displaced.ts";
import { jumpedEnd, jumpedExpiry, surelyLives } from "./jumped_expiry.ts";
import { mayBeLost } from "./loss.ts";
import { OrderIndex } from "./order_index.ts";
import { perName } from "./per_model.ts";
import { isPunctual, mayRenew } from "./renewals.ts";
import { describe, type Rule, type Violation } from "./rule.ts";
import { arrivals, enders } from "./session_ends.ts";
import { hasJumped } from "./store_clock.ts";
import { linksIn } from "./succession.ts";

/** G6: nothing is seen after its time ran out, nor said to live longer than it may. */
export const notTooLate: Rule = {
  name: "expired-in-time",
  guarantees: ["G6"],
  *check(model) {
    const { toleranceMs } = model.settings;
    for (const incarnation of model.incarnations.values()) {
      for (const observation of incarnation.observations) {
        const { by, seen } = observation;
        const limitMs = toleranceMs +
          Math.min(latestExpiry(model, observation), latestEnd(model, incarnation, observation));
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

function tooLate(by: Operation, what: string): Violation {
  return {
    guarantee: "G6",
    rule: "expired-in-time",
    message: `expected a session to expire in time: ${describe(by)} ${what}`,
    ops: [by.op],
  };
}

/** The latest moment at which what a call shows can expire, given the calls begun before its answer. */
export function latestExpiry(model: Model, observation: Observation): number {
  const { by: { returnIndex }, key } = observation;
  return hasJumped(model)
    ? jumpedExpiry(model, observation)
    : renewalsOfKey(model, key).before(returnIndex)?.expiresAtMs ?? Infinity;
}

const renewalsOfKey = perName((model, key) => {
  const { ttlMs, lateBoundMs } = model.settings;
  const renewals = [...(model.byKey.get(key) ?? []), ...arrivals(model, key)]
    .filter((operation) => mayRenew(model, operation))
    .map((operation) => ({
      index: operation.invokeIndex,
      expiresAtMs: ttlMs +
        (isPunctual(model, operation) ? operation.returnAtMs : operation.invokeAtMs + lateBoundMs),
    }));
  return new OrderIndex(
    renewals,
    "before",
    ({ index }) => index,
    (a, b) => a.expiresAtMs > b.expiresAtMs,
  );
});

/** The moment that no renewal can pass. */
function latestEnd(
  model: Model,
  { birth, firstSeenAtMs }: Incarnation,
  observation: Observation,
): number {
  const { maxLifetimeMs } = model.settings;
  if (maxLifetimeMs === undefined || birth === undefined) return Infinity;
  if (hasJumped(model)) return jumpedEnd(model, birth, firstSeenAtMs, observation);
  // An ambiguous creation may have been executed after it was given up.
  const bornAtMs = isPunctual(model, birth) ? birth.returnAtMs : Infinity;
  return Math.min(bornAtMs, firstSeenAtMs) + maxLifetimeMs;
}

/** G1, G6: a session ends only because it was destroyed, rotated, or its time had run out. */
export const notTooEarly: Rule = {
  name: "no-end-without-cause",
  guarantees: ["G1", "G6"],
  *check(model) {
    for (const incarnation of model.incarnations.values()) {
      // Whatever is not found from then on may have been ended.
      const endedIndex = firstEnd(model, incarnation);
      const renewals = renewalsOf(model, incarnation);
      const latestMs = earliestExpiry(model, incarnation, Infinity, renewals);
      for (const end of evidenceAbout(model, incarnation, endedIndex)) {
        if (end.by.invokeAtMs >= latestMs && !hasJumped(model)) break;
        if (end.by.returnIndex > endedIndex) continue;
        if (!isUncaused(model, incarnation, end, renewals)) continue;
        yield withoutCause(model, incarnation, end);
        break;
      }
    }
  },
};

/** When the first call began that can have ended an incarnation. */
function firstEnd(model: Model, { key, birth }: Incarnation): number {
  return endersByEnd(model, key).after(birth?.invokeIndex ?? 0)?.invokeIndex ?? Infinity;
}

const endersByEnd = perName((model, key) =>
  new OrderIndex(
    enders(model, key),
    "after",
    ({ endIndex }) => endIndex,
    (a, b) => a.invokeIndex < b.invokeIndex,
  )
);

function isUncaused(
  model: Model,
  incarnation: Incarnation,
  { by, kind }: Evidence,
  renewals: OrderIndex<Operation>,
): boolean {
  if (kind === "destroyed" || kind === "rotated") return false;
  const { maxStalenessMs, toleranceMs } = model.settings;
  const isCached = by.call.kind === "get" && !by.call.fresh;
  // A pod may remember for as long as its bound that nothing was there.
  if (isCached && by.invokeAtMs < incarnation.firstSeenAtMs + maxStalenessMs + toleranceMs) {
    return false;
  }
  const isInTime = hasJumped(model)
    ? surelyLives(model, incarnation, by, renewalsBy(model, incarnation))
    : by.returnAtMs < earliestExpiry(model, incarnation, by.invokeIndex, renewals) - toleranceMs;
  const { birth } = incarnation;
  return isInTime && !mayBeLost(model, incarnation, by) &&
    !(birth && mayBeDisplaced(model, birth, by));
}

/** Acknowledged calls that renewed this incarnation. */
function renewalsBy(model: Model, incarnation: Incarnation): Operation[] {
  const renewals: Operation[] = [];
  for (const { added } of linksIn(model, incarnation)) {
    for (const operation of added) {
      const renews = operation.fate === "acknowledged" &&
        (isWrite(operation) || operation === incarnation.birth);
      if (renews) renewals.push(operation);
    }
  }
  return renewals;
}

/** As that, by their answers; the last to begin. */
function renewalsOf(model: Model, incarnation: Incarnation): OrderIndex<Operation> {
  return new OrderIndex(
    renewalsBy(model, incarnation),
    "before",
    ({ returnIndex }) => returnIndex,
    (a, b) => a.invokeAtMs > b.invokeAtMs,
  );
}

/** The earliest moment at which it can expire, given the calls answered by an index. */
function earliestExpiry(
  { settings: { ttlMs, maxLifetimeMs } }: Model,
  { birth }: Incarnation,
  index: number,
  renewals: OrderIndex<Operation>,
): number {
  const renewedAtMs = renewals.before(index)?.invokeAtMs ?? -Infinity;
  if (maxLifetimeMs === undefined) return renewedAtMs + ttlMs;
  return Math.min(renewedAtMs + ttlMs, (birth?.invokeAtMs ?? -Infinity) + maxLifetimeMs);
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
