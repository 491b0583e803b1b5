/**
 * Rule 20: rotating a session from one key to another is freeze, adopt, finish, each a commit on one key, with
 * a nonce that is both the writer of all three and the incarnation under the new key. Whoever meets a session
 * that is moving completes the rotation, by the same writer and numbers, so that each step counts once.
 *
 * @module
 */

import type { Attempts } from "./attempts.ts";
import type { Pod } from "./pod.ts";
import { seal, type SealedBatch, toCommit } from "./sealed_batch.ts";
import type { CommitReply, Moving, Operation } from "./storage_adapter.ts";

/** The number of each step under the rotation's own writer. */
export const ROTATION_SEQ = { freeze: 1, settle: 2, adopt: 1 } as const;

/** How a rotation ended: the session lives under the new key, or the new key was taken. */
export type RotationOutcome = "adopted" | "occupied";

/** Brings a rotation that was begun under `from` to its end; `waiting` are the keys that wait for it. */
export async function completeRotation<Context extends object>(
  pod: Pod<Context>,
  from: string,
  moving: Moving,
  attempts: Attempts,
  waiting: readonly string[] = [],
): Promise<RotationOutcome> {
  const outcome = await adopt(pod, moving, attempts, [...waiting, from]);
  const kind = outcome === "adopted" ? "finish" : "thaw";
  // Whatever is answered, it is settled: if not by us, then by somebody else.
  await step(pod, from, { kind, nonce: moving.nonce }, ROTATION_SEQ.settle, attempts);
  return outcome;
}

async function adopt<Context extends object>(
  pod: Pod<Context>,
  moving: Moving,
  attempts: Attempts,
  waiting: readonly string[],
): Promise<RotationOutcome> {
  const { nonce, to, state } = moving;
  // In a circle of rotations none would end: whoever closes it finds its place occupied.
  const yields = waiting.includes(to);
  for (;;) {
    const operation = { kind: "adopt", nonce, state, yields } as const;
    const reply = await step(pod, to, operation, ROTATION_SEQ.adopt, attempts);
    switch (reply.outcome) {
      case "applied":
        return reply.found ? "adopted" : "occupied";
      case "duplicate":
        return reply.occupied ? "occupied" : "adopted";
      case "gone":
        // A tombstone of this very incarnation: adopted, and destroyed since.
        if (!reply.moving) return "adopted";
        await completeOther(pod, to, attempts, waiting);
        break;
      default:
        await attempts.refused(`The new place answered "${reply.outcome}".`);
    }
  }
}

/** The new place is itself moving: that settles nothing, so it is completed first. */
async function completeOther<Context extends object>(
  pod: Pod<Context>,
  key: string,
  attempts: Attempts,
  waiting: readonly string[],
): Promise<void> {
  const request = { tombstoneMs: pod.tombstoneMs };
  const { reply } = await attempts.read((timeoutMs) => pod.link.load(key, request, timeoutMs));
  if (reply.outcome === "moving") {
    await completeRotation(pod, key, reply.moving, attempts, waiting);
  }
}

async function step<Context extends object>(
  pod: Pod<Context>,
  key: string,
  operation: Operation & { nonce: string },
  seq: number,
  attempts: Attempts,
): Promise<CommitReply> {
  const sealed: SealedBatch = seal(pod, [operation], { writer: operation.nonce, seq });
  const { reply } = await attempts.write((timeoutMs) => {
    const batch = toCommit(pod, sealed, { incarnation: undefined });
    return pod.link.commit(key, batch, timeoutMs);
  });
  return reply;
}

/** What a rotation came to that somebody else brought to its end: the new place remembers it. */
export async function recallRotation<Context extends object>(
  pod: Pod<Context>,
  nonce: string,
  to: string,
  attempts: Attempts,
): Promise<RotationOutcome> {
  // It cannot apply, whatever is there; that the adopt was settled before is seen first.
  const probe = { kind: "finish", nonce } as const;
  const reply = await step(pod, to, probe, ROTATION_SEQ.adopt, attempts);
  return reply.outcome === "duplicate" && reply.occupied ? "occupied" : "adopted";
}
