/**
 * When a session expires in a history in which the store's clock jumps. A lifetime is counted by the store, from the
 * moment that a call was executed to one that the store's clock tells: a jump forth brings that nearer, one back puts it
 * off. A copy is counted by its pod, from what the store said was left. What is put back into a store that lost its memory
 * is given what its pod counted (PROTOCOL.md, rule 21), so that jumps between the copy and the healing do not count.
 *
 * @module
 */

import { type Contents, timesIn } from "../contents.ts";
import type { Incarnation, Model, Observation, Operation } from "../model.ts";
import { type Loss, lossesWithin } from "./loss.ts";
import { isPunctual, mayRenew } from "./renewals.ts";
import { arrivals } from "./session_ends.ts";
import { earliestTold, latestTold, leastAhead, mostAhead } from "./store_clock.ts";

/** How long a create may be under way by the store's clock, in command timeouts (rule 2). */
const DEADLINE_TIMEOUTS = 4;

/** The latest moment, by the count that a call's answer goes by, at which what it shows can expire. */
export function jumpedExpiry(model: Model, observation: Observation): number {
  const { by, key, contents } = observation;
  const birth = contents.birth === undefined ? undefined : model.byOp.get(contents.birth);
  // What had ended before the session began did not renew it; one that was rotated brings along what it had.
  const bornIndex = birth?.key === key && arrivals(model, key).length === 0
    ? birth.invokeIndex
    : -1;
  const latestMs = latestOfKey(model, key, { by, contents, bornIndex, known: new Set() });
  return latestMs - aheadOfCopy(model, observation);
}

/** As that, for the end that no renewal can pass. */
export function jumpedEnd(
  model: Model,
  birth: Operation,
  firstSeenAtMs: number,
  observation: Observation,
): number {
  const spanMs = model.settings.maxLifetimeMs!;
  const latestMs = latestAfter(model, birth, observation.by, { spanMs, untilMs: firstSeenAtMs });
  return latestMs - aheadOfCopy(model, observation);
}

/** How far the store's clock was ahead when it said what was left of the copy that a call shows; the least. */
function aheadOfCopy(model: Model, { by, isFresh }: Observation): number {
  const { maxStalenessMs, toleranceMs, ttlMs } = model.settings;
  const staleMs = isFresh ? 0 : maxStalenessMs + toleranceMs;
  // While the store is away a copy is shown until it has run out.
  return leastAhead(model, by.invokeAtMs - (by.isDegraded ? ttlMs : staleMs), by.returnAtMs);
}

interface Question {
  /** The call that sees it. */
  readonly by: Operation;
  /** What it sees. */
  readonly contents: Contents;
  /** What had ended before is of no matter. */
  readonly bornIndex: number;
  /** Keys that rotations led back from. */
  readonly known: Set<string>;
}

/** When what lives under a key can expire at the latest, on the store's clock. */
function latestOfKey(model: Model, key: string, question: Question): number {
  const { by, contents, bornIndex, known } = question;
  known.add(key);
  const own = model.byKey.get(key) ?? [];
  const times = [...own, ...arrivals(model, key)]
    .filter((operation) =>
      operation.invokeIndex <= by.returnIndex && operation.endIndex >= bornIndex &&
      mayRenew(model, operation) && mayBeIn(contents, operation)
    )
    .map((operation) => latestAfter(model, operation, by));
  // What is rotated keeps the time that it has.
  for (const { key: source } of arrivals(model, key)) {
    if (!known.has(source)) times.push(latestOfKey(model, source, { ...question, bornIndex: -1 }));
  }
  return times.length === 0 ? Infinity : Math.max(...times);
}

/** Whether a call can have been carried out on what is seen: what it leaves, and nothing takes away, is there. */
function mayBeIn(contents: Contents, { op, call }: Operation): boolean {
  return call.effects.every((effect) =>
    effect.kind === "birth" || effect.kind === "vector" || timesIn(contents, op, effect) > 0
  );
}

/** The latest end, on the store's clock, of a time that a call gave a session, as another one sees it. */
function latestAfter(
  model: Model,
  operation: Operation,
  by: Operation,
  { spanMs = model.settings.ttlMs, untilMs = Infinity } = {},
): number {
  const { lateBoundMs } = model.settings;
  const { invokeAtMs, returnAtMs } = operation;
  const lateMs = isPunctual(model, operation) ? returnAtMs : invokeAtMs + lateBoundMs;
  const doneMs = Math.min(lateMs, untilMs, by.returnAtMs);
  const losses = lossesWithin(model, invokeAtMs, by.returnAtMs);
  // Executed before the first loss, between two, or after the last.
  const ends = [undefined, ...losses].map((before, index) => {
    const fromMs = Math.max(invokeAtMs, before?.downAtMs ?? -Infinity);
    const toMs = Math.min(doneMs, losses[index]?.untilMs ?? Infinity);
    if (fromMs > toMs) return -Infinity;
    const toldMs = Math.min(latestTold(model, fromMs, toMs), deadlineOf(model, operation));
    const kept = { endMs: toldMs + spanMs, fromMs, mayStay: false };
    return endAfterLosses(model, kept, losses.slice(index), by.returnAtMs);
  });
  if (operation.fate === "journaled") {
    // What waited counts from when it was accepted, by what its pod knows of the store's clock when it is sent.
    const fromMs = invokeAtMs - lateBoundMs;
    const acceptedMs = Math.min(returnAtMs, untilMs) + mostAhead(model, fromMs, by.returnAtMs);
    const kept = { endMs: acceptedMs + spanMs, fromMs, mayStay: true };
    ends.push(endAfterLosses(model, kept, losses, by.returnAtMs));
  }
  return Math.max(...ends);
}

