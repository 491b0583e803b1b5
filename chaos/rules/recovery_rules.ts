/**
 * Rules about calls after the faults have stopped: all is again as if there had been none.
 *
 * @module
 */

import { keyOf, type Model, type Operation } from "../model.ts";
import { mayHaveRunOut } from "./own_calls.ts";
import { perModel } from "./per_model.ts";
import { describe, type Rule } from "./rule.ts";
import { mayHaveEnded } from "./session_ends.ts";

/** G9: within a bound after the last fault, pods serve from the store again, and keep no caller waiting. */
export const recoversInTime: Rule = {
  name: "recovers-in-time",
  guarantees: ["G9"],
  *check(model) {
    const { recoveredAtMs } = model.settings;
    if (recoveredAtMs === undefined) return;
    // A pod that begins later has yet to bring in what the one before it left.
    const begun = new Set(
      model.operations.filter(({ invokeAtMs }) => invokeAtMs < recoveredAtMs).map(({ pod }) => pod),
    );
    for (const operation of model.operations) {
      if (operation.invokeAtMs < recoveredAtMs) continue;
      if (operation.isDegraded && !begun.has(operation.pod)) continue;
      const what = trouble(model, operation);
      if (what === undefined) continue;
      yield {
        guarantee: "G9",
        rule: "recovers-in-time",
        message: `expected everything to have recovered ${Math.round(recoveredAtMs)} ms into the ` +
          `history; ${describe(operation)} ${what}`,
        ops: [operation.op],
      };
    }
  },
};

function trouble(model: Model, operation: Operation): string | undefined {
  const { result, invokeAtMs, returnAtMs } = operation;
  if (result === undefined) return "has no answer";
  if (operation.isDegraded) return "is answered from memory";
  if (
    result.kind === "unavailable" && !mayBeUnknown(model, operation) && !wasEnded(model, operation)
  ) {
    return `is unavailable (${result.outcome})`;
  }
  const { commandTimeoutMs, toleranceMs } = model.settings;
  const tookMs = returnAtMs - invokeAtMs;
  return tookMs > commandTimeoutMs + toleranceMs ? `takes ${Math.round(tookMs)} ms` : undefined;
}

/** Its pod ended while it was under way, without waiting for it: then nobody knows what came of it. */
function wasEnded(model: Model, { pod, result, returnIndex, returnAtMs }: Operation): boolean {
  if (result?.kind !== "unavailable" || result.outcome !== "unknown") return false;
  const end = endsOf(model).get(pod);
  // Nothing is asked of a pod that is about to end, and it takes a timeout or two to do so.
  return end !== undefined && lastCallOf(model).get(pod)! < returnIndex &&
    end - returnAtMs <= ENDING_TIMEOUTS * model.settings.commandTimeoutMs;
}

/** What the end of a pod may take, in command timeouts. */
const ENDING_TIMEOUTS = 2;

/** When each pod ended that did so by itself. */
const endsOf = perModel(({ flushes }) =>
  new Map(flushes.flatMap(({ flush, pod, atMs }) => flush.isEnd ? [[pod, atMs]] : []))
);

/** Where each pod's last call begins. */
const lastCallOf = perModel(({ operations }) =>
  new Map(operations.map(({ pod, invokeIndex }) => [pod, invokeIndex]))
);

/** Applied, and what it led to had ended before it could be read. */
function mayBeUnknown(model: Model, operation: Operation): boolean {
  const { call: { to }, result, returnIndex } = operation;
  if (result?.kind !== "unavailable" || result.outcome !== "unknown") return false;
  return mayHaveRunOut(model, operation) || mayHaveEnded(model, operation, returnIndex) ||
    (to !== undefined && mayHaveEnded(model, { ...operation, key: keyOf(to) }, returnIndex));
}
