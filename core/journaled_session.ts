/**
 * What waits for the store of one session: its operations in order, and what its callers see meanwhile.
 *
 * @module
 */

import type { NotFoundReason } from "./errors.ts";
import type { RejectedReason } from "./events.ts";
import type { RestoredStep } from "./journal_record.ts";
import { PendingOperations } from "./pending_operations.ts";
import type { PendingView } from "./pending_view.ts";
import type { SealedBatch } from "./sealed_batch.ts";
import type { Copy } from "./session.ts";
import type { CacheEntry } from "./session_cache.ts";
import type { Operation } from "./storage_adapter.ts";

/** Which incarnation operations are meant for. */
export type Target =
  /** The one that the pod held, or that a create became. */
  | { readonly kind: "bound"; readonly incarnation: string; readonly madeAtMs: number | undefined }
  /** The one that the create at their head makes or joins (rule 8). */
  | { readonly kind: "creating"; readonly nonce: string }
  /** Whatever lives when they are drained, if it was made no later than the call (rule 9). */
  | { readonly kind: "unbound" }
  /** None that lives: all of them are told. */
  | { readonly kind: "dead"; readonly reason: RejectedReason };

/** What the operations on one incarnation have in common. Its target becomes known while it drains. */
export interface Span {
  target: Target;
}

/** What a pod sees of a session that has operations waiting. */
export type Sight =
  | { readonly kind: "whole"; readonly view: PendingView }
  /** Its state is not known, only what this pod does to it. */
  | { readonly kind: "partial"; readonly view: PendingView }
  | { readonly kind: "dead"; readonly reason: NotFoundReason };

/**
 * Makes operations of a context, by the functions of one or several updates in their order (rule 19).
 *
 * @throws what a function throws
 */
export type Patch = (context: ReadonlyMap<string, string>) => readonly Operation[];

/** What becomes one batch. */
export interface Step {
  readonly kind: "write" | "update" | "destroy";
  readonly span: Span;
  /** Coalesced operations, of a write. */
  readonly pending: PendingOperations;
  /** Of an update; the heir of a dead pod's journal has none. */
  readonly patch: Patch | undefined;
  /** The batch, once it has one: from then on it never changes (rule 6). */
  sealed: SealedBatch | undefined;
  /** When its first and last operation were accepted, on the pod's clock (rule 18). */
  firstAt: number;
  lastAt: number;
  /** Operations in it. */
  count: number;
  /** What it takes in memory. */
  bytes: number;
}

/** One session's operations. */
export class JournaledSession {
  /** Its place in the cache; the heir of a dead pod's journal learns the session's id only from a caller. */
  entry: CacheEntry;
  sight: Sight;
  readonly #capacity: number;
  readonly #steps: Step[] = [];
  /** The span that what comes next belongs to. */
  span: Span;

  /** `capacity`: vectors that a trajectory keeps. */
  constructor(entry: CacheEntry, target: Target, sight: Sight, capacity: number) {
    this.entry = entry;
    this.sight = sight;
    this.#capacity = capacity;
    this.span = { target };
  }

  /** Operations that wait. */
  get count(): number {
    return this.#steps.reduce((count, step) => count + step.count, 0);
  }

  get bytes(): number {
    return this.#steps.reduce((bytes, step) => bytes + step.bytes, 0);
  }

  get steps(): readonly Step[] {
    return this.#steps;
  }

  /** What is shown of it now; undefined when it is dead, or its state not known. */
  shown(): Copy | undefined {
    return this.sight.kind === "whole" ? this.seen(this.sight.view) : undefined;
  }

  /** What a caller sees who wrote to it. */
  seen(view: PendingView): Copy {
    return { ...view.copy(), pending: this.count };
  }

  /** How much more memory operations would take. */
  growth(operations: readonly Operation[]): number {
    const last = this.#steps.at(-1);
    const pending = this.#takesMore(last) ? last.pending : new PendingOperations(this.#capacity);
    return pending.growth(operations);
  }

  /** Takes in a write; it joins the step before where that can still change. */
  addWrite(operations: readonly Operation[], now: number): void {
    const last = this.#steps.at(-1);
    const step = this.#takesMore(last) ? last : this.#push("write", now);
    step.pending.add(operations);
    step.count += operations.length;
    step.bytes = step.pending.bytes;
    step.lastAt = now;
  }

  /** Takes in an update, and what its function made of the context that this pod's callers see. */
  addUpdate(patch: Patch | undefined, operations: readonly Operation[], now: number): void {
    const step = this.#push("update", now, patch);
    step.pending.add(operations);
    step.count = 1;
    step.bytes = step.pending.bytes;
  }

  addDestroy(now: number): void {
    this.#push("destroy", now).count = 1;
  }

  /** Takes in a batch that was sent already, and may have been applied: it keeps its writer and number. */
  addSealed(sealed: SealedBatch, patch: Patch | undefined, now: number): void {
    const isDestroy = sealed.operations[0]?.kind === "destroy";
    const kind = isDestroy ? "destroy" : sealed.ifVersion ? "update" : "write";
    const step = this.#push(kind, now, patch);
    step.sealed = sealed;
    step.count = sealed.operations.length;
    if (!isDestroy) step.bytes = step.pending.growth(sealed.operations);
  }

  /** Takes in a step that an earlier process had written down. */
  restore({ kind, span, operations, sealed, firstAt, lastAt, count }: RestoredStep): void {
    this.span = span;
    const step = this.#push(kind, firstAt);
    if (kind !== "destroy") step.pending.add(operations);
    Object.assign(step, { sealed, lastAt, count, bytes: step.pending.bytes });
  }

  /** Removes the first step: it is settled. */
  shift(): void {
    this.#steps.shift();
  }

  #takesMore(step: Step | undefined): step is Step {
    return step?.kind === "write" && !step.sealed && step.span === this.span;
  }

  #push(kind: Step["kind"], now: number, patch?: Patch): Step {
    const step: Step = {
      kind,
      span: this.span,
      pending: new PendingOperations(this.#capacity),
      patch,
      sealed: undefined,
      firstAt: now,
      lastAt: now,
      count: 0,
      bytes: 0,
    };
    this.#steps.push(step);
    return step;
  }
}