/** Rule 2: a create is sent until it is given up, with a deadline by what its pod knows of the store's clock. */
function deadlineOf(model: Model, operation: Operation): number {
  const { commandTimeoutMs, lateBoundMs } = model.settings;
  const { call, fate, invokeAtMs, returnAtMs } = operation;
  // What was answered was carried out by then.
  const isOpen = call.kind === "getOrCreate" && fate !== "acknowledged" && returnAtMs < Infinity;
  if (!isOpen) return Infinity;
  const heardMs = heardUntil(model, operation);
  return returnAtMs + DEADLINE_TIMEOUTS * commandTimeoutMs +
    mostAhead(model, invokeAtMs - lateBoundMs, heardMs);
}

/** The last moment of which a pod can have heard before it gave a call up: a store that stands still tells nothing. */
function heardUntil(model: Model, { returnAtMs, returnIndex }: Operation): number {
  // When all faults are healed it goes on before its time.
  const isHealed = model.settings.recoveredAtMs !== undefined ||
    !model.operations.some((other) => !other.isFinal && other.invokeIndex > returnIndex);
  if (isHealed) return returnAtMs;
  const freezes = model.faults.filter(({ kind, fromMs, untilMs }) =>
    kind === "store-freeze" && fromMs <= returnAtMs && returnAtMs <= untilMs
  );
  return Math.min(returnAtMs, ...freezes.map(({ fromMs }) => fromMs - 1));
}

/** An end of the store's that losses of memory follow. */
export interface Kept {
  readonly endMs: number;
  /** From when on a pod can have heard of it. */
  readonly fromMs: number;
  /** Whether it may outlast a loss of everything. */
  readonly mayStay: boolean;
}

/** What becomes of an end on the store's clock: each pod gives back what it counted since it heard of it. */
export function endAfterLosses(
  model: Model,
  { endMs, fromMs, mayStay }: Kept,
  losses: readonly Loss[],
  atMs: number,
): number {
  let [lastMs, heardMs] = [endMs, fromMs];
  for (const { isAll, downAtMs, untilMs } of losses) {
    const before = leastAhead(model, heardMs, Math.max(heardMs, downAtMs - 1));
    const givenMs = lastMs - before + mostAhead(model, Math.min(untilMs, atMs), atMs);
    lastMs = isAll && !mayStay ? givenMs : Math.max(lastMs, givenMs);
    heardMs = Math.max(heardMs, downAtMs);
  }
  return lastMs;
}

/**
 * Whether an incarnation was there during a call for sure: one of the renewals that had been answered before had not run
 * out, by the store's clock, at any moment since.
 */
export function surelyLives(
  model: Model,
  { birth, firstSeenAtMs }: Incarnation,
  by: Operation,
  renewals: readonly Operation[],
): boolean {
  const { ttlMs, maxLifetimeMs, lateBoundMs, toleranceMs } = model.settings;
  const lasts = (operation: Operation, untilMs: number, spanMs: number) => {
    const { invokeAtMs, fate } = operation;
    const doneMs = Math.max(invokeAtMs, Math.min(untilMs, by.returnAtMs));
    const begunMs = fate === "journaled"
      ? invokeAtMs + leastAhead(model, invokeAtMs - lateBoundMs, by.returnAtMs)
      : earliestTold(model, invokeAtMs, doneMs);
    let endMs = begunMs + spanMs;
    for (const loss of lossesWithin(model, invokeAtMs, by.returnAtMs)) {
      const heardMs = invokeAtMs - lateBoundMs;
      const before = mostAhead(model, heardMs, Math.max(heardMs, loss.downAtMs - 1));
      const backMs = Math.min(loss.untilMs, by.returnAtMs);
      endMs = Math.min(endMs, endMs - before + leastAhead(model, backMs, by.returnAtMs));
    }
    return latestTold(model, invokeAtMs, by.returnAtMs) < endMs - toleranceMs;
  };
  const isOld = maxLifetimeMs !== undefined &&
    !(birth && lasts(birth, Math.min(birth.returnAtMs, firstSeenAtMs), maxLifetimeMs));
  return !isOld &&
    renewals.some((renewal) =>
      renewal.returnIndex <= by.invokeIndex && lasts(renewal, renewal.returnAtMs, ttlMs)
    );
}
