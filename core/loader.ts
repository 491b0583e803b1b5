/**
 * Reading a session from the store into its cache entry.
 *
 * @module
 */

import type { Attempts } from "./attempts.ts";
import type { NotFoundReason } from "./errors.ts";
import { corrupt, missing, remember, unrecovered } from "./absence.ts";
import { healSession, isBehind, mendMissing } from "./healing.ts";
import type { Pod } from "./pod.ts";
import { completeRotation } from "./rotation.ts";
import { schemaIssues } from "./schema.ts";
import { type Copy, toCopy } from "./session.ts";
import type { CacheEntry, Stub } from "./session_cache.ts";
import type { Identity, LoadReply, LoadRequest, SessionState } from "./storage_adapter.ts";
import type { Answer } from "./store_link.ts";

/** A session that lives, or why it does not. */
export type Lookup =
  | { readonly alive: true; readonly copy: Copy }
  | { readonly alive: false; readonly reason: NotFoundReason };

/** Asks the store, and completes a rotation that it meets. */
export function load<Context extends object>(
  pod: Pod<Context>,
  entry: CacheEntry,
  attempts: Attempts,
): Promise<Lookup> {
  const lookup = lookAt(pod, entry, attempts);
  if (entry.stub) return lookup;
  return lookup.catch((error: unknown) => {
    unrecovered(pod, entry.key, error);
    throw error;
  });
}

async function lookAt<Context extends object>(
  pod: Pod<Context>,
  entry: CacheEntry,
  attempts: Attempts,
): Promise<Lookup> {
  let doubts = true;
  for (;;) {
    const heardBefore = entry.heardCount;
    const answer = await send(pod, entry, attempts);
    if (answer.reply.outcome === "moving") {
      await completeRotation(pod, entry.key.storeKey, answer.reply.moving, attempts);
      continue;
    }
    const isTold = answer.reply.outcome !== "unchanged";
    if (isTold && await mended(pod, entry, answer.reply, attempts, doubts)) {
      // Asked again, and what is answered then is believed, unless the store loses its memory again.
      doubts = false;
      continue;
    }
    const lookup = await take(pod, entry, answer, heardBefore);
    if (lookup.alive) entry.register(pod.link.era);
    return lookup;
  }
}

/** Rules 13, 14 and 17: whether the answer showed that the store lost something, which has been given back to it. */
async function mended<Context extends object>(
  pod: Pod<Context>,
  entry: CacheEntry,
  reply: LoadReply,
  attempts: Attempts,
  doubts: boolean,
): Promise<boolean> {
  if (reply.outcome === "missing") return await mendMissing(pod, entry, attempts, !doubts);
  if (!doubts || !await isMissed(pod, entry, reply, attempts)) return false;
  await healSession(pod, entry, attempts);
  return true;
}

async function isMissed<Context extends object>(
  pod: Pod<Context>,
  entry: CacheEntry,
  reply: LoadReply,
  attempts: Attempts,
): Promise<boolean> {
  if (reply.outcome !== "found") return false;
  const { state } = reply;
  if (isDestroyed(pod, entry, state)) return true;
  const { stub } = entry;
  if (!stub) return false;
  if (stub.incarnation === state.incarnation) return isBehind(pod, stub, state);
  return await isOfOtherMemory(pod, entry, stub, state, attempts);
}

function isDestroyed<Context extends object>(
  pod: Pod<Context>,
  { key }: CacheEntry,
  { incarnation }: SessionState,
): boolean {
  return pod.destroys.of(key).some((destroy) => destroy.incarnation === incarnation);
}

/**
 * Rule 16: whether another incarnation is there because the store lost the one that is held, or because that was destroyed
 * and begun anew. Which was made first does not tell where the store can name its memory: its clock may have been set back.
 */
async function isOfOtherMemory<Context extends object>(
  pod: Pod<Context>,
  entry: CacheEntry,
  stub: Stub,
  state: SessionState,
  attempts: Attempts,
): Promise<boolean> {
  const isEarlier = stub.madeAtMs !== undefined && state.incarnationAtMs < stub.madeAtMs;
  if (!isEarlier && stub.expiresAt <= pod.settings.clock.now()) return false;
  await attempts.read(() => pod.link.checkMemory());
  return entry.era < pod.link.era || isEarlier && !pod.link.namesMemory;
}

/**
 * Takes what a load answered. No commit of this pod on the session was open meanwhile, and what is answered after
 * the command timeout finds nobody: so the reply is taken as it is (rule 12).
 */
export function take<Context extends object>(
  pod: Pod<Context>,
  entry: CacheEntry,
  answer: Answer<LoadReply>,
  heardBefore: number,
): Lookup | Promise<Lookup> {
  const { reply } = answer;
  switch (reply.outcome) {
    case "found":
      return found(pod, entry, answer, reply.state, heardBefore);
    case "unchanged": {
      const { expiresAtMs } = reply;
      const copy = toCopy({ ...entry.copy!.state, expiresAtMs }, answer);
      entry.keepLoaded(copy, heardBefore);
      return { alive: true, copy };
    }
    case "gone":
      remember(pod, entry, reply.incarnation, reply.reason);
      entry.forget();
      return { alive: false, reason: reply.reason === "expired" ? "expired" : "destroyed" };
    case "missing":
      return { alive: false, reason: missing(pod, entry) };
    case "corrupt":
      throw corrupt(pod, entry, reply.detail);
    case "moving":
      throw new TypeError("a moving session is completed, not taken");
  }
}

function send<Context extends object>(
  pod: Pod<Context>,
  entry: CacheEntry,
  attempts: Attempts,
): Promise<Answer<LoadReply>> {
  const { state } = entry.copy ?? {};
  const request: LoadRequest = {
    holder: pod.holder(entry.key.tenant),
    tombstoneMs: pod.tombstoneMs,
    ...(state && { known: identityOf(state), isRegistered: entry.isRegistered(pod.link.era) }),
  };
  return attempts.read((timeoutMs) => pod.link.load(entry.key.storeKey, request, timeoutMs));
}

function identityOf({ incarnation, version, tag }: SessionState): Identity {
  return { incarnation, version, tag };
}

function found<Context extends object>(
  pod: Pod<Context>,
  entry: CacheEntry,
  answer: Answer<LoadReply>,
  state: SessionState,
  heardBefore: number,
): Lookup | Promise<Lookup> {
  const { schema } = pod.settings;
  if (!schema) return keepFound(pod, entry, answer, state, heardBefore);
  return schemaIssues(schema, state.context).then((issues) => {
    if (issues) throw corrupt(pod, entry, `its context does not fit the schema: ${issues}`);
    return keepFound(pod, entry, answer, state, heardBefore);
  });
}

function keepFound<Context extends object>(
  pod: Pod<Context>,
  entry: CacheEntry,
  answer: Answer<LoadReply>,
  state: SessionState,
  heardBefore: number,
): Lookup {
  const held = entry.stub !== undefined;
  const copy = toCopy(state, answer);
  entry.keepLoaded(copy, heardBefore);
  if (!held) {
    entry.era = pod.link.era;
    const { tenant, hashedId } = entry.key;
    pod.events.emit("recovered", { tenant, hashedId, version: state.version });
  }
  return { alive: true, copy };
}
