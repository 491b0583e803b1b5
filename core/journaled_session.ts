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
import { countIn, type SealedBatch, without } from "./sealed_batch.ts";
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

/** What a step takes beside its operations. */
const STEP_BYTES = 512;

/** One session's operations. */
export class JournaledSession {
  /** Its place in the cache; the heir of a dead pod's journal learns the session's id only from a caller. */
  entry: CacheEntry;
  sight: Sight;
  readonly #capacity: number;
  readonly #steps: Step[] = [];
  #count = 0;
  #bytes = 0;
  /** The span that what comes next belongs to. */
  span: Span;
  /** Whether everything that was accepted of it could be kept so far. */
  isKept = true;

  /** `capacity`: vectors that a trajectory keeps. */
  constructor(entry: CacheEntry, target: Target, sight: Sight, capacity: number) {
    this.entry = entry;
    this.sight = sight;
    this.#capacity = capacity;
    this.span = { target };
  }

  /** Operations that wait. */
  get count(): number {
    return this.#count;
  }

  get bytes(): number {
    return this.#bytes;
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

  /** How much more memory operations would take, as a step of their own or in one with those before. */
  growth(operations: readonly Operation[], place: "own-step" | "any-step"): number {
    const last = this.#steps.at(-1);
    return place === "any-step" && this.#takesMore(last)
      ? last.pending.growth(operations)
      : STEP_BYTES + new PendingOperations(this.#capacity).growth(operations);
  }

  /** Takes in a write; it joins the step before where that can still change. */
  addWrite(operations: readonly Operation[], now: number): void {
    const last = this.#steps.at(-1);
    const step = this.#takesMore(last) ? last : this.#push("write", now);
    step.pending.add(operations);
    this.#grow(step, operations.length, step.pending.bytes);
    step.lastAt = now;
  }

  /** Takes in an update, and what its function made of the context that this pod's callers see. */
  addUpdate(patch: Patch | undefined, operations: readonly Operation[], now: number): void {
    const step = this.#push("update", now, patch);
    step.pending.add(operations);
    this.#grow(step, 1, step.pending.bytes);
  }

  addDestroy(now: number): void {
    this.#grow(this.#push("destroy", now), 1, 0);
  }

  /** Takes in a batch that was sent already, and may have been applied: it keeps its writer and number. */
  addSealed(sealed: SealedBatch, patch: Patch | undefined, now: number): void {
    const isDestroy = sealed.operations[0]?.kind === "destroy";
    const kind = isDestroy ? "destroy" : sealed.ifVersion ? "update" : "write";
    const step = this.#push(kind, now, patch);
    step.sealed = sealed;
    const bytes = isDestroy ? 0 : step.pending.growth(sealed.operations);
    this.#grow(step, countIn(sealed), bytes);
  }

  /** Takes in a step that an earlier process had written down. */
  restore({ kind, span, operations, sealed, firstAt, lastAt, count }: RestoredStep): void {
    this.span = span;
    const step = this.#push(kind, firstAt);
    if (kind !== "destroy") step.pending.add(operations);
    Object.assign(step, { sealed, lastAt });
    this.#grow(step, count, step.pending.bytes);
  }

  /** Removes the first step: it is settled. */
  shift(): void {
    const step = this.#steps.shift()!;
    this.#count -= step.count;
    this.#bytes -= step.bytes;
  }

  /** Seals the first step again without one of its operations, and answers how many that one stood for. */
  forgo(sealed: SealedBatch, index: number): number {
    const step = this.#steps[0]!;
    const taken = Math.max(
      countIn(sealed, index),
      step.pending.countOf(sealed.operations[index]!),
    );
    const count = Math.min(step.count, taken);
    step.sealed = without(sealed, index);
    step.count -= count;
    this.#count -= count;
    return count;
  }

  #grow(step: Step, operations: number, bytes: number): void {
    step.count += operations;
    this.#count += operations;
    this.#bytes += STEP_BYTES + bytes - step.bytes;
    step.bytes = STEP_BYTES + bytes;
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
