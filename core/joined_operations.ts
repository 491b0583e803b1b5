/**
 * The operations of several calls as one batch: increments of one field that wait together are added up first, so that a
 * thousand callers of one counter cost the store what one costs.
 *
 * @module
 */

import type { Operation } from "./storage_adapter.ts";

/** What the increments of several calls come to. */
interface Sum {
  /** As it is sent; it grows until the batch is sealed. */
  readonly operation: { readonly kind: "increment"; readonly field: string; by: number };
  /** What the field holds before it, as far as is known. */
  readonly base: number;
  /** How many increments are in the batch before it: where its number stands in the reply. */
  readonly ordinal: number;
  /** Where it stands in the batch. */
  readonly place: number;
}

/** A call's increment in a batch: the sum that it is part of, and what that was with it. */
export interface IncrementPart {
  readonly sum: Sum;
  readonly upTo: number;
}

/**
 * The number after a call's own increment, by those that the store answered. Where these are whole and a double holds
 * them exactly, it is what one increment after the other would have led to. Of a number that is not, though this pod
 * took it for one, it may be another by the rounding of a double.
 */
export function numberAfter({ sum, upTo }: IncrementPart, numbers: readonly number[]): number {
  return numbers[sum.ordinal]! - (sum.operation.by - upTo);
}

/** Whether an operation may be added to others of its field: only whole numbers add up to the same in any order. */
export function isJoinable(
  operation: Operation | undefined,
): operation is Operation & { readonly kind: "increment" } {
  return operation?.kind === "increment" && Number.isSafeInteger(operation.by);
}

/** A batch while calls are put into it. */
export class JoinedOperations {
  /** As they are sent. */
  readonly operations: Operation[] = [];
  /** How many of the calls' operations each stands for. */
  readonly counts: number[] = [];
  readonly #joins: boolean;
  readonly #context: ReadonlyMap<string, string> | undefined;
  /** What fields come to by what is in the batch so far, but for the sums that are open. */
  #values: Map<string, number> | undefined;
  /** The sum that takes more increments of its field. */
  #last: Sum | undefined;
  /** Those of other fields, by the field. */
  #open: Map<string, Sum> | undefined;
  #increments = 0;

  private constructor(joins: boolean, context?: ReadonlyMap<string, string>) {
    this.#joins = joins;
    this.#context = context;
  }

  /** A batch in which increments are added up; `context` is what is known of the fields. */
  static joining(context?: ReadonlyMap<string, string>): JoinedOperations {
    return new JoinedOperations(true, context);
  }

  /** A batch of the operations as they are. */
  static apart(): JoinedOperations {
    return new JoinedOperations(false);
  }

  /** Whether operations of several calls became one. */
  get isJoined(): boolean {
    return this.counts.some((count) => count > 1);
  }

  /** Takes in a call's operations, after those before; answers the part that its last increment is. */
  add(operations: readonly Operation[]): IncrementPart | undefined {
    let part: IncrementPart | undefined;
    for (const operation of operations) {
      if (operation.kind === "increment") {
        const sum = this.#increment(operation);
        part = { sum, upTo: sum.operation.by };
        continue;
      }
      // What comes after a set or a delete counts on from there.
      if (operation.kind === "set") this.#settle(operation.field, Number(operation.json));
      if (operation.kind === "delete") this.#settle(operation.field, 0);
      this.#push(operation);
    }
    return part;
  }

  #increment(operation: Operation & { readonly kind: "increment" }): Sum {
    const { field, by } = operation;
    const open = this.#last?.operation.field === field ? this.#last : this.#open?.get(field);
    if (open && isJoinable(operation) && Number.isSafeInteger(open.base + open.operation.by + by)) {
      open.operation.by += by;
      this.counts[open.place]!++;
      return open;
    }
    if (open) this.#settle(field, open.base + open.operation.by);
    const sum: Sum = {
      operation: { kind: "increment", field, by },
      base: this.#valueOf(field),
      ordinal: this.#increments++,
      place: this.operations.length,
    };
    this.#push(sum.operation);
    if (this.#joins && isJoinable(operation) && Number.isSafeInteger(sum.base)) {
      if (this.#last) (this.#open ??= new Map()).set(this.#last.operation.field, this.#last);
      this.#last = sum;
    } else this.#settle(field, sum.base + by);
    return sum;
  }

  /** As far as is known. What is no number takes no increment, and so any number of them at once. */
  #valueOf(field: string): number {
    const value = this.#values?.get(field) ?? Number(this.#context?.get(field) ?? 0);
    return Number.isNaN(value) ? 0 : value;
  }

  #push(operation: Operation): void {
    this.operations.push(operation);
    this.counts.push(1);
  }

  #settle(field: string, value: number): void {
    (this.#values ??= new Map()).set(field, value);
    this.#open?.delete(field);
    if (this.#last?.operation.field === field) this.#last = undefined;
  }
}
