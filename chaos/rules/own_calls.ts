/**
 * What one pod asked of one session, and what it can have known of it by that.
 *
 * @module
 */

import { isWrite, type Model, type Operation } from "../model.ts";
import { OrderIndex } from "./order_index.ts";
import { mayHaveExpired } from "./outage.ts";
import { perName } from "./per_model.ts";

/** The calls of one pod to one session. */
export interface CallsIndex {
  /** By their beginning; the one that was answered last. */
  readonly byInvoke: OrderIndex<Operation>;
  /** By their beginning; the first. */
  readonly next: OrderIndex<Operation>;
  /** Those that renewed it, by their answers; the last to begin. */
  readonly renewals: OrderIndex<Operation>;
}

const callIndexes = perName((model, key): ReadonlyMap<string, CallsIndex> => {
  const pods = Map.groupBy(model.byKey.get(key) ?? [], ({ pod }) => pod);
  return new Map([...pods].map(([pod, own]) => [pod, indexCalls(own)]));
});

function indexCalls(calls: readonly Operation[]): CallsIndex {
  const invoked = ({ invokeIndex }: Operation) => invokeIndex;
  return {
    byInvoke: new OrderIndex(calls, "before", invoked, (a, b) => a.returnIndex > b.returnIndex),
    next: new OrderIndex(calls, "after", invoked, (a, b) => a.invokeIndex < b.invokeIndex),
    renewals: new OrderIndex(
      calls.filter(renews),
      "before",
      ({ returnIndex }) => returnIndex,
      (a, b) => a.invokeAtMs > b.invokeAtMs,
    ),
  };
}

/** The calls of the pod of a call to its session. */
export function callsOf(model: Model, { key, pod }: Operation): CallsIndex {
  return callIndexes(model, key).get(pod)!;
}

/** Whether the session may have expired during a call, as far as its pod could know. */
export function mayHaveRunOut(model: Model, operation: Operation): boolean {
  const last = callsOf(model, operation).renewals.before(operation.invokeIndex);
  return last === undefined || mayHaveExpired(model, last, operation.returnAtMs);
}

/** Whether a call gave the session its time anew; one that was found keeps its own. */
function renews(operation: Operation): boolean {
  const { result, op, fate } = operation;
  if (fate !== "acknowledged" && fate !== "journaled") return false;
  return isWrite(operation) || (result?.kind === "session" && result.session.context.b === op);
}
