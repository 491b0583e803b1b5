/**
 * Giving back to a store what it lost (rules 14 to 17): the destroys that this pod remembers, and the state as the store
 * had acknowledged it. What is journaled is never part of that, or it would count twice.
 *
 * @module
 */

import type { Attempts } from "./attempts.ts";
import type { LostReason } from "./events.ts";
import { corrupt } from "./absence.ts";
import type { Pod } from "./pod.ts";
import { seal, toCommit, toStoreTime } from "./sealed_batch.ts";
import type { Copy } from "./session.ts";
import type { CacheEntry, Stub } from "./session_cache.ts";
import type { HealRequest, SessionState, WriterEntry } from "./storage_adapter.ts";

/** Brings one session's record up to what this pod knows of it. No commit of this pod on it is open. */
export async function healSession<Context extends object>(
  pod: Pod<Context>,
  entry: CacheEntry,
  attempts: Attempts,
): Promise<void> {
  const { era } = pod.link;
  await repeatDestroys(pod, entry, attempts);
  if (entry.copy) await putBack(pod, entry, entry.copy, attempts);
  else if (entry.stub) await lookFor(pod, entry, attempts);
  entry.era = era;
}

/**
 * Rules 13 and 14: finds out, when the store has no record of a session that is held, whether that went with the store's
 * memory, and if so gives back what this pod knows. Answers whether to ask again; what nobody may have kept has been told
 * and forgotten. `wasMended`: it was given back before, so that only a newer loss is one.
 */
export async function mendMissing<Context extends object>(
  pod: Pod<Context>,
  entry: CacheEntry,
  attempts: Attempts,
  wasMended: boolean,
): Promise<boolean> {
  const { clock, onVanished } = pod.settings;
  const isAlive = () => entry.stub !== undefined && entry.stub.expiresAt > clock.now();
  if (!isAlive()) return false;
  // The epoch is read before anything is called vanished.
  await attempts.read(() => pod.link.checkMemory());
  const heals = entry.era < pod.link.era || onVanished === "heal" && !wasMended;
  if (heals) await healSession(pod, entry, attempts);
  return heals;
}

/** Whether a session's record may lack what this pod knows of it. */
export function needsHealing<Context extends object>(
  pod: Pod<Context>,
  entry: CacheEntry,
): boolean {
  const { era } = pod.link;
  return entry.stub !== undefined && entry.era < era ||
    pod.destroys.of(entry.key).some((destroy) => destroy.era < era);
}

/**
 * Rule 17: says again which incarnations are dead. On an absent key that writes a tombstone, of the newest: nothing older
 * is put back in its place.
 */
export async function repeatDestroys<Context extends object>(
  pod: Pod<Context>,
  { key }: Pick<CacheEntry, "key">,
  attempts: Attempts,
): Promise<void> {
  const { era } = pod.link;
  for (const { incarnation, incarnationAtMs } of pod.destroys.of(key)) {
    const made = incarnationAtMs === undefined ? {} : { incarnationAtMs };
    // By a writer of its own: a call that is under way may have a lower number, and would be taken for applied.
    const number = { writer: pod.repeater, seq: pod.nextSeq() };
    const sealed = seal(pod, [{ kind: "destroy", ...made }], number);
    // It names its incarnation, so doing it twice does no harm.
    await attempts.read((timeoutMs) =>
      pod.link.commit(key.storeKey, toCommit(pod, sealed, { incarnation }), timeoutMs)
    );
  }
  pod.destroys.told(key, era);
}

async function putBack<Context extends object>(
  pod: Pod<Context>,
  entry: CacheEntry,
  copy: Copy,
  attempts: Attempts,
): Promise<void> {
  const { clock } = pod.settings;
  for (;;) {
    if (!pod.link.heals || copy.expiresAt <= clock.now()) {
      return await lookFor(pod, entry, attempts);
    }
    const { answer: { reply }, state } = await attempts.read(async (timeoutMs) => {
      const request = toRequest(pod, entry, copy);
      const answer = await pod.link.heal(entry.key.storeKey, request, timeoutMs);
      return { answer, state: request.state };
    });
    const { tenant, hashedId } = entry.key;
    switch (reply.outcome) {
      case "healed":
        pod.events.emit("healed", { tenant, hashedId, version: copy.state.version });
        // Rule 16: whoever put that one back is not told.
        if (reply.displaced !== undefined) {
          const lost = { tenant, hashedId, version: reply.displaced };
          pod.events.emit("lost", { ...lost, reason: "superseded" });
        }
        return entry.retime({ ...copy, state: retimed(copy.state, state) });
      case "intact":
        return entry.markStale();
      case "diverged":
      case "superseded":
        return lose(pod, entry, reply.outcome);
      case "gone":
        return entry.forget();
      case "corrupt":
        corrupt(pod, entry, reply.detail);
        return;
      case "late":
        await attempts.refused("The copy arrived after its deadline.");
    }
  }
}

