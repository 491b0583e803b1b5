/**
 * Beginning a rotation (rule 20); `rotation.ts` brings it to its end.
 *
 * @module
 */

import type { Attempts } from "./attempts.ts";
import { settle } from "./committer.ts";
import type { NotFoundReason } from "./errors.ts";
import type { SessionKey } from "./key_space.ts";
import type { Pod } from "./pod.ts";
import {
  completeRotation,
  recallRotation,
  ROTATION_SEQ,
  type RotationOutcome,
} from "./rotation.ts";
import { seal } from "./sealed_batch.ts";
import type { CacheEntry } from "./session_cache.ts";
import type { Operation } from "./storage_adapter.ts";

/** A session that moved, as the incarnation that it became; or why it did not. */
export type Rotated =
  | { readonly outcome: "adopted"; readonly incarnation: string }
  | { readonly outcome: "occupied" }
  | { readonly outcome: "absent"; readonly reason: NotFoundReason };

/** Begins a rotation and brings it to its end. */
export async function rotate<Context extends object>(
  pod: Pod<Context>,
  entry: CacheEntry,
  to: SessionKey,
  attempts: Attempts,
): Promise<Rotated> {
  const nonce = pod.nonce();
  const freeze: Operation = { kind: "freeze", nonce, to: to.storeKey };
  const sealed = seal(pod, [freeze], { writer: nonce, seq: ROTATION_SEQ.freeze });
  const settled = await settle(pod, entry, sealed, attempts);
  if (settled.kind === "absent") return { outcome: "absent", reason: settled.reason };

  // From here on somebody completes it, if not this pod.
  attempts.takeEffect();
  const { stub } = entry;
  entry.forget();
  const outcome = await complete(pod, entry.key.storeKey, nonce, to.storeKey, attempts);
  // Rule 17: what moved away is as dead under its old key as what was destroyed.
  if (outcome === "adopted" && stub) pod.destroys.remember(entry.key, stub, pod.link.era);
  // It lives on there; a store that has lost it meanwhile is told of.
  if (outcome === "occupied" && stub) entry.keepStub(stub);
  return outcome === "adopted" ? { outcome, incarnation: nonce } : { outcome };
}

async function complete<Context extends object>(
  pod: Pod<Context>,
  from: string,
  nonce: string,
  to: string,
  attempts: Attempts,
): Promise<RotationOutcome> {
  const request = { tombstoneMs: pod.tombstoneMs };
  const { reply } = await attempts.read((timeoutMs) => pod.link.load(from, request, timeoutMs));
  return reply.outcome === "moving" && reply.moving.nonce === nonce
    ? await completeRotation(pod, from, reply.moving, attempts)
    : await recallRotation(pod, nonce, to, attempts);
}
