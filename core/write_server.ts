/**
 * How writes and updates of one session are served: several calls in one batch.
 *
 * @module
 */

import { advance, editContext, remnantOf } from "./advance.ts";
import type { Attempts } from "./attempts.ts";
import { partialView } from "./blank_views.ts";
import { address, lookAfterwards, lookUp } from "./call_server.ts";
import type { Answerable, UpdateCall, WriteCall } from "./calls.ts";
import { settle, type Settled } from "./committer.ts";
import {
  InvalidInputError,
  type NotFoundReason,
  resultUnreadable,
  SessionNotFoundError,
} from "./errors.ts";
import { failpoint } from "./failpoint.ts";
import { type IncrementPart, JoinedOperations, numberAfter } from "./joined_operations.ts";
import { load } from "./loader.ts";
import { misfitError } from "./misfit.ts";
import type { Pod } from "./pod.ts";
import { schemaIssues } from "./schema.ts";
import { seal, type SealedBatch } from "./sealed_batch.ts";
import { type Copy, parseContext } from "./session.ts";
import type { CacheEntry } from "./session_cache.ts";
import type { InvalidReply, Operation } from "./storage_adapter.ts";

/** A call, and the operations that stand for it in a batch. */
class Share<GroupedCall extends WriteCall | UpdateCall = WriteCall | UpdateCall> {
  readonly call: GroupedCall;
  readonly operations: readonly Operation[];
  /** Its last increment, once it is in a batch. */
  part: IncrementPart | undefined;

  constructor(call: GroupedCall, operations: readonly Operation[]) {
    this.call = call;
    this.operations = operations;
  }
}

/** Applies the operations of several calls in one batch. */
export async function serveWrites<Context extends object>(
  pod: Pod<Context>,
  entry: CacheEntry,
  calls: readonly WriteCall[],
  attempts: Attempts,
): Promise<void> {
  const found = await address(pod, entry, attempts);
  if (!found.alive) return answerAbsent(calls, found.reason);
  let shares: Share<WriteCall>[] = calls.map((call) => new Share(call, call.operations));
  if (pod.settings.schema) {
    const lookup = await lookUp(pod, entry, attempts);
    if (!lookup.alive) return answerAbsent(calls, lookup.reason);
    shares = await fitting(pod, lookup.copy, shares);
  }
  const number = { writer: pod.writer, seq: pod.nextSeq() };
  let joins = true;
  while (shares.length > 0) {
    const joined: JoinedOperations = joins
      ? JoinedOperations.joining(entry.copy?.state.context)
      : JoinedOperations.apart();
    for (const share of shares) share.part = joined.add(share.operations);
    const sealed = joined.isJoined
      ? { ...seal(pod, joined.operations, number), counts: joined.counts }
      : seal(pod, joined.operations, number);
    const settled = await settle(pod, entry, sealed, attempts);
    if (settled.kind === "invalid") {
      // Refused as a whole: sealed again under the same number, without what does not fit.
      const left = joined.isJoined
        ? withoutMisfits(shares, settled.reply, joined)
        : withoutMisfit(shares, settled.reply);
      joins = left.length < shares.length;
      shares = left;
      continue;
    }
    if (settled.kind === "absent") return answerAbsent(calls, settled.reason);
    if (settled.kind === "conflict") {
      throw new TypeError("a write without ifVersion has no conflict");
    }
    return await answerShares(pod, entry, sealed, settled, shares, attempts);
  }
}

/**
 * Rule 19: each function runs when its batch is sealed, with no commit of this pod open on the session, on the
 * copy and what the functions before it make of it.
 */
export async function serveUpdates<Context extends object>(
  pod: Pod<Context>,
  entry: CacheEntry,
  calls: readonly UpdateCall[],
  attempts: Attempts,
): Promise<void> {
  const number = { writer: pod.writer, seq: pod.nextSeq() };
  let lookup = await lookUp(pod, entry, attempts);
  for (;;) {
    if (!lookup.alive) return answerAbsent(calls, lookup.reason);
    let shares = runUpdates(calls, lookup.copy);
    if (pod.settings.schema) shares = await fitting(pod, lookup.copy, shares);
    if (shares.length === 0) return;
    const { incarnation, version, tag } = lookup.copy.state;
    const ifVersion = { incarnation, version, tag };
    const sealed = seal(pod, operationsOf(shares), number, ifVersion);
    const settled = await settle(pod, entry, sealed, attempts);
    switch (settled.kind) {
      case "absent":
        return answerAbsent(calls, settled.reason);
      case "invalid":
        calls = withoutMisfit(shares, settled.reply).map(({ call }) => call);
        break;
      case "conflict":
        // The store answers, so the window begins again: what is waited for is the other pods' turn.
        attempts.restart();
        lookup = await load(pod, entry, attempts);
        break;
      default:
        return await answerShares(pod, entry, sealed, settled, shares, attempts);
    }
  }
}

function runUpdates(calls: readonly UpdateCall[], copy: Copy): Share<UpdateCall>[] {
  const shares: Share<UpdateCall>[] = [];
  let { context } = copy.state;
  for (const call of calls) {
    if (call.answer.settled) continue;
    try {
      const operations = call.patch(parseContext(context));
      context = editContext(context, operations);
      shares.push(new Share(call, operations));
    } catch (error) {
      call.answer.reject(error);
    }
  }
  return shares;
}

