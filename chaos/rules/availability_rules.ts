/**
 * Rules about calls while the store is away: they are answered, and soon (G8).
 *
 * @module
 */

import { type FaultWindow, isWrite, keyOf, type Model, type Operation } from "../model.ts";
import { wasEvicted } from "./eviction.ts";
import { mayHaveLost } from "./loss.ts";
import { OrderIndex } from "./order_index.ts";
import { mayBeRefused, rejectedCount, stoodStill } from "./outage.ts";
import { callsOf, mayHaveRunOut } from "./own_calls.ts";
import { perModel } from "./per_model.ts";
import { describe, type Rule } from "./rule.ts";
import { enders, lineageOf, mayHaveEnded } from "./session_ends.ts";
import { SpanIndex } from "./span_index.ts";

/** G8: no call fails because the store is away, where the owner wants that. */
export const failOpen: Rule = {
  name: "fail-open",
  guarantees: ["G8"],
  *check(model) {
    if (model.settings.failMode !== "open") return;
    for (const operation of model.operations) {
      const { result, fate } = operation;
      if (fate === "acknowledged" || fate === "journaled") continue;
      if (result?.kind !== "unavailable" || mayFail(model, operation, result.outcome)) continue;
      yield {
        guarantee: "G8",
        rule: "fail-open",
        message: `expected ${describe(operation)} to be answered although the store was away; it ` +
          `was unavailable (${result.outcome})`,
        ops: [operation.op],
      };
    }
  },
};

function mayFail(model: Model, operation: Operation, outcome: "not-applied" | "unknown"): boolean {
  const { call, invokeAtMs, returnIndex } = operation;
  if (call.kind === "rotate") return true;
  const isUnknown = () => call.kind === "update" && !isHeld(model, operation);
  if (outcome === "not-applied") return isUnknown();
  // Sent, and then refused; or there was no room to keep it besides.
  if (model.settings.boundsJournal || mayBeRefused(model, operation)) return true;
  // Applied, and what it led to has ended before it could be read; or sent, and the store forgot it.
  return mayHaveEnded(model, operation, returnIndex) || mayEndAgain(model, operation) ||
    hasVanished(model, operation) || mayHaveRunOut(model, operation) ||
    mayHaveLost(model, invokeAtMs, returnIndex) || isUnknown();
}

/** Whether the store forgot that a session was ended: whoever did it does it again when that meets it (rule 17). */
function mayEndAgain(model: Model, { key, returnIndex }: Operation): boolean {
  return enders(model, key).some(({ invokeIndex, invokeAtMs }) =>
    invokeIndex < returnIndex && mayHaveLost(model, invokeAtMs, returnIndex)
  );
}

/**
 * Whether a call met the loss of a record that had been evicted before it began: what a command does that has no reply
 * leaves no trace then.
 */
function hasVanished(model: Model, operation: Operation): boolean {
  const { key, invokeIndex } = operation;
  return wasEvicted(model, key, -1, invokeIndex) &&
    hasTold(model, "vanished", operation, invokeIndex);
}

/** Whether a call's pod told something of its session after a moment, and before it answered. */
function hasTold(
  model: Model,
  name: string,
  { key, pod, returnIndex }: Operation,
  afterIndex: number,
): boolean {
  return model.told.some(({ index, pod: teller, told }) =>
    index > afterIndex && index < returnIndex && teller === pod && told.name === name &&
    told.session !== undefined && keyOf(told.session) === key
  );
}

/** Whether the pod surely held the session: it showed it last, and nothing can have ended it since. */
function isHeld(model: Model, operation: Operation): boolean {
  const { byInvoke, next } = callsOf(model, operation);
  const last = byInvoke.before(operation.invokeIndex - 1);
  const following = next.after(operation.invokeIndex);
  const isAlone = (following === undefined || following.invokeIndex >= operation.returnIndex) &&
    !isQueued(model, operation);
  if (!isAlone || last?.result?.kind !== "session") return false;
  // What was rejected is not held any more.
  const rejected = (index: number) =>
    rejectedCount(model, lineageOf(model, operation.pod), operation.key, index);
  if (rejected(operation.returnIndex) > rejected(last.returnIndex)) return false;
  // What was begun while the store was away may have joined what ran out sooner.
  if (last.isDegraded && !isWrite(last)) return false;
  // What it showed is not what the store has: it could not keep all of that.
  if (last.isDegraded && hasTold(model, "rejected", operation, last.invokeIndex)) return false;
  // A rotation shows the session under its new id, and has ended the old one.
  if (keyOf(last.result.session) !== operation.key) return false;
  const { context, expiresInMs } = last.result.session;
  return context.b !== undefined && last.invokeAtMs + expiresInMs > operation.returnAtMs &&
    !mayHaveEnded(model, last, operation.returnIndex) &&
    !mayHaveLost(model, last.invokeAtMs, operation.returnIndex);
}

