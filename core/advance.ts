/**
 * What a commit of one's own makes of the copy one holds.
 *
 * @module
 */

import type { CacheEntry, Stub } from "./session_cache.ts";
import type { SealedBatch } from "./sealed_batch.ts";
import { type Copy, toCopy } from "./session.ts";
import type { AppliedReply, Operation, SessionState } from "./storage_adapter.ts";
import type { Answer } from "./store_link.ts";

/**
 * Brings an entry up to date after an applied batch, where that can be done without asking. The answer is the
 * copy of exactly the state that the commit made; undefined when another pod's write may lie in between.
 * `acceptedMs`: when what it creates was accepted, on the store's clock (rule 21).
 */
export function advance(
  entry: CacheEntry,
  sealed: SealedBatch,
  answer: Answer<AppliedReply>,
  acceptedMs = answer.reply.storeTimeMs,
): Copy | undefined {
  const { identity, expiresAtMs, created } = answer.reply;
  const state = created
    ? createdState(sealed, answer.reply, acceptedMs)
    : nextState(entry.copy?.state, sealed, answer.reply);
  if (state) {
    const copy = toCopy(state, answer);
    entry.keep(copy, sealed.seq);
    // A commit registers its pod, too.
    entry.register(entry.era);
    return copy;
  }
  // Rule 11: never relabelled. A stub stays, to address the session by.
  const expiresAt = answer.sentAt + expiresAtMs - answer.reply.storeTimeMs;
  const { incarnation, version } = identity;
  const madeAtMs = entry.stub?.incarnation === incarnation ? entry.stub.madeAtMs : undefined;
  const stub = { incarnation, version, acknowledgedSeq: sealed.seq, expiresAt, madeAtMs };
  entry.keepStub(stub, remnantOf(entry, sealed, stub, answer.reply.numbers));
  return undefined;
}

/** What the copy that is dropped would be with this pod's own operations. */
export function remnantOf(
  entry: CacheEntry,
  { operations }: SealedBatch,
  { incarnation, version, expiresAt }: Pick<Stub, "incarnation" | "version" | "expiresAt">,
  numbers: readonly number[] = [],
): Copy | undefined {
  const base = entry.copy ?? entry.remnant;
  if (base?.state.incarnation !== incarnation) return undefined;
  const { tag, expiresAtMs } = base.state;
  const moved = { incarnation, version, tag, expiresAtMs };
  return { ...base, state: applied(base.state, moved, operations, numbers), expiresAt };
}

function nextState(
  held: SessionState | undefined,
  sealed: SealedBatch,
  { identity, baseTag, expiresAtMs, numbers }: AppliedReply,
): SessionState | undefined {
  if (!held || held.incarnation !== identity.incarnation) return undefined;
  if (held.version === identity.version && held.tag === identity.tag) {
    return { ...held, expiresAtMs };
  }
  // Rule 1: after a loss of memory a number alone does not say that it was applied to the copy.
  if (baseTag !== undefined && baseTag !== held.tag) return undefined;
  // Rule 11: only if its version is the copy's + 1.
  const tag = tagOf(sealed);
  if (identity.version !== held.version + 1 || identity.tag !== tag) return undefined;
  const moved = { incarnation: held.incarnation, version: identity.version, tag, expiresAtMs };
  return applied(held, moved, sealed.operations, numbers);
}

function createdState(
  sealed: SealedBatch,
  { identity, expiresAtMs, storeTimeMs, numbers }: AppliedReply,
  acceptedMs: number,
): SessionState | undefined {
  const [first, ...rest] = sealed.operations;
  if (first?.kind !== "create") return undefined;
  const state: SessionState = {
    incarnation: first.nonce,
    version: identity.version,
    tag: tagOf(sealed),
    incarnationAtMs: storeTimeMs,
    createdAtMs: storeTimeMs,
    expiresAtMs,
    absoluteExpiresAtMs: first.lifetimeMs === undefined ? undefined : acceptedMs + first.lifetimeMs,
    context: new Map(first.context),
    capacity: first.capacity,
    trajectory: NO_VECTORS,
    writers: NO_WRITERS,
    floorMs: 0,
  };
  return rest.length === 0 ? state : applied(state, state, rest, numbers);
}

const NO_VECTORS: SessionState["trajectory"] = [];
const NO_WRITERS: SessionState["writers"] = new Map();

/** A batch's tag, in a text of its own: what is cut from the reply's line keeps the line in memory. */
function tagOf({ writer, seq }: SealedBatch): string {
  return [writer, seq].join(":");
}

/** What every commit moves. */
type Moved = Pick<SessionState, "incarnation" | "version" | "tag" | "expiresAtMs">;

/** A state after operations that are known to have been applied to it, and what their commit moved. */
function applied(
  state: SessionState,
  { incarnation, version, tag, expiresAtMs }: Moved,
  operations: readonly Operation[],
  numbers: readonly number[],
): SessionState {
  const context = editContext(state.context, operations, numbers);
  const trajectory = extended(state, operations);
  return { ...state, incarnation, version, tag, expiresAtMs, context, trajectory };
}

/** A trajectory after operations; the same where none of them appends. */
function extended(
  { trajectory, capacity }: SessionState,
  operations: readonly Operation[],
): readonly Uint8Array[] {
  if (!operations.some(({ kind }) => kind === "append")) return trajectory;
  const appended = operations.flatMap((operation) =>
    operation.kind === "append" ? [operation.vector] : []
  );
  return [...trajectory, ...appended].slice(-capacity);
}

/**
 * A context after operations: with the store's own `numbers` after the increments when they have been applied,
 * with what they would come to when they have not been sent yet.
 */
export function editContext(
  context: ReadonlyMap<string, string>,
  operations: readonly Operation[],
  numbers: readonly number[] = [],
): ReadonlyMap<string, string> {
  const edited = new Map(context);
  let increments = 0;
  for (const operation of operations) {
    switch (operation.kind) {
      case "set":
        edited.set(operation.field, operation.json);
        break;
      case "delete":
        edited.delete(operation.field);
        break;
      case "increment": {
        const expected = Number(edited.get(operation.field) ?? "0") + operation.by;
        edited.set(operation.field, JSON.stringify(numbers[increments++] ?? expected));
        break;
      }
    }
  }
  return edited;
}
