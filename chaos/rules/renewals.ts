/**
 * The calls that give a session its time anew.
 *
 * @module
 */

import type { Model, Operation } from "../model.ts";
import { losesMemoryWithin } from "./loss.ts";
import { perModel } from "./per_model.ts";

/** What writing a journal down may take. */
const JOURNAL_MS = 20;

/** Whether a call may have given a session its time anew: what it found keeps its own. */
export function mayRenew(model: Model, { kind, op, fate, result, isDegraded }: Operation): boolean {
  if (fate === "failed" || kind === "get") return false;
  if (kind === "getOrCreate" && result?.kind === "session") {
    // What it began can have been ended, and begun anew by somebody, before it was answered.
    return result.session.context.b === op || begunBy(model).has(op);
  }
  return isDegraded || result?.kind !== "boolean" || result.value;
}

/** The calls whose sessions were seen. */
const begunBy = perModel(({ incarnations }) =>
  new Set([...incarnations.values()].map(({ birth }) => birth?.op))
);

/** Whether a call counts from no later than its answer: what waited counts from when it was accepted. */
export function isPunctual(model: Model, { fate, invokeAtMs, returnAtMs }: Operation): boolean {
  const { toleranceMs, lateBoundMs } = model.settings;
  // A store that has forgotten it takes a late copy of it for the first one.
  if (losesMemoryWithin(model, invokeAtMs, invokeAtMs + lateBoundMs)) return false;
  // What had been sent before it was accepted may be executed late, as any command.
  const isAtOnce = returnAtMs - invokeAtMs <= toleranceMs + JOURNAL_MS;
  return fate === "acknowledged" || (fate === "journaled" && isAtOnce);
}