/** The shares whose calls lead to contexts that fit the schema; the other calls are told. */
async function fitting<Context extends object, GroupedCall extends WriteCall | UpdateCall>(
  pod: Pod<Context>,
  copy: Copy,
  shares: readonly Share<GroupedCall>[],
): Promise<Share<GroupedCall>[]> {
  const kept: Share<GroupedCall>[] = [];
  let { context } = copy.state;
  for (const share of shares) {
    const edited = editContext(context, share.operations);
    const issues = await schemaIssues(pod.settings.schema!, edited);
    if (issues) {
      share.call.answer.reject(
        new InvalidInputError("context", `The context would not fit the schema: ${issues}`),
      );
    } else {
      context = edited;
      kept.push(share);
    }
  }
  return kept;
}

/**
 * The shares without the increments of what is no number: none of a sum fits, and their calls are told. Of any other sum
 * that does not fit a part might: all shares are left, to be sent as they are.
 */
function withoutMisfits(
  shares: readonly Share<WriteCall>[],
  reply: InvalidReply,
  { operations }: JoinedOperations,
): Share<WriteCall>[] {
  const refused = reply.reason === "not-a-number" ? operations[reply.operation] : undefined;
  return shares.filter(({ call, part }) => {
    const fits = call.operations.length > 1 || part === undefined ||
      part.sum.operation !== refused;
    if (!fits) call.answer.reject(misfitError(reply, operations));
    return fits;
  });
}

/** The shares without the one that a batch was refused for; its call is told. */
function withoutMisfit<GroupedCall extends WriteCall | UpdateCall>(
  shares: readonly Share<GroupedCall>[],
  reply: InvalidReply,
): Share<GroupedCall>[] {
  let end = 0;
  const misfit = shares.find(({ operations }) => reply.operation < (end += operations.length));
  misfit?.call.answer.reject(misfitError(reply, operationsOf(shares)));
  return shares.filter((share) => share !== misfit);
}

/** Answers the calls of a batch that is applied, by what its reply tells where that is enough. */
async function answerShares<Context extends object>(
  pod: Pod<Context>,
  entry: CacheEntry,
  sealed: SealedBatch,
  settled: Settled & { kind: "applied" | "duplicate" },
  shares: readonly Share[],
  attempts: Attempts,
): Promise<void> {
  attempts.takeEffect();
  const { incarnation, copy, numbers } = afterwards(entry, sealed, settled);
  failpoint("cached", pod.writer);
  const unanswered: Share[] = [];
  for (const share of shares) {
    const { call } = share;
    if (call.kind === "write" && call.wants === "presence") call.answer.resolve(true);
    else if (call.kind === "write" && call.wants === "number") {
      if (numbers) call.answer.resolve(numberAfter(share.part!, numbers));
      else unanswered.push(share);
    } else if (copy) call.answer.resolve(copy);
    else unanswered.push(share);
  }
  if (unanswered.length > 0) await answerByLoad(pod, entry, incarnation, unanswered, attempts);
}

function afterwards(
  entry: CacheEntry,
  sealed: SealedBatch,
  settled: Settled & { kind: "applied" | "duplicate" },
): { incarnation: string; copy?: Copy | undefined; numbers?: readonly number[] } {
  if (settled.kind === "applied") {
    const { identity, numbers } = settled.answer.reply;
    const copy = advance(entry, sealed, settled.answer);
    return { incarnation: identity.incarnation, copy, numbers };
  }
  const { incarnation, version } = settled.reply;
  const { expiresAt = 0, madeAtMs } = entry.stub ?? {};
  const stub = { incarnation, version, acknowledgedSeq: sealed.seq, expiresAt, madeAtMs };
  entry.keepStub(stub, remnantOf(entry, sealed, stub));
  return { incarnation };
}

/** The batch is applied, but what it led to has to be read: from that incarnation, or not at all. */
async function answerByLoad<Context extends object>(
  pod: Pod<Context>,
  entry: CacheEntry,
  incarnation: string,
  shares: readonly Share[],
  attempts: Attempts,
): Promise<void> {
  const known = () => entry.remnant ?? partialCopy(pod, entry, shares);
  const lookup = await lookAfterwards(pod, entry, attempts, known);
  if (!lookup.alive || lookup.copy.state.incarnation !== incarnation) throw resultUnreadable();
  for (const { call, operations } of shares) {
    if (call.kind === "write" && call.wants === "number") {
      const [operation] = operations as [Operation & { kind: "increment" }];
      const number = Number(lookup.copy.state.context.get(operation.field));
      // Another pod may have deleted or replaced what was counted.
      if (Number.isNaN(number)) call.answer.reject(resultUnreadable());
      else call.answer.resolve(number);
    } else (call.answer as Answerable<Copy>).resolve(lookup.copy);
  }
}

/** What calls did to a session of which this pod knows nothing else. */
function partialCopy<Context extends object>(
  pod: Pod<Context>,
  { stub }: CacheEntry,
  shares: readonly Share[],
): Copy {
  const now = pod.settings.clock.now();
  const view = partialView(pod, stub, now);
  view.draft(operationsOf(shares), now).apply();
  return view.copy();
}

function answerAbsent(calls: readonly (WriteCall | UpdateCall)[], reason: NotFoundReason): void {
  for (const call of calls) {
    if (call.kind === "write" && call.wants === "presence") call.answer.resolve(false);
    else call.answer.reject(new SessionNotFoundError(reason));
  }
}

function operationsOf(shares: readonly Share[]): Operation[] {
  return shares.flatMap(({ operations }) => operations);
}
