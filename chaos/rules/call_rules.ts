/**
 * Rules about calls: they end in time, in one of the ways that are documented, and succeed when all is well.
 *
 * @module
 */

import type { Result } from "../history.ts";
import type { Model, Operation } from "../model.ts";
import { mayBeRefused, stoodStill } from "./outage.ts";
import { commandsInTurn } from "./queue.ts";
import { describe, type Rule } from "./rule.ts";

/** Timeouts that a call may take at least: what it meets may be another pod's doing. */
const LEAST_TIMEOUTS = 2;

/** Calls end in time, and reject with a documented error. */
export const documentedEnds: Rule = {
  name: "documented-ends",
  guarantees: ["G8", "G10"],
  *check(model) {
    const { commandTimeoutMs, toleranceMs } = model.settings;
    for (const operation of model.operations) {
      const { result, returnAtMs, invokeAtMs } = operation;
      const tookMs = returnAtMs - invokeAtMs;
      if (result?.kind === "error") {
        yield {
          guarantee: "G10",
          rule: "documented-ends",
          message: `${describe(operation)} rejected with ${result.name}: ${result.message}`,
          ops: [operation.op],
        };
      } else if (operation.call.oversize && result && !isRefusedInput(result)) {
        yield {
          guarantee: "G10",
          rule: "documented-ends",
          message: `expected ${describe(operation)} to be refused, as what it sets is too large; ` +
            `it ended with ${result.kind}`,
          ops: [operation.op],
        };
      } else if (result?.kind === "refused" && !mayRefuse(model, operation, result.code)) {
        yield {
          guarantee: "G10",
          rule: "documented-ends",
          message: `${describe(operation)} was refused (${result.code}), and nothing refuses it`,
          ops: [operation.op],
        };
      } else if (
        result && tookMs > LEAST_TIMEOUTS * commandTimeoutMs + toleranceMs &&
        tookMs > commandsInTurn(model, operation) * commandTimeoutMs + toleranceMs &&
        !stoodStill(model, operation)
      ) {
        const timeouts = Math.max(LEAST_TIMEOUTS, commandsInTurn(model, operation));
        yield {
          guarantee: "G8",
          rule: "documented-ends",
          message: `expected ${describe(operation)} to end within ` +
            `${timeouts * commandTimeoutMs} ms; it took ${Math.round(tookMs)} ms`,
          ops: [operation.op],
        };
      }
    }
  },
};

function isRefusedInput(result: Result): boolean {
  return result.kind === "refused" && result.code === "INVALID_INPUT";
}

/** Whether the store, or a full journal, may have refused a call. */
function mayRefuse(model: Model, operation: Operation, code: string | undefined): boolean {
  // A rotation onto a taken id.
  if (code === undefined) return true;
  if (code === "INVALID_INPUT") return operation.call.oversize ?? false;
  if (code === "JOURNAL_FULL") return model.settings.boundsJournal ?? false;
  return mayBeRefused(model, operation, code);
}

/** When all faults are healed, the last calls succeed. */
export const recovery: Rule = {
  name: "recovery",
  guarantees: ["G1"],
  *check(model) {
    for (const operation of model.operations) {
      if (!operation.isFinal) continue;
      const end = operation.result?.kind ?? "no answer";
      // That nothing is found is judged by the rules on expiry.
      const isAnswered = !operation.isDegraded &&
        (operation.fate === "acknowledged" || end === "not-found");
      if (isAnswered) continue;
      yield {
        guarantee: "G1",
        rule: "recovery",
        message: `expected ${describe(operation)} to succeed with all faults healed; got ${
          operation.isDegraded ? "a degraded answer" : end
        }`,
        ops: [operation.op],
      };
    }
  },
};
