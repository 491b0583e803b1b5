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
    const copy = toCopy({ ...state, expiresAtMs }, answer);
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
  return { ...base, state: { ...applied(base.state, operations, numbers), version }, expiresAt };
}

function nextState(
  held: SessionState | undefined,
  sealed: SealedBatch,
  { identity, numbers }: AppliedReply,
): SessionState | undefined {
  if (!held || held.incarnation !== identity.incarnation) return undefined;
  if (held.version === identity.version && held.tag === identity.tag) return held;
  // Rule 11: only if its version is the copy's + 1.
  const isNext = identity.version === held.version + 1 &&
    identity.tag === `${sealed.writer}:${sealed.seq}`;
  if (!isNext) return undefined;
  return applied({ ...held, ...identity }, sealed.operations, numbers);
}

function createdState(
  sealed: SealedBatch,
  { identity, storeTimeMs, numbers }: AppliedReply,
  acceptedMs: number,
): SessionState | undefined {
  const [first, ...rest] = sealed.operations;
  if (first?.kind !== "create") return undefined;
  const state: SessionState = {
    ...identity,
    incarnationAtMs: storeTimeMs,
    createdAtMs: storeTimeMs,
    expiresAtMs: storeTimeMs,
    absoluteExpiresAtMs: first.lifetimeMs === undefined ? undefined : acceptedMs + first.lifetimeMs,
    context: new Map(first.context),
    capacity: first.capacity,
    trajectory: [],
    writers: new Map(),
    floorMs: 0,
  };
  return applied(state, rest, numbers);
}

/** A state after operations that are known to have been applied to it. */
function applied(
  state: SessionState,
  operations: readonly Operation[],
  numbers: readonly number[],
): SessionState {
  const appended = operations.flatMap((operation) =>
    operation.kind === "append" ? [operation.vector] : []
  );
  return {
    ...state,
    context: editContext(state.context, operations, numbers),
    trajectory: [...state.trajectory, ...appended].slice(-state.capacity),
  };
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
