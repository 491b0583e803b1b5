/**
 * What an outage may do to a session, and to a call.
 *
 * @module
 */

import { keyOf, type Model, type Operation } from "../model.ts";

/** A pod over all its lives, where its journal outlives them; else this life alone. */
export function lineageOf(model: Model, pod: string): string {
  return model.settings.durable ? pod.replace(/\..*$/, "") : pod;
}

/** Operations that a call adds to a journal, as its events count them. */
export function countOf({ call }: Operation): number {
  const count = call.effects.reduce((sum, { kind }) => sum + (kind === "set" ? 2 : 1), 0);
  return Math.max(1, count);
}

/** Whether one call came before another for sure: on one pod also where both waited for the store. */
export function isBefore(model: Model, one: Operation, other: Operation): boolean {
  if (one.endIndex < other.invokeIndex) return true;
  return one.fate === "journaled" && one.returnIndex < other.invokeIndex &&
    lineageOf(model, one.pod) === lineageOf(model, other.pod);
}

/** Whether somebody may have ended what lived under a call's key, after it began and before an index. */
export function mayHaveEnded(model: Model, operation: Operation, beforeIndex: number): boolean {
  return (model.byKey.get(operation.key) ?? []).some((other) =>
    other !== operation && other.fate !== "failed" &&
    (other.call.kind === "destroy" || other.call.kind === "rotate") &&
    !isBefore(model, other, operation) && other.invokeIndex < beforeIndex
  );
}

/** Whether the time of what a call renewed may have run out by a moment. */
export function mayHaveExpired(model: Model, operation: Operation, atMs: number): boolean {
  const { ttlMs, maxLifetimeMs, toleranceMs } = model.settings;
  if (atMs >= operation.invokeAtMs + ttlMs - toleranceMs) return true;
  if (maxLifetimeMs === undefined) return false;
  const beginnings = model.operations.filter(({ call, key, fate }) =>
    fate !== "failed" &&
    (call.kind === "getOrCreate" && key === operation.key ||
      call.to !== undefined && keyOf(call.to) === operation.key)
  );
  // A rotation takes the end of what it rotates along.
  const earliestMs = beginnings.some(({ call }) => call.kind === "rotate")
    ? -Infinity
    : Math.min(...beginnings.map(({ invokeAtMs }) => invokeAtMs));
  return atMs >= earliestMs + maxLifetimeMs - toleranceMs;
}

/** Operations on a key that a pod, over its lives, said could not be kept, up to an index. */
export function rejectedCount(
  model: Model,
  lineage: string,
  key: string,
  beforeIndex = Infinity,
): number {
  return sumRejected(model, key, beforeIndex, (pod) => lineageOf(model, pod) === lineage);
}

/** As {@linkcode rejectedCount}, in one of its lives. */
export function reportedBy(model: Model, life: string, key: string): number {
  return sumRejected(model, key, Infinity, (pod) => pod === life);
}

function sumRejected(
  model: Model,
  key: string,
  beforeIndex: number,
  isMeant: (pod: string) => boolean,
): number {
  return model.told.reduce((sum, { pod, told, index }) => {
    const counts = told.name === "rejected" && index < beforeIndex && isMeant(pod) &&
      told.session !== undefined && keyOf(told.session) === key;
    return counts ? sum + told.operations! : sum;
  }, 0);
}

/** Whether a call's pod died after it with what it had not brought into the store. */
export function diedWith(model: Model, operation: Operation, beforeIndex: number): boolean {
  return !model.settings.durable &&
    model.kills.some(({ pod, index }) =>
      pod === operation.pod && index > operation.returnIndex && index < beforeIndex
    );
}

/** Faults in which the store answers with a refusal. */
const REFUSALS: readonly string[] = ["oom", "noperm"];

/** Whether the store may have refused a command of a call. */
export function mayBeRefused(
  model: Model,
  { invokeAtMs, returnAtMs }: Operation,
  kinds: readonly string[] = REFUSALS,
): boolean {
  return model.faults.some(({ kind, fromMs, untilMs }) =>
    kinds.includes(kind) && fromMs <= returnAtMs &&
    untilMs + model.settings.toleranceMs >= invokeAtMs
  );
}
