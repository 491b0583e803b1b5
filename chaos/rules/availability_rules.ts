/**
 * Rules about calls while the store is away: they are answered, and soon (G8).
 *
 * @module
 */

import { type FaultWindow, isWrite, keyOf, type Model, type Operation } from "../model.ts";
import { mayHaveLost } from "./loss.ts";
import { mayBeRefused, mayHaveEnded, mayHaveExpired } from "./outage.ts";
import { describe, type Rule } from "./rule.ts";

/** G8: no call fails because the store is away, where the owner wants that. */
export const failOpen: Rule = {
  name: "fail-open",
  guarantees: ["G8"],
  *check(model) {
    if (model.settings.failMode !== "open") return;
    for (const operation of model.operations) {
      const { result } = operation;
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
  if (call.kind === "update" && !isHeld(model, operation)) return true;
  if (outcome === "not-applied") return false;
  // Sent, and then refused; or there was no room to keep it besides.
  if (model.settings.boundsJournal || mayBeRefused(model, operation)) return true;
  // Applied, and what it led to has ended before it could be read; or sent, and the store forgot it.
  return mayHaveEnded(model, operation, returnIndex) || mayHaveRunOut(model, operation) ||
    mayHaveLost(model, invokeAtMs, returnIndex);
}

/** Whether the session may have expired during a call, as far as its pod could know. */
function mayHaveRunOut(model: Model, operation: Operation): boolean {
  return !(model.byKey.get(operation.key) ?? []).some((other) =>
    other.pod === operation.pod && other.returnIndex < operation.invokeIndex &&
    renews(other) &&
    (other.fate === "acknowledged" || other.fate === "journaled") &&
    !mayHaveExpired(model, other, operation.returnAtMs)
  );
}

/** Whether a call gave the session its time anew; one that was found keeps its own. */
function renews(operation: Operation): boolean {
  const { result, op } = operation;
  return isWrite(operation) || (result?.kind === "session" && result.session.context.b === op);
}

/** Whether the pod surely held the session: it showed it last, and nothing can have ended it since. */
function isHeld(model: Model, operation: Operation): boolean {
  const own = (model.byKey.get(operation.key) ?? []).filter((other) =>
    other.pod === operation.pod && other !== operation &&
    other.invokeIndex < operation.returnIndex
  );
  const isAlone = own.every((other) => other.returnIndex < operation.invokeIndex);
  const last = own.reduce<Operation | undefined>(
    (best, other) => best && best.returnIndex > other.returnIndex ? best : other,
    undefined,
  );
  if (!isAlone || last?.result?.kind !== "session") return false;
  // What was begun while the store was away may have joined what ran out sooner.
  if (last.isDegraded && !isWrite(last)) return false;
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

/** Whether nothing can be under way any more that was sent before the pod took the store for away. */
function isSettled(model: Model, operation: Operation): boolean {
  const since = model.told.findLast(({ pod, told, index }) =>
    pod === operation.pod && told.name === "degraded" && index < operation.invokeIndex
  );
  return since !== undefined && !isQueued(model, operation) &&
    operation.invokeAtMs - since.atMs > model.settings.commandTimeoutMs;
}

function isQueued(model: Model, operation: Operation): boolean {
  return (model.byKey.get(operation.key) ?? []).some((other) =>
    other.pod === operation.pod && other.invokeIndex < operation.invokeIndex &&
    other.returnIndex > operation.invokeIndex
  );
}

/** Faults in which nothing is answered. */
const SILENCES: readonly string[] = [
  ...["store-outage", "store-empty", "store-freeze", "black-hole", "loss-requests"],
  ...["loss-replies", "pod-kill-outage", "ttl-in-outage", "destroy-in-outage"],
];

/** A call of the same pod that waited in vain in the same outage, before this one began. */
function timedOutBefore(model: Model, operation: Operation): string | undefined {
  const { commandTimeoutMs, toleranceMs } = model.settings;
  const covers = ({ kind, pod, fromMs, untilMs }: FaultWindow, one: Operation) =>
    SILENCES.includes(kind) && (pod === "store" || pod === operation.pod) &&
    fromMs <= one.invokeAtMs && one.returnAtMs + toleranceMs < untilMs;
  const windows = model.faults.filter((window) => covers(window, operation));
  if (windows.length === 0 || isQueued(model, operation)) return undefined;
  const earlier = model.operations.find((one) =>
    one.pod === operation.pod && one.returnIndex < operation.invokeIndex &&
    one.returnAtMs - one.invokeAtMs >= commandTimeoutMs - toleranceMs &&
    windows.some((window) => covers(window, one)) && !stoodStill(model, one)
  );
  return earlier && `${describe(earlier)} had waited in vain`;
}

function stoodStill(model: Model, { pod, invokeAtMs, returnAtMs }: Operation): boolean {
  return model.freezes.some((freeze) =>
    freeze.pod === pod && freeze.fromMs <= returnAtMs && freeze.untilMs >= invokeAtMs
  );
}
