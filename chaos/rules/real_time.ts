/**
 * Whether one of several calls, or all of them, came before another for sure.
 *
 * @module
 */

import type { Model, Operation } from "../model.ts";
import { isBefore, lineageOf } from "./session_ends.ts";

/** Several calls, asked for one that came before another. */
export class FirstToEnd {
  readonly #model: Model;
  #first: Operation | undefined;
  /** Of those that wait in a journal the first to be answered, by the lives of their pods. */
  readonly #journaled = new Map<string, Operation>();

  constructor(model: Model) {
    this.#model = model;
  }

  add(operation: Operation): void {
    if (!this.#first || operation.endIndex < this.#first.endIndex) this.#first = operation;
    if (operation.fate !== "journaled") return;
    const lineage = lineageOf(this.#model, operation.pod);
    const other = this.#journaled.get(lineage);
    if (!other || operation.returnIndex < other.returnIndex) {
      this.#journaled.set(lineage, operation);
    }
  }

  /** One that came before a call, if any did. */
  before(operation: Operation): Operation | undefined {
    if (this.#first && isBefore(this.#model, this.#first, operation)) return this.#first;
    if (this.#journaled.size === 0) return undefined;
    const own = this.#journaled.get(lineageOf(this.#model, operation.pod));
    return own && isBefore(this.#model, own, operation) ? own : undefined;
  }
}

/** Several calls, asked whether all of them came before another. */
export class LastToEnd {
  readonly #model: Model;
  #last: Operation | undefined;
  readonly #journaled = new Map<string, Operation>();

  constructor(model: Model) {
    this.#model = model;
  }

  add(operation: Operation): void {
    if (operation.fate !== "journaled") {
      if (!this.#last || operation.endIndex > this.#last.endIndex) this.#last = operation;
      return;
    }
    const lineage = lineageOf(this.#model, operation.pod);
    const other = this.#journaled.get(lineage);
    if (!other || operation.returnIndex > other.returnIndex) {
      this.#journaled.set(lineage, operation);
    }
  }

  /** Whether all came before a call; so they did if there are none. */
  areBefore(operation: Operation): boolean {
    if (this.#last && !isBefore(this.#model, this.#last, operation)) return false;
    return this.#journaled.values().every((one) => isBefore(this.#model, one, operation));
  }
}
