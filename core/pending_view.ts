/**
 * Rule 10: what reads of a session see while writes of it wait for the store: the acknowledged state, and the pending
 * operations on it. Commit replies never replace it.
 *
 * @module
 */

import { Draft, type DraftBase } from "./draft.ts";
import { misfitError } from "./misfit.ts";
import { slotsByAge, stateBytes } from "./record.ts";
import type { Copy } from "./session.ts";
import type { Operation, SessionState, StateLimits } from "./storage_adapter.ts";

/** What a view begins with when the session's state is not known to this pod. */
export interface BlankState {
  readonly incarnation: string;
  readonly createdAtMs: number;
  readonly capacity: number;
  /** Until when it is good, on the pod's clock, if nothing renews it. */
  readonly expiresAt: number;
  /** What no renewal can pass, on the pod's clock. */
  readonly absoluteExpiresAt: number;
}

/** How a view reckons. */
export interface ViewRules {
  readonly limits: StateLimits;
  readonly ttlMs: number;
}

/** A session as this pod's callers see it. */
export class PendingView {
  readonly #rules: ViewRules;
  readonly #base: Omit<SessionState, "context" | "trajectory">;
  readonly #absoluteExpiresAt: number;
  readonly #sentAt: number;
  #totals: DraftBase;
  #context: Map<string, string>;
  #vectors: Uint8Array[];
  #expiresAt: number;
  /** What was last given away; what it holds is not changed any more. */
  #copy: Copy | undefined;

  private constructor(
    rules: ViewRules,
    { state, sentAt, expiresAt }: Copy,
    absoluteExpiresAt: number,
  ) {
    const { context, trajectory, ...base } = state;
    this.#rules = rules;
    this.#base = base;
    this.#absoluteExpiresAt = absoluteExpiresAt;
    this.#sentAt = sentAt;
    this.#context = new Map(context);
    this.#vectors = [...trajectory];
    this.#expiresAt = expiresAt;
    this.#totals = {
      fields: context.size,
      bytes: stateBytes(context, trajectory),
      appended: trajectory.length,
      capacity: state.capacity,
      dimension: (trajectory[0]?.length ?? 0) / 4,
    };
  }

  /** A view on a state that is known. */
  static of(copy: Copy, rules: ViewRules): PendingView {
    const { absoluteExpiresAtMs, expiresAtMs } = copy.state;
    const absoluteExpiresAt = absoluteExpiresAtMs === undefined
      ? Infinity
      : copy.expiresAt + absoluteExpiresAtMs - expiresAtMs;
    return new PendingView(rules, copy, absoluteExpiresAt);
  }

  /** A view on nothing but what is pending. */
  static blank(state: BlankState, now: number, rules: ViewRules): PendingView {
    const { incarnation, createdAtMs, capacity, expiresAt, absoluteExpiresAt } = state;
    const empty: SessionState = {
      incarnation,
      version: 0,
      tag: "",
      incarnationAtMs: createdAtMs,
      createdAtMs,
      expiresAtMs: createdAtMs,
      absoluteExpiresAtMs: undefined,
      context: new Map(),
      capacity,
      trajectory: [],
      writers: new Map(),
      floorMs: 0,
    };
    return new PendingView(rules, { state: empty, sentAt: now, expiresAt }, absoluteExpiresAt);
  }

  /** When the session runs out unless it is written to, on the pod's clock. */
  get expiresAt(): number {
    return this.#expiresAt;
  }

  /** The context, to look at; it may change. */
  get context(): ReadonlyMap<string, string> {
    return this.#context;
  }

  /** What is shown of it now. */
  copy(): Copy {
    return this.#copy ??= {
      state: {
        ...this.#base,
        context: this.#context,
        trajectory: slotsByAge(this.#totals).map((slot) => this.#vectors[slot]!),
      },
      sentAt: this.#sentAt,
      expiresAt: this.#expiresAt,
    };
  }

  /**
   * Works out operations accepted at `now`; nothing is changed before `apply` is called.
   *
   * @throws InvalidInputError when one of them does not fit the state
   */
  draft(
    operations: readonly Operation[],
    now: number,
  ): { readonly numbers: readonly number[]; apply(): void } {
    const source = { field: (name: string) => this.#context.get(name) };
    const draft = new Draft(source, this.#totals, this.#rules.limits);
    for (const [index, operation] of operations.entries()) {
      const misfit = operation.kind === "create"
        ? draft.setAll(operation.context)
        : draft.run(operation);
      if (misfit) throw misfitError({ operation: index, ...misfit }, operations);
    }
    return { numbers: draft.numbers, apply: () => this.#apply(draft, now) };
  }

  /** The number that a field holds. */
  numberOf(field: string): number {
    return Number(this.#context.get(field) ?? 0);
  }

  #apply(draft: Draft, now: number): void {
    // A copy that was given away keeps the maps that it was given.
    if (this.#copy) {
      this.#context = new Map(this.#context);
      this.#vectors = [...this.#vectors];
      this.#copy = undefined;
    }
    draft.write({
      setField: (name, json) => void this.#context.set(name, json),
      deleteField: (name) => void this.#context.delete(name),
      putVector: (slot, vector) => void (this.#vectors[slot] = vector),
    });
    this.#totals = { ...draft.totals(), capacity: this.#totals.capacity };
    const renewed = Math.max(this.#expiresAt, now + this.#rules.ttlMs);
    this.#expiresAt = Math.min(renewed, this.#absoluteExpiresAt);
  }
}
