/**
 * What a call has to wait for: on its own pod calls to one session are served one after the other, behind what the pod's
 * journal holds of it, and an `update` begins anew whenever another pod's write came before it.
 *
 * @module
 */

import type { Call } from "../history.ts";
import type { Model, Operation } from "../model.ts";
import { lineageOf } from "./session_ends.ts";

/** What can share a command with its like. */
function sharesAs({ kind }: Call): "reads" | "writes" | "updates" | undefined {
  switch (kind) {
    case "get":
      return "reads";
    case "update":
      return "updates";
    case "getOrCreate":
    case "destroy":
    case "rotate":
      return undefined;
    default:
      return "writes";
  }
}

/** The commands that a call is made of; a rotation reads what it has led to. */
function commandsOf({ kind }: Call): number {
  return kind === "rotate" ? 2 : 1;
}

/** The commands that a call may have to wait for, one after the other, its own among them. */
export function commandsInTurn(model: Model, operation: Operation): number {
  let commands = commandsOf(operation.call);
  let last = sharesAs(operation.call);
  let updates = last === "updates";
  for (const { call } of callsAhead(model, operation)) {
    const kind = sharesAs(call);
    if (kind === undefined || kind !== last) commands += commandsOf(call);
    last = kind;
    updates ||= kind === "updates";
  }
  if (updates) commands += rivalsOf(model, operation).length;
  // What is answered from memory waits for no journal.
  return operation.isDegraded ? commands : commands + journaledAhead(model, operation).length;
}

/** What the journal held of the session when a call began, and may have had to bring into the store before it. */
function journaledAhead(model: Model, { key, pod, invokeIndex }: Operation): Operation[] {
  const lineage = lineageOf(model, pod);
  const isOwn = (other: { readonly pod: string }) => lineageOf(model, other.pod) === lineage;
  const emptied = model.told.findLast(({ told, index, ...other }) =>
    told.name === "reconciled" && index < invokeIndex && isOwn(other)
  );
  const fromIndex = emptied?.index ?? -1;
  return (model.byKey.get(key) ?? []).filter(({ fate, returnIndex, ...other }) =>
    fate === "journaled" && returnIndex > fromIndex && returnIndex < invokeIndex && isOwn(other)
  );
}

/** The calls of other pods that may have changed the session while a call was under way. */
function rivalsOf(model: Model, { key, pod, invokeIndex, returnIndex }: Operation): Operation[] {
  return (model.byKey.get(key) ?? []).filter(({ call, ...other }) =>
    other.pod !== pod && call.effects.length > 0 && other.invokeIndex < returnIndex &&
    other.returnIndex > invokeIndex
  );
}

/** The calls that its pod had accepted for the same session before, and not answered when it began; the latest first. */
function callsAhead(model: Model, { key, pod, invokeIndex }: Operation): Operation[] {
  return (model.byKey.get(key) ?? []).filter((other) =>
    other.pod === pod && other.invokeIndex < invokeIndex && other.returnIndex > invokeIndex
  ).reverse();
}
