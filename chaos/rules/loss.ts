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
import { wasEvicted } from "./eviction.ts";
import { OrderIndex } from "./order_index.ts";
import { perModel, perName } from "./per_model.ts";
import { enders } from "./session_ends.ts";
import { SpanIndex } from "./span_index.ts";

const LOSES_MEMORY: readonly string[] = [
  "store-empty",
  "store-rollback",
  "failover",
  "flush-all",
];
/** Those that leave an older state. */
const ROLLS_BACK: readonly string[] = ["store-rollback", "failover"];
/** Longest time from a loss to the heal: heartbeats come every second. */
const HEALED_MS = 2_500;

const lossesOf = perModel(({ faults }) => {
  const losses = faults.filter(({ kind }) => LOSES_MEMORY.includes(kind));
  return {
    all: losses,
    first: losses[0],
    byIndex: new OrderIndex(
      losses,
      "before",
      ({ index }) => index,
      (a, b) => a.untilMs > b.untilMs,
    ),
    spans: new SpanIndex(losses.map(({ downAtMs, untilMs }) => ({ fromMs: downAtMs, untilMs }))),
    untilHealed: new SpanIndex(
      losses.map(({ downAtMs, untilMs }) => ({ fromMs: downAtMs, untilMs: untilMs + HEALED_MS })),
    ),
  };
});

/** Whether the store lost its memory after a moment and before an index. */
export function mayHaveLost(model: Model, fromMs: number, beforeIndex: number): boolean {
  const latest = lossesOf(model).byIndex.before(beforeIndex);
  return latest !== undefined && latest.untilMs >= fromMs;
}

/**
 * Whether the versions of an incarnation may have begun anew before an index, so that one number names two states: the
 * store lost its memory, or this record while the call that had made it could still make it again.
 */
export function mayCountAnew(
  model: Model,
  { key, birth, observations }: Incarnation,
  beforeIndex: number,
): boolean {
  const { invokeIndex, invokeAtMs } = observations[0]!.by;
  return mayHaveLost(model, invokeAtMs, beforeIndex) ||
    wasEvicted(model, key, invokeIndex, Math.min(birth?.endIndex ?? Infinity, beforeIndex));
}

/** Whether the store lost its memory between two moments. */
export function losesMemoryWithin(model: Model, fromMs: number, untilMs: number): boolean {
  return lossesOf(model).spans.touches(fromMs, untilMs);
}

/** A time without the store, after which it had lost its memory. */
export interface Loss {
  readonly downAtMs: number;
  readonly untilMs: number;
  /** Whether nothing at all was left, and not an older state. */
  readonly isAll: boolean;
}

/** The losses of memory that touch a span of time, the first first. */
export function lossesWithin(model: Model, fromMs: number, untilMs: number): Loss[] {
  return separateLosses(model).filter((loss) => loss.untilMs >= fromMs && loss.downAtMs <= untilMs);
}

/** Those that overlap are one: the store is not there for anybody in between. */
const separateLosses = perModel((model) => {
  const losses: Loss[] = [];
  const sorted = lossesOf(model).all.toSorted((a, b) => a.downAtMs - b.downAtMs);
  for (const { kind, downAtMs, untilMs } of sorted) {
    const isAll = !ROLLS_BACK.includes(kind);
    const last = losses.at(-1);
    if (last === undefined || last.untilMs < downAtMs) losses.push({ downAtMs, untilMs, isAll });
    else {
      const together = { untilMs: Math.max(last.untilMs, untilMs), isAll: last.isAll && isAll };
      losses[losses.length - 1] = { ...last, ...together };
    }
  }
  return losses;
});

/** Whether the store lost its memory at all. */
export function hasLost(model: Model): boolean {
  return lossesOf(model).first !== undefined;
}

/** Whether a loss may explain that a destroyed session is there again: not once its destroyer has met it. */
export function mayRevive(model: Model, destroy: Operation, by: Operation): boolean {
  // Between the loss and the heal a destroy hits what the store has by then, and not what it had lost.
  if (isUnhealed(model, destroy)) return true;
  if (!mayHaveLost(model, destroy.invokeAtMs, by.returnIndex)) return false;
  const isEnder = destroy.call.kind === "destroy" || destroy.call.kind === "rotate";
  if (!by.isFinal || !isEnder || hasDied(model, destroy.pod)) return true;
  // It repeats the destroy when it notices the loss, and whenever it sees that the session lives.
  const hasLooked = finalsOf(model, destroy.key).some((look) =>
    look.pod === destroy.pod && !look.isDegraded &&
    !(look.call.kind === "get" && !look.call.fresh) && look.returnIndex < by.invokeIndex
  );
  return by.pod !== destroy.pod && !hasLooked;
}

/** Whether an operation may have met a store that had not got back yet what it lost. */
export function isUnhealed(model: Model, { invokeAtMs, returnAtMs }: Operation): boolean {
  return lossesOf(model).untilHealed.touches(invokeAtMs, returnAtMs);
}

/** Whether a loss may explain that an incarnation, or a write to it, is gone without a word. */
export function mayBeLost(
  model: Model,
  { key, observations }: Pick<Incarnation, "key" | "observations">,
  by: Operation,
  write?: Operation,
): boolean {
  // It was there by then, whether or not somebody knew.
  const bornIndex = observations[0]!.by.invokeIndex;
  if (wasEvicted(model, key, bornIndex, by.returnIndex)) return true;
  const since = write ?? observations[0]!.by;
  if (!mayHaveLost(model, since.invokeAtMs, by.returnIndex)) return false;
  if (!by.isFinal || wasReported(model, key) || wasEnded(model, key)) return true;
  const firstLoss = lossesOf(model).first!;
  // Whoever held it, and lives, gives it back.
  const isHeld = observations.some((seen) =>
    (seen.by.returnIndex < firstLoss.index || seen.by.returnAtMs < firstLoss.downAtMs) &&
    !hasDied(model, seen.by.pod) &&
    seen.by.invokeAtMs + seen.seen.expiresInMs > by.returnAtMs &&
    (write === undefined || containsAll(model, seen, write))
  );
  return !isHeld;
}

/** Whether somebody ended what lived under a key; whether it may be there is for the rules on resurrection. */
export function wasEnded(model: Model, key: string): boolean {
  return enders(model, key).length > 0;
}

const reportedKeys = perModel(({ told }) =>
  new Set(
    told.flatMap(({ told: { name, session } }) =>
      session !== undefined && (name === "lost" || name === "rejected") ? [keyOf(session)] : []
    ),
  )
);

/** Whether some pod said that something of a session is lost. */
export function wasReported(model: Model, key: string): boolean {
  return reportedKeys(model).has(key);
}

const deadPods = perModel(({ kills, flushes }) =>
  new Set([
    ...kills.map(({ pod }) => pod),
    ...flushes.filter(({ flush }) => flush.isEnd).map(({ pod }) => pod),
  ])
);

/** Whether a pod died, or ended by itself: it gives nothing back any more. */
export function hasDied(model: Model, pod: string): boolean {
  return deadPods(model).has(pod);
}

/** The last looks at a session, when all faults are healed. */
const finalsOf = perName((model, key) =>
  (model.byKey.get(key) ?? []).filter(({ isFinal }) => isFinal)
);
