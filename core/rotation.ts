/**
 * Rule 20: rotating a session from one key to another is freeze, adopt, finish, each a commit on one key, with
 * a nonce that is both the writer of all three and the incarnation under the new key. Whoever meets a session
 * that is moving completes the rotation, by the same writer and numbers, so that each step counts once.
 *
 * @module
 */

import type { Attempts } from "./attempts.ts";
import { StoreUnavailableError } from "./errors.ts";
import type { Pod } from "./pod.ts";
import { seal, type SealedBatch, toCommit } from "./sealed_batch.ts";
import type { CommitReply, Moving, Operation } from "./storage_adapter.ts";

/** The number of each step under the rotation's own writer. */
export const ROTATION_SEQ = { freeze: 1, settle: 2, adopt: 1 } as const;

/** How a rotation ended: the session lives under the new key, or the new key was taken. */
export type RotationOutcome = "adopted" | "occupied";

/** Rotations that wait for one another are followed this far. */
const LONGEST_CHAIN = 8;

/** Brings a rotation that was begun under `from` to its end. */
export async function completeRotation<Context extends object>(
  pod: Pod<Context>,
  from: string,
  moving: Moving,
  attempts: Attempts,
  depth = 0,
): Promise<RotationOutcome> {
  const outcome = await adopt(pod, moving, attempts, depth);
  const kind = outcome === "adopted" ? "finish" : "thaw";
  // Whatever is answered, it is settled: if not by us, then by somebody else.
  await step(pod, from, { kind, nonce: moving.nonce }, ROTATION_SEQ.settle, attempts);
  return outcome;
}

async function adopt<Context extends object>(
  pod: Pod<Context>,
  moving: Moving,
  attempts: Attempts,
  depth: number,
): Promise<RotationOutcome> {
  const { nonce, to, state } = moving;
  for (;;) {
    const operation = { kind: "adopt", nonce, state } as const;
    const reply = await step(pod, to, operation, ROTATION_SEQ.adopt, attempts);
    switch (reply.outcome) {
      case "applied":
        return reply.found ? "adopted" : "occupied";
      case "duplicate":
        return reply.occupied ? "occupied" : "adopted";
      case "gone":
        // A tombstone of this very incarnation: adopted, and destroyed since.
        if (!reply.moving) return "adopted";
        await completeOther(pod, to, attempts, depth);
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
  depth: number,
): Promise<void> {
  if (depth >= LONGEST_CHAIN) {
    throw new StoreUnavailableError("Too many rotations wait for one another. Try again.", {
      outcome: "not-applied",
    });
  }
  const request = { tombstoneMs: pod.tombstoneMs };
  const { reply } = await attempts.read((timeoutMs) => pod.link.load(key, request, timeoutMs));
  if (reply.outcome === "moving") {
    await completeRotation(pod, key, reply.moving, attempts, depth + 1);
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
