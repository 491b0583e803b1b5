/**
 * A batch as it is sealed before its first send (rule 6), and the commit that each send makes of it.
 *
 * @module
 */

import type { Pod } from "./pod.ts";
import type { CommitBatch, Holder, Identity, Operation } from "./storage_adapter.ts";

/** Operations under a number. Never changed: what is refused is sealed again, under the same number. */
export interface SealedBatch {
  readonly writer: string;
  readonly seq: number;
  readonly operations: readonly Operation[];
  /** How many of the callers' operations each stands for; one each when left out. */
  readonly counts?: readonly number[];
  readonly ifVersion?: Identity;
  /** The store's time when it was sealed, never later than it was. */
  readonly firstSentAtMs: number;
}

/** Where a send goes: it is no part of the seal (rule 7). */
export interface Destination {
  /** The incarnation meant; undefined for a create or an adopt. */
  readonly incarnation: string | undefined;
  /** This writer's last acknowledged seq there (rule 5). */
  readonly prev?: number | undefined;
  /** Undefined when this pod keeps no copy. */
  readonly holder?: Holder | undefined;
  /** When its first and last operation were accepted, by the pod's clock; only of what was journaled (rule 18). */
  readonly accepted?: { readonly firstAt: number; readonly lastAt: number } | undefined;
}

/** Seals operations under a number. */
export function seal<Context extends object>(
  pod: Pod<Context>,
  operations: readonly Operation[],
  number: { writer: string; seq: number } = { writer: pod.writer, seq: pod.nextSeq() },
  ifVersion?: Identity,
): SealedBatch {
  const firstSentAtMs = pod.link.storeTimeMs() ?? 0;
  return { ...number, operations, firstSentAtMs, ...(ifVersion && { ifVersion }) };
}

/** How many of the callers' operations an operation of a batch stands for; all of them when none is named. */
export function countIn({ operations, counts }: SealedBatch, index?: number): number {
  if (index !== undefined) return counts?.[index] ?? 1;
  return counts?.reduce((sum, count) => sum + count, 0) ?? operations.length;
}

/** The same batch without one of its operations: only of one of which nothing was applied. */
export function without(sealed: SealedBatch, index: number): SealedBatch {
  const isKept = (_: unknown, place: number) => place !== index;
  const { operations, counts } = sealed;
  return {
    ...sealed,
    operations: operations.filter(isKept),
    ...(counts && { counts: counts.filter(isKept) }),
  };
}

/** The commit that a send makes of a sealed batch. */
export function toCommit<Context extends object>(
  pod: Pod<Context>,
  { writer, seq, operations, firstSentAtMs, ifVersion }: SealedBatch,
  { incarnation, prev, holder, accepted }: Destination,
): CommitBatch {
  const { ttlMs, graceMs } = pod.settings;
  const { tombstoneMs, writerRetentionMs, stateLimits: limits } = pod;
  const spans = { ttlMs, graceMs, tombstoneMs, writerRetentionMs };
  const batch: Writable<CommitBatch> = {
    ...{ writer, seq, operations, firstSentAtMs, incarnation, limits },
    ...spans,
  };
  if (ifVersion) batch.ifVersion = ifVersion;
  if (prev !== undefined) batch.prev = prev;
  if (holder) batch.holder = holder;
  if (accepted) batch.accepted = toStoreTimes(pod, accepted);
  const first = operations[0]?.kind;
  if (first === "create" || first === "adopt") {
    // Rule 2, counted from this send: an older one is late the sooner.
    batch.notAfterMs = (pod.link.storeTimeMs() ?? 0) + pod.deadlineSpanMs;
  }
  return batch;
}

type Writable<Type> = { -readonly [Name in keyof Type]: Type[Name] };

/** Rule 18: computed again for each send, by how long ago it was on this pod's monotonic clock. */
function toStoreTimes<Context extends object>(
  pod: Pod<Context>,
  { firstAt, lastAt }: { readonly firstAt: number; readonly lastAt: number },
): { firstMs: number; lastMs: number } {
  return { firstMs: toStoreTime(pod, firstAt), lastMs: toStoreTime(pod, lastAt) };
}

/** A moment of the pod's clock on the store's, as it was then or a little earlier. */
export function toStoreTime<Context extends object>(pod: Pod<Context>, at: number): number {
  return (pod.link.storeTimeMs() ?? 0) - (pod.settings.clock.now() - at);
}
