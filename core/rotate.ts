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
import { completeRotation, ROTATION_SEQ, type RotationOutcome } from "./rotation.ts";
import { seal } from "./sealed_batch.ts";
import type { CacheEntry } from "./session_cache.ts";
import type { Operation } from "./storage_adapter.ts";

/** Begins a rotation and brings it to its end; the answer is the reason when nothing lives to rotate. */
export async function rotate<Context extends object>(
  pod: Pod<Context>,
  entry: CacheEntry,
  to: SessionKey,
  attempts: Attempts,
): Promise<RotationOutcome | { readonly absent: NotFoundReason }> {
  const nonce = pod.nonce();
  const freeze: Operation = { kind: "freeze", nonce, to: to.storeKey };
  const sealed = seal(pod, [freeze], { writer: nonce, seq: ROTATION_SEQ.freeze });
  const settled = await settle(pod, entry, sealed, attempts);
  if (settled.kind === "absent") return { absent: settled.reason };

  const { storeKey } = entry.key;
  const request = { tombstoneMs: pod.tombstoneMs };
  const { reply } = await attempts.read((timeoutMs) => pod.link.load(storeKey, request, timeoutMs));
  entry.forget();
  if (reply.outcome === "moving" && reply.moving.nonce === nonce) {
    return await completeRotation(pod, storeKey, reply.moving, attempts);
  }
  // Somebody completed it meanwhile: thawed where the new place was taken, else adopted.
  return reply.outcome === "found" ? "occupied" : "adopted";
}
