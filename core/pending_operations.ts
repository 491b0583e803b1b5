/**
 * Operations of one session that wait for the store, coalesced: however many there are, they are bounded by what they
 * lead to. A million increments of one counter are one.
 *
 * @module
 */

import { InvalidInputError } from "./errors.ts";
import type { Operation } from "./storage_adapter.ts";

/** What a field takes here and in the view that callers see, beside its text; measured. */
const FIELD_BYTES = 192;

type CreateOperation = Operation & { readonly kind: "create" };
type FieldOperation = Operation & { readonly kind: "set" | "delete" | "increment" };

/** What the operations on one field come to, and how many they were. */
interface FieldEntry {
  readonly operation: FieldOperation;
  readonly count: number;
}

/** What a number of operations comes to. Their effect on any state is that of all of them in order. */
export class PendingOperations {
  #create: CreateOperation | undefined;
  readonly #fields = new Map<string, FieldEntry>();
  #vectors: Uint8Array[] = [];
  readonly #capacity: number;
  #bytes = 0;

  /** `capacity`: vectors that a trajectory keeps; older ones would not survive anyway. */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** How many of the operations taken in one of those stands for that are sent. */
  countOf(operation: Operation): number {
    return "field" in operation ? this.#fields.get(operation.field)?.count ?? 1 : 1;
  }

  /** What they take in memory, counted roughly. */
  get bytes(): number {
    return this.#bytes;
  }

  /** How much more memory operations would take; rather too much where they name a field twice. */
  growth(operations: readonly Operation[]): number {
    let bytes = 0;
    for (const operation of operations) {
      switch (operation.kind) {
        case "create":
          bytes += sizeOfCreate(operation);
          break;
        case "append":
          bytes += this.#vectors.length < this.#capacity ? operation.vector.length : 0;
          break;
        case "set":
        case "delete":
        case "increment": {
          const before = this.#fields.get(operation.field);
          bytes += Math.max(0, sizeOf(operation) - (before ? sizeOf(before.operation) : 0));
        }
      }
    }
    return bytes;
  }

  /** Takes operations in, after those before. A create can only be the first. */
  add(operations: readonly Operation[]): void {
    for (const operation of operations) this.#add(operation);
  }

  /** The operations as they are sent. */
  toOperations(): Operation[] {
    const operations: Operation[] = this.#create ? [this.#create] : [];
    for (const { operation } of this.#fields.values()) operations.push(operation);
    for (const vector of this.#vectors) operations.push({ kind: "append", vector });
    // Nothing else was taken in than touches.
    return operations.length > 0 ? operations : [{ kind: "touch" }];
  }

  #add(operation: Operation): void {
    switch (operation.kind) {
      case "create":
        this.#create = operation;
        this.#bytes += sizeOfCreate(operation);
        return;
      case "set":
      case "delete":
        this.#put(operation);
        return;
      case "increment":
        this.#increment(operation);
        return;
      case "append":
        this.#vectors.push(operation.vector);
        this.#bytes += operation.vector.length;
        if (this.#vectors.length > this.#capacity) this.#bytes -= this.#vectors.shift()!.length;
        return;
      case "touch":
        return;
      default:
        throw new TypeError(`${operation.kind} stands alone in its batch`);
    }
  }

  #increment(operation: Operation & { readonly kind: "increment" }): void {
    const { field, by } = operation;
    const before = this.#fields.get(field)?.operation;
    switch (before?.kind) {
      case "increment":
        return this.#put({ kind: "increment", field, by: finite(field, before.by + by) });
      case "set": {
        const json = JSON.stringify(finite(field, Number(before.json) + by + 0));
        return this.#put({ kind: "set", field, json });
      }
      case "delete":
        return this.#put({ kind: "set", field, json: JSON.stringify(by + 0) });
      case undefined:
        return this.#put(operation);
    }
  }

  #put(operation: FieldOperation): void {
    const before = this.#fields.get(operation.field);
    this.#bytes += sizeOf(operation) - (before ? sizeOf(before.operation) : 0);
    this.#fields.set(operation.field, { operation, count: (before?.count ?? 0) + 1 });
  }
}

/** The view that a caller saw has refused it before, unless the state under it was far on the other side of 0. */
function finite(field: string, sum: number): number {
  if (Number.isFinite(sum)) return sum;
  throw new InvalidInputError(field, `"${field}" would become too large for a number.`);
}

function sizeOf(operation: FieldOperation): number {
  return FIELD_BYTES + 2 * operation.field.length +
    (operation.kind === "set" ? 2 * operation.json.length : 0);
}

function sizeOfCreate({ context }: CreateOperation): number {
  return context.reduce(
    (bytes, [field, json]) => bytes + 64 + 2 * (field.length + json.length),
    64,
  );
}
