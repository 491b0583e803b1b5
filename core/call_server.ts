/**
 * How reads, creates, destroys and rotations of one session are served.
 *
 * @module
 */

import { unrecovered } from "./absence.ts";
import { advance } from "./advance.ts";
import type { Attempts } from "./attempts.ts";
import { asCreation, createdView } from "./blank_views.ts";
import type { CreateCall, DestroyCall, ReadCall, RotateCall } from "./calls.ts";
import { settle } from "./committer.ts";
import {
  resultUnreadable,
  SessionExistsError,
  SessionNotFoundError,
  StoreRejectedError,
} from "./errors.ts";
import { failpoint } from "./failpoint.ts";
import { load, type Lookup } from "./loader.ts";
import { misfitError } from "./misfit.ts";
import type { Pod } from "./pod.ts";
import { rotate } from "./rotate.ts";
import { seal, type SealedBatch } from "./sealed_batch.ts";
import type { Copy } from "./session.ts";
import type { CacheEntry } from "./session_cache.ts";
import type { DuplicateReply } from "./storage_adapter.ts";

/** Answers reads, all by one look at the store at most. */
export async function serveReads<Context extends object>(
  pod: Pod<Context>,
  entry: CacheEntry,
  calls: readonly ReadCall[],
  attempts: Attempts,
): Promise<void> {
  const held = calls.some(({ fresh }) => fresh) ? undefined : freshCopy(pod, entry);
  const lookup = held ? { alive: true as const, copy: held } : await load(pod, entry, attempts);
  for (const { answer } of calls) {
    if (held) answer.serveFromMemory({ degraded: false });
    answer.resolve(lookup.alive ? lookup.copy : undefined);
  }
}

/** Serves a call that shares its command with no other. */
export function serveOne<Context extends object>(
  pod: Pod<Context>,
  entry: CacheEntry,
  call: CreateCall | DestroyCall | RotateCall,
  attempts: Attempts,
): Promise<void> {
  switch (call.kind) {
    case "create":
      return serveCreate(pod, entry, call, attempts);
    case "destroy":
      return serveDestroy(pod, entry, call, attempts);
    case "rotate":
      return serveRotate(pod, entry, call, attempts);
  }
}

/** The copy if it may be served, else what the store says. */
export async function lookUp<Context extends object>(
  pod: Pod<Context>,
  entry: CacheEntry,
  attempts: Attempts,
): Promise<Lookup> {
  const copy = freshCopy(pod, entry);
  return copy ? { alive: true, copy } : await load(pod, entry, attempts);
}

function freshCopy<Context extends object>(
  pod: Pod<Context>,
  entry: CacheEntry,
): Copy | undefined {
  return pod.cache.isFresh(entry) ? entry.copy : undefined;
}

/** Makes sure that the entry knows which incarnation to address (rule 9); the reason if there is none. */
export async function address<Context extends object>(
  pod: Pod<Context>,
  entry: CacheEntry,
  attempts: Attempts,
): Promise<Lookup | { readonly alive: true }> {
  return entry.stub ? { alive: true } : await load(pod, entry, attempts);
}

async function serveCreate<Context extends object>(
  pod: Pod<Context>,
  entry: CacheEntry,
  { context, answer }: CreateCall,
  attempts: Attempts,
): Promise<void> {
  const { limits, maxLifetimeMs: lifetimeMs } = pod.settings;
  const { newcomers } = pod;
  const held = freshCopy(pod, entry);
  if (held) answer.serveFromMemory({ degraded: false });
  // Rule 17: one that this pod destroyed is looked at first, or what lives again by a loss of memory would be joined.
  const isUnknown = !entry.stub && pod.destroys.of(entry.key).length === 0;
  let asks = !isUnknown || !newcomers.areLikely;
  for (;; asks = true) {
    if (asks) {
      const lookup = await lookUp(pod, entry, attempts);
      if (isUnknown) newcomers.saw(!lookup.alive);
      if (lookup.alive) return answer.resolve(lookup.copy);
    }
    const nonce = pod.nonce();
    const capacity = limits.trajectoryVectors;
    const sealed = seal(pod, [{ kind: "create", nonce, context, capacity, lifetimeMs }]);
    const settled = await settle(pod, entry, sealed, attempts).catch((error: unknown) => {
      if (asks) throw error;
      // A store that refuses writes can be read from.
      if (error instanceof StoreRejectedError) return undefined;
      unrecovered(pod, entry.key, error);
      throw error;
    });
    if (!settled) continue;
    if (settled.kind === "invalid") throw misfitError(settled.reply, sealed.operations);
    if (settled.kind === "absent") throw new SessionNotFoundError(settled.reason);
    if (settled.kind === "applied") {
      const copy = advance(entry, sealed, settled.answer, settled.acceptedMs);
      failpoint("cached", pod.writer);
      if (copy) return answer.resolve(copy);
      newcomers.saw(false);
      // What it joined is read as by any pod that did not know of it.
      if (!asks) entry.forget();
    }
    // It joined a session that lives, or its reply had been lost: read what it became (rule 8).
    const isMade = settled.kind === "duplicate" && settled.reply.incarnation === nonce;
    const became = isMade
      ? await lookAtMade(pod, entry, sealed, settled.reply, attempts)
      : await load(pod, entry, attempts);
    if (became.alive) return answer.resolve(became.copy);
    if (isMade) throw new SessionNotFoundError(became.reason);
  }
}

