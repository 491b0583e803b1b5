/**
 * What a session may lose against an older one. After a loss of memory the later created of two sessions under an id is
 * kept (PROTOCOL.md, rule 16), and the store's clock tells which that is. A pod that read the older one after a jump back,
 * before the loss, cannot know that it seems to be from the future: it puts it in the place of one that was created since,
 * and nobody is told. One whose copy is from before the jump gives it a time anew (rule 21), but takes a jump of less than
 * two command timeouts for what the way to the store takes.
 *
 * @module
 */

import type { Model, Operation } from "../model.ts";
import { endAfterLosses } from "./jumped_expiry.ts";
import { lossesWithin } from "./loss.ts";
import { mayRenew } from "./renewals.ts";
import { beginners } from "./session_ends.ts";
import { earliestTold, hasJumped, latestTold, movedLittle } from "./store_clock.ts";

/** Whether what a call began may have been displaced by something older when another call looked. */
export function mayBeDisplaced(model: Model, birth: Operation, by: Operation): boolean {
  return hasJumped(model) &&
    begun(model, birth.key).some((older) =>
      older !== birth && older.invokeIndex < birth.endIndex && mayYield(model, birth, older, by)
    );
}

/** Whether what is older may seem to be the younger. */
function mayYield(model: Model, birth: Operation, older: Operation, by: Operation): boolean {
  const untilMs = birth.fate === "acknowledged" ? birth.returnAtMs : Infinity;
  const madeMs = earliestTold(model, birth.invokeAtMs, Math.min(untilMs, by.returnAtMs));
  return latestGiven(model, older, by.returnAtMs) > madeMs;
}

/** Whether what a call began may have displaced something younger when another call looked, and be there again by that. */
export function mayHaveDisplaced(
  model: Model,
  birth: Operation | undefined,
  by: Operation,
): boolean {
  return birth !== undefined && hasJumped(model) &&
    begun(model, birth.key).some((younger) =>
      birth.invokeIndex < younger.endIndex && younger.invokeIndex < by.returnIndex &&
      younger !== birth && mayYield(model, younger, birth, by)
    );
}

/** As {@linkcode mayBeDisplaced}, of a write: whatever it was meant for. */
export function mayBeWrittenToDisplaced(model: Model, write: Operation, by: Operation): boolean {
  return hasJumped(model) &&
    begun(model, write.key).some((birth) => mayBeDisplaced(model, birth, by));
}

/** The calls that may have begun a session, and did not only find one. */
function begun(model: Model, key: string): readonly Operation[] {
  return beginners(model, key).filter((operation) => mayRenew(model, operation));
}

/** The latest time of creation that may be given with what a call began, after losses of memory; without one, none. */
function latestGiven(model: Model, birth: Operation, atMs: number): number {
  const { commandTimeoutMs, lateBoundMs } = model.settings;
  const fromMs = birth.invokeAtMs;
  const losses = lossesWithin(model, fromMs, atMs);
  if (losses.length === 0) return -Infinity;
  const toMs = Math.min(birth.returnAtMs, fromMs + lateBoundMs, losses[0]!.untilMs);
  const kept = { endMs: latestTold(model, fromMs, Math.max(fromMs, toMs)), fromMs, mayStay: false };
  const blurMs = movedLittle(model, 2 * commandTimeoutMs) ? 2 * commandTimeoutMs : 0;
  return endAfterLosses(model, kept, losses, atMs) + blurMs;
}
