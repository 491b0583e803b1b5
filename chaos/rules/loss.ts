/**
 * What a store that lost its memory may lack. PROTOCOL.md, "What cannot be promised": "after a loss of memory: a stale
 * copy may revive a destroyed session until its destroyer repeats the destroy, for good if that pod has died; writes in
 * no living pod's copy, or in the losing branch of a divergence, are lost, and reported only by a living pod that
 * acknowledged them; a session created between the loss and the heal competes with the healed one."
 *
 * @module
 */

import { type Incarnation, keyOf, type Model, type Operation } from "../model.ts";
import { containsAll } from "./containment.ts";

const LOSES_MEMORY: readonly string[] = ["store-empty", "store-rollback"];

/** Whether the store lost its memory after a moment and before an index. */
export function mayHaveLost(model: Model, fromMs: number, beforeIndex: number): boolean {
  return model.faults.some(({ kind, index, untilMs }) =>
    LOSES_MEMORY.includes(kind) && index < beforeIndex && untilMs >= fromMs
  );
}

/** Whether the store lost its memory at all. */
export function hasLost(model: Model): boolean {
  return mayHaveLost(model, 0, Infinity);
}

/** Whether a loss may explain that a destroyed session is there again: not once its destroyer has met it. */
export function mayRevive(model: Model, destroy: Operation, by: Operation): boolean {
  // Between the loss and the heal a destroy hits what the store has by then, and not what it had lost.
  if (isUnhealed(model, destroy)) return true;
  if (!mayHaveLost(model, destroy.invokeAtMs, by.returnIndex)) return false;
  const isEnder = destroy.call.kind === "destroy" || destroy.call.kind === "rotate";
  if (!by.isFinal || !isEnder || hasDied(model, destroy.pod)) return true;
  // It repeats the destroy when it notices the loss, and whenever it sees that the session lives.
  const hasLooked = (model.byKey.get(destroy.key) ?? []).some((look) =>
    look.pod === destroy.pod && look.isFinal && !look.isDegraded &&
    !(look.call.kind === "get" && !look.call.fresh) && look.returnIndex < by.invokeIndex
  );
  return by.pod !== destroy.pod && !hasLooked;
}

/** Longest time from a loss to the heal: heartbeats come every second. */
const HEALED_MS = 2_500;

/** Whether an operation may have met a store that had not got back yet what it lost. */
export function isUnhealed({ faults }: Model, { invokeAtMs, returnAtMs }: Operation): boolean {
  return faults.some(({ kind, downAtMs, untilMs }) =>
    LOSES_MEMORY.includes(kind) && downAtMs <= returnAtMs && invokeAtMs <= untilMs + HEALED_MS
  );
}

/** Whether a loss may explain that an incarnation, or a write to it, is gone without a word. */
export function mayBeLost(
  model: Model,
  { key, observations }: Pick<Incarnation, "key" | "observations">,
  by: Operation,
  write?: Operation,
): boolean {
  const since = write ?? observations[0]!.by;
  if (!mayHaveLost(model, since.invokeAtMs, by.returnIndex)) return false;
  if (!by.isFinal || wasReported(model, key) || wasEnded(model, key)) return true;
  const firstLoss = model.faults.find(({ kind }) => LOSES_MEMORY.includes(kind))!;
  // Whoever held it, and lives, gives it back.
  const isHeld = observations.some((seen) =>
    seen.by.returnIndex < firstLoss.index && !hasDied(model, seen.by.pod) &&
    seen.by.invokeAtMs + seen.seen.expiresInMs > by.returnAtMs &&
    (write === undefined || containsAll(model, seen, write))
  );
  return !isHeld;
}

/** Whether somebody ended what lived under a key; whether it may be there is for the rules on resurrection. */
export function wasEnded(model: Model, key: string): boolean {
  return (model.byKey.get(key) ?? []).some(({ call, fate }) =>
    fate !== "failed" && (call.kind === "destroy" || call.kind === "rotate")
  );
}

/** Whether some pod said that something of a session is lost. */
export function wasReported(model: Model, key: string): boolean {
  return model.told.some(({ told }) =>
    (told.name === "lost" || told.name === "vanished" || told.name === "rejected") &&
    told.session !== undefined && keyOf(told.session) === key
  );
}

/** Whether a pod died. */
export function hasDied(model: Model, pod: string): boolean {
  return model.kills.some((kill) => kill.pod === pod);
}