/** What became of a session that an earlier try of its create had made. */
async function lookAtMade<Context extends object>(
  pod: Pod<Context>,
  entry: CacheEntry,
  { operations, seq }: SealedBatch,
  { incarnation, version }: DuplicateReply,
  attempts: Attempts,
): Promise<Lookup> {
  attempts.takeEffect();
  // Rule 21: others may have seen it since then.
  const made = createdView(pod, asCreation(operations)!, attempts.ambiguousSince!).copy();
  const { expiresAt } = made;
  const remnant = { ...made, state: { ...made.state, version } };
  entry.keepStub(
    { incarnation, version, acknowledgedSeq: seq, expiresAt, madeAtMs: undefined },
    remnant,
  );
  return await lookAfterwards(pod, entry, attempts, () => remnant);
}

/**
 * What a batch that is applied has led to. While the store is away it is what this pod knows of it: without other pods'
 * writes in between, that is better than nothing.
 */
export async function lookAfterwards<Context extends object>(
  pod: Pod<Context>,
  entry: CacheEntry,
  attempts: Attempts,
  known: () => Copy,
): Promise<Lookup> {
  return await load(pod, entry, attempts).catch((cause: unknown): Lookup => {
    if (pod.settings.failMode === "closed" || !attempts.gaveUp) throw resultUnreadable(cause);
    pod.link.giveUp(cause);
    return { alive: true, copy: known() };
  });
}

async function serveDestroy<Context extends object>(
  pod: Pod<Context>,
  entry: CacheEntry,
  { answer }: DestroyCall,
  attempts: Attempts,
): Promise<void> {
  if (!(await address(pod, entry, attempts)).alive) return answer.resolve(false);
  // Rule 17: what is to be destroyed is not served any more, from the send on. No other call looks at it before this one
  // has ended: remembered sooner, it would be repeated by the load with which this one follows the session.
  const { stub } = entry;
  const { era } = pod.link;
  entry.dropCopy();
  const made = stub?.madeAtMs === undefined ? {} : { incarnationAtMs: stub.madeAtMs };
  const sealed = seal(pod, [{ kind: "destroy", ...made }]);
  const settled = await settle(pod, entry, sealed, attempts).catch((error: unknown) => {
    // It may have been carried out, so it is to stay that way.
    if (stub && attempts.ambiguous) pod.destroys.remember(entry.key, stub, era);
    throw error;
  });
  if (stub) pod.destroys.remember(entry.key, stub, era);
  // What was meant may have been replaced meanwhile: what lived is what died.
  if (entry.stub) pod.destroys.remember(entry.key, entry.stub, pod.link.era);
  entry.forget();
  failpoint("cached", pod.writer);
  const found = settled.kind === "applied" && settled.answer.reply.found;
  answer.resolve(found || settled.kind === "duplicate");
}

async function serveRotate<Context extends object>(
  pod: Pod<Context>,
  entry: CacheEntry,
  { to, answer }: RotateCall,
  attempts: Attempts,
): Promise<void> {
  const found = await address(pod, entry, attempts);
  if (!found.alive) return answer.reject(new SessionNotFoundError(found.reason));
  entry.dropCopy();
  const rotated = await rotate(pod, entry, to, attempts);
  switch (rotated.outcome) {
    case "adopted":
      return answer.resolve(rotated.incarnation);
    case "occupied":
      return answer.reject(new SessionExistsError());
    case "absent":
      return answer.reject(new SessionNotFoundError(rotated.reason));
  }
}
