/**
 * Sending a sealed batch until it is settled (rule 7).
 *
 * @module
 */

import { corrupt, missing, remember } from "./absence.ts";
import type { Attempts } from "./attempts.ts";
import { failpoint } from "./failpoint.ts";
import { healSession, mendMissing } from "./healing.ts";
import { load } from "./loader.ts";
import type { CacheEntry } from "./session_cache.ts";
import type { NotFoundReason } from "./errors.ts";
import type { Pod } from "./pod.ts";
import { type SealedBatch, toCommit, toStoreTime } from "./sealed_batch.ts";
import type { AppliedReply, CommitReply, DuplicateReply, InvalidReply } from "./storage_adapter.ts";
import type { Answer } from "./store_link.ts";

/** How a batch was settled. Whatever is not here is thrown: unavailable, rejected, corrupt. */
export type Settled =
  | {
    readonly kind: "applied";
    readonly answer: Answer<AppliedReply>;
    /** When what it creates counts from, on the store's clock, if that is not when it was applied. */
    readonly acceptedMs: number | undefined;
  }
  | { readonly kind: "duplicate"; readonly reply: DuplicateReply }
  /** Nothing lives that it could apply to. */
  | { readonly kind: "absent"; readonly reason: NotFoundReason }
  /** The state is another than the one it was made for: read again, and make it anew. */
  | { readonly kind: "conflict" }
  | { readonly kind: "invalid"; readonly reply: InvalidReply };

/** Sends a batch to the incarnation that `entry` knows, and follows the session where it went. */
export async function settle<Context extends object>(
  pod: Pod<Context>,
  entry: CacheEntry,
  sealed: SealedBatch,
  attempts: Attempts,
): Promise<Settled> {
  const creates = sealed.operations[0]?.kind === "create";
  let isBehind = false;
  let wasMended = false;
  for (;;) {
    const incarnation = creates ? undefined : entry.stub?.incarnation;
    const prev = incarnation && sealed.writer === pod.writer && !isBehind
      ? entry.acknowledgedSeq(incarnation)
      : undefined;
    const answer = await send(pod, entry, sealed, incarnation, prev, attempts);
    const { reply } = answer;
    failpoint("replied", pod.writer);
    switch (reply.outcome) {
      case "applied": {
        const since = acceptedSince(sealed, attempts);
        return {
          kind: "applied",
          answer: { ...answer, reply },
          acceptedMs: since === undefined ? undefined : toStoreTime(pod, since),
        };
      }
      case "duplicate":
        return { kind: "duplicate", reply };
      case "invalid":
        return { kind: "invalid", reply };
      case "conflict":
        return { kind: "conflict" };
      case "corrupt":
        throw corrupt(pod, entry, reply.detail);
      case "unknown":
        attempts.takeEffect();
        throw attempts.unknown();
      case "missing":
        if (!await mendMissing(pod, entry, attempts, wasMended)) {
          const reason = missing(pod, entry);
          if (attempts.ambiguous) throw attempts.unknown();
          return { kind: "absent", reason };
        }
        wasMended = true;
        if (entry.stub) continue;
        break;
      case "late":
        await attempts.refused("The command arrived after its deadline.");
        continue;
      case "behind":
        isBehind = true;
        pod.events.emit("behind", { tenant: entry.key.tenant, hashedId: entry.key.hashedId });
        // Rule 14: first the store gets back what it had acknowledged, then the same batch.
        await attempts.read(() => pod.link.checkMemory());
        await healSession(pod, entry, attempts);
        if (entry.stub) continue;
        break;
      case "gone":
        remember(pod, entry, incarnation, reply.reason);
        break;
    }
    // Rule 4: what it creates was made by an earlier try, and has ended since. Sent again, it is gone for ever.
    const wasMade = creates && reply.outcome === "gone" && !reply.moving;
    if (wasMade) attempts.takeEffect();
    // The copy was stale. The same batch, the same number, to what lives now.
    const lookup = await load(pod, entry, attempts);
    if (!lookup.alive && (!creates || wasMade)) {
      // It may have been applied in the memory that was lost.
      if (reply.outcome === "missing" && attempts.ambiguous) throw attempts.unknown();
      return { kind: "absent", reason: lookup.reason };
    }
    if (sealed.ifVersion) return { kind: "conflict" };
    const replacedAgain = reply.outcome === "gone" && reply.alive !== entry.stub?.incarnation;
    if (replacedAgain) await attempts.refused("The session was replaced meanwhile.");
  }
}

function send<Context extends object>(
  pod: Pod<Context>,
  entry: CacheEntry,
  sealed: SealedBatch,
  incarnation: string | undefined,
  prev: number | undefined,
  attempts: Attempts,
): Promise<Answer<CommitReply>> {
  return attempts.commit(sealed, incarnation, (timeoutMs) => {
    const since = acceptedSince(sealed, attempts);
    const accepted = since === undefined ? undefined : { firstAt: since, lastAt: since };
    const holder = pod.holder(entry.key.tenant);
    const batch = toCommit(pod, sealed, { incarnation, prev, holder, accepted });
    return pod.link.commit(entry.key.storeKey, batch, timeoutMs);
  });
}

/**
 * Since when a session counts, on the pod's clock, that may have been made by an earlier try, seen by another pod, and lost
 * with the store's memory: made again, it lives no longer (rule 21).
 */
function acceptedSince(sealed: SealedBatch, attempts: Attempts): number | undefined {
  return sealed.operations[0]?.kind === "create" ? attempts.ambiguousSince : undefined;
}
