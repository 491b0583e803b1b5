/**
 * The effect of a batch's ordinary operations, worked out before anything is written, so that a batch is
 * applied as a whole or not at all.
 *
 * @module
 */

import type { ContextEntry, InvalidReason, Operation, StateLimits } from "./storage_adapter.ts";
import { type RecordCursor, type RecordMeta, utf8Length } from "./record.ts";

/** Why an operation does not fit. */
export interface Misfit {
  readonly reason: InvalidReason;
  readonly size: number;
  readonly limit: number;
}

/** What of a record a draft counts on from. */
export type DraftBase = Pick<
  RecordMeta,
  "fields" | "bytes" | "appended" | "capacity" | "dimension"
>;

/** Field texts and vectors to write, and the totals that they lead to. */
export class Draft {
  /** The numbers after each increment, in order. */
  readonly numbers: number[] = [];
  /** Whether anything was set, deleted, incremented or appended. */
  changes = false;

  readonly #source: Pick<RecordCursor, "field"> | undefined;
  readonly #limits: StateLimits;
  readonly #capacity: number;
  readonly #fieldTexts = new Map<string, string | undefined>();
  readonly #vectors = new Map<number, Uint8Array>();
  #fields: number;
  #bytes: number;
  #appended: number;
  #dimension: number;

  /** `source` is undefined for a session that is being created. */
  constructor(
    source: Pick<RecordCursor, "field"> | undefined,
    base: DraftBase,
    limits: StateLimits,
  ) {
    this.#source = source;
    this.#limits = limits;
    this.#capacity = base.capacity;
    this.#fields = base.fields;
    this.#bytes = base.bytes;
    this.#appended = base.appended;
    this.#dimension = base.dimension;
  }

  /** Takes one operation in; answers what is wrong with it, if anything is. */
  run(operation: Operation): Misfit | undefined {
    switch (operation.kind) {
      case "create":
      case "touch":
        return undefined;
      case "set":
        return this.#write(operation.field, operation.json);
      case "delete":
        return this.#write(operation.field, undefined);
      case "increment":
        return this.#increment(operation.field, operation.by);
      case "append":
        return this.#append(operation.vector);
      default:
        throw new TypeError(`${operation.kind} stands alone in its batch`);
    }
  }

  /** Takes in the context of a new session. */
  setAll(context: readonly ContextEntry[]): Misfit | undefined {
    for (const [field, json] of context) {
      const misfit = this.#write(field, json);
      if (misfit) return misfit;
    }
    return undefined;
  }

  /** Writes everything to the record. */
  write(cursor: Pick<RecordCursor, "setField" | "deleteField" | "putVector">): void {
    for (const [field, json] of this.#fieldTexts) {
      if (json === undefined) cursor.deleteField(field);
      else cursor.setField(field, json);
    }
    for (const [slot, vector] of this.#vectors) cursor.putVector(slot, vector);
  }

  /** The meta's totals after the batch. */
  totals(): Pick<RecordMeta, "fields" | "bytes" | "appended" | "dimension"> {
    return {
      fields: this.#fields,
      bytes: this.#bytes,
      appended: this.#appended,
      dimension: this.#dimension,
    };
  }

  #read(field: string): string | undefined {
    return this.#fieldTexts.has(field) ? this.#fieldTexts.get(field) : this.#source?.field(field);
  }

  #write(field: string, json: string | undefined): Misfit | undefined {
    const before = this.#read(field);
    const added = Number(json !== undefined) - Number(before !== undefined);
    const grown = (json === undefined ? 0 : utf8Length(field) + utf8Length(json)) -
      (before === undefined ? 0 : utf8Length(field) + utf8Length(before));
    if (added > 0 && this.#fields + added > this.#limits.maxFields) {
      return {
        reason: "too-many-fields",
        size: this.#fields + added,
        limit: this.#limits.maxFields,
      };
    }
    const misfit = this.#grow(grown);
    if (misfit) return misfit;
    this.#fields += added;
    this.#fieldTexts.set(field, json);
    this.changes = true;
    return undefined;
  }

  #increment(field: string, by: number): Misfit | undefined {
    const json = this.#read(field);
    if (json !== undefined && !/^-?\d/.test(json)) {
      return { reason: "not-a-number", size: 0, limit: 0 };
    }
    // The last 0 makes a zero of −0, which JSON cannot hold.
    const number = (json === undefined ? 0 : Number(json)) + by + 0;
    if (!Number.isFinite(number)) return { reason: "not-finite", size: 0, limit: 0 };
    const misfit = this.#write(field, JSON.stringify(number));
    if (!misfit) this.numbers.push(number);
    return misfit;
  }

  #append(vector: Uint8Array): Misfit | undefined {
    const dimension = vector.length / 4;
    if (this.#dimension !== 0 && dimension !== this.#dimension) {
      return { reason: "wrong-dimension", size: dimension, limit: this.#dimension };
    }
    const misfit = this.#grow(this.#appended < this.#capacity ? vector.length : 0);
    if (misfit) return misfit;
    this.#vectors.set(this.#appended % this.#capacity, vector);
    this.#appended += 1;
    this.#dimension = dimension;
    this.changes = true;
    return undefined;
  }

  #grow(bytes: number): Misfit | undefined {
    const size = this.#bytes + bytes;
    if (bytes > 0 && size > this.#limits.maxBytes) {
      return { reason: "session-too-large", size, limit: this.#limits.maxBytes };
    }
    this.#bytes = size;
    return undefined;
  }
}