/** What writing a journal down may take. */
const JOURNAL_MS = 20;
/** A call passes through several hands on its way, each of which may be held up. */
const MOST_TOLERANCES = 5;

/** G8: a pod that knows that the store is away waits for nothing. */
export const noWaiting: Rule = {
  name: "no-waiting",
  guarantees: ["G8"],
  *check(model) {
    for (const operation of model.operations) {
      if (operation.result === undefined || stoodStill(model, operation)) continue;
      const tookMs = operation.returnAtMs - operation.invokeAtMs;
      if (tookMs <= MOST_TOLERANCES * model.settings.toleranceMs + JOURNAL_MS) continue;
      const cause = operation.wasAway && isSettled(model, operation)
        ? "its pod had said that it is away"
        : timedOutBefore(model, operation);
      if (cause === undefined) continue;
      yield {
        guarantee: "G8",
        rule: "no-waiting",
        message: `expected ${describe(operation)} not to wait for a store that is away: ${cause}`,
        ops: [operation.op],
      };
    }
  },
};

const toldAway = perModel(({ told }) => {
  const pods = Map.groupBy(told.filter((one) => one.told.name === "degraded"), ({ pod }) => pod);
  const indexed = [...pods].map(([pod, own]) =>
    [
      pod,
      new OrderIndex(own, "before", ({ index }) => index, (a, b) => a.index > b.index),
    ] as const
  );
  return new Map(indexed);
});

/** Whether nothing can be under way any more that was sent before the pod took the store for away. */
function isSettled(model: Model, operation: Operation): boolean {
  const since = toldAway(model).get(operation.pod)?.before(operation.invokeIndex);
  return since !== undefined && !isQueued(model, operation) &&
    operation.invokeAtMs - since.atMs > model.settings.commandTimeoutMs;
}

/** Whether a call may have waited behind another one of its pod. */
function isQueued(model: Model, operation: Operation): boolean {
  const last = callsOf(model, operation).byInvoke.before(operation.invokeIndex - 1);
  return last !== undefined && last.returnIndex > operation.invokeIndex;
}

/** Faults in which nothing is answered. */
const SILENCES: readonly string[] = [
  ...["store-outage", "store-empty", "store-freeze", "black-hole", "loss-requests"],
  ...["loss-replies", "pod-kill-outage", "ttl-in-outage", "destroy-in-outage", "partition"],
];

const silencesOf = perModel(({ faults }) =>
  new SpanIndex(faults.filter(({ kind }) => SILENCES.includes(kind)))
);

/** The calls of each pod that waited in vain, by their answers; the last to begin. */
const timedOut = perModel((model) => {
  const { commandTimeoutMs, toleranceMs } = model.settings;
  const waited = model.operations.filter((one) =>
    one.result !== undefined &&
    one.returnAtMs - one.invokeAtMs >= commandTimeoutMs - toleranceMs && !stoodStill(model, one)
  );
  const indexed = [...Map.groupBy(waited, ({ pod }) => pod)].map(([pod, own]) =>
    [
      pod,
      new OrderIndex(
        own,
        "before",
        ({ returnIndex }) => returnIndex,
        (a, b) => a.invokeAtMs > b.invokeAtMs,
      ),
    ] as const
  );
  return new Map(indexed);
});

/** A call of the same pod that waited in vain in the same outage, before this one began. */
function timedOutBefore(model: Model, operation: Operation): string | undefined {
  const { pod, invokeIndex, invokeAtMs, returnAtMs } = operation;
  const earlier = timedOut(model).get(pod)?.before(invokeIndex);
  if (earlier === undefined || isQueued(model, operation)) return undefined;
  const isSame = (window: FaultWindow) =>
    (window.pod === "store" || window.pod === pod) && window.fromMs <= earlier.invokeAtMs &&
    returnAtMs + model.settings.toleranceMs < window.untilMs;
  const isIn = silencesOf(model).touching(invokeAtMs, invokeAtMs).some(isSame);
  return isIn ? `${describe(earlier)} had waited in vain` : undefined;
}