/** Rule 16: what is newer than what the store has, and cannot be put back, is a loss that nobody may be able to make good. */
async function lookFor<Context extends object>(
  pod: Pod<Context>,
  entry: CacheEntry,
  attempts: Attempts,
): Promise<void> {
  const { expiresAt, incarnation } = entry.stub!;
  // Accepted at the beginning of time: nothing is closed by looking (rule 18).
  const request = { tombstoneMs: pod.tombstoneMs, acceptedMs: 0 };
  const { reply } = await attempts.read((timeoutMs) =>
    pod.link.load(entry.key.storeKey, request, timeoutMs)
  );
  const found = reply.outcome === "found" ? reply.state : undefined;
  if (found?.incarnation === incarnation) {
    return isBehind(pod, entry.stub!, found) ? lose(pod, entry, "no-copy") : entry.markStale();
  }
  // What has run out need not be there, unless somebody kept it alive.
  if (expiresAt <= pod.settings.clock.now()) return entry.dropCopy();
  if (found) lose(pod, entry, "superseded");
  else if (reply.outcome === "missing") lose(pod, entry, "no-copy");
}

/**
 * Whether a state lacks what the store had acknowledged of the same incarnation. Its number alone does not tell: another
 * pod's copy may have been put back, and grown since.
 */
export function isBehind<Context extends object>(
  pod: Pod<Context>,
  { version, acknowledgedSeq }: Stub,
  state: SessionState,
): boolean {
  const own = state.writers.get(pod.writer);
  // Without an entry it may be too old to have one (rule 3).
  const isForgotten = own ? own.seq < acknowledgedSeq : acknowledgedSeq > 0 && state.floorMs === 0;
  return state.version < version || isForgotten;
}

function lose<Context extends object>(
  pod: Pod<Context>,
  entry: CacheEntry,
  reason: LostReason,
): void {
  const { tenant, hashedId } = entry.key;
  const version = entry.stub?.version ?? 0;
  entry.forget();
  pod.events.emit("lost", { tenant, hashedId, version, reason });
}

function toRequest<Context extends object>(
  pod: Pod<Context>,
  entry: CacheEntry,
  copy: Copy,
): HealRequest {
  const { clock, commandTimeoutMs, graceMs } = pod.settings;
  // Rule 21: times are derived anew; the store's clock may be another since the loss.
  const expiresAtMs = toStoreTime(pod, copy.expiresAt);
  const movedMs = expiresAtMs - copy.state.expiresAtMs;
  const { absoluteExpiresAtMs, incarnationAtMs } = copy.state;
  const times: StoreTimes = {
    expiresAtMs,
    absoluteExpiresAtMs: absoluteExpiresAtMs === undefined
      ? undefined
      : absoluteExpiresAtMs + movedMs,
    // What the way to the store takes is no move of its clock, and would blur which was made first (rule 16).
    incarnationAtMs: Math.abs(movedMs) > 2 * commandTimeoutMs
      ? incarnationAtMs + movedMs
      : incarnationAtMs,
  };
  return {
    state: { ...copy.state, ...times, writers: writersOf(pod, entry, copy.state) },
    notAfterMs: toStoreTime(pod, clock.now()) + pod.deadlineSpanMs,
    graceMs,
    holder: pod.holder(entry.key.tenant),
  };
}

/** What a state says on the store's clock. */
type StoreTimes = Pick<SessionState, "expiresAtMs" | "absoluteExpiresAtMs" | "incarnationAtMs">;

/** From now on the copy is of the times that were given with it: they are compared with the store's. */
function retimed(state: SessionState, given: StoreTimes): SessionState {
  const { expiresAtMs, absoluteExpiresAtMs, incarnationAtMs } = given;
  return { ...state, expiresAtMs, absoluteExpiresAtMs, incarnationAtMs };
}

/** The writers that the state was read with, and this pod's own commits since: others' would have made it stale. */
function writersOf<Context extends object>(
  pod: Pod<Context>,
  entry: CacheEntry,
  { writers, incarnation, version }: SessionState,
): ReadonlyMap<string, WriterEntry> {
  const seq = entry.acknowledgedSeq(incarnation);
  if (seq === undefined) return writers;
  const atMs = toStoreTime(pod, pod.settings.clock.now());
  return new Map(writers).set(pod.writer, { seq, incarnation, version, atMs, occupied: false });
}
