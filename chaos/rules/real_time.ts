/**
 * Whether one of several calls, or all of them, came before another for sure.
 *
 * @module
 */

import type { Contents } from "../contents.ts";
import { effectOf, type Model, type Operation } from "../model.ts";
import { perModel } from "./per_model.ts";
import { isBefore, lineageOf } from "./session_ends.ts";

/** Several calls, asked for one that came before another. */
export class FirstToEnd {
  readonly #model: Model;
  #first: Operation | undefined;
  /** Of those that wait in a journal the first to be answered, by the lives of their pods. */
  #journaled: Map<string, Operation> | undefined;

  constructor(model: Model) {
    this.#model = model;
  }

  add(operation: Operation): void {
    if (!this.#first || operation.endIndex < this.#first.endIndex) this.#first = operation;
    if (operation.fate !== "journaled") return;
    const lineage = lineageOf(this.#model, operation.pod);
    const other = this.#journaled?.get(lineage);
    if (!other || operation.returnIndex < other.returnIndex) {
      (this.#journaled ??= new Map()).set(lineage, operation);
    }
  }

  /** One that came before a call, if any did. */
  before(operation: Operation): Operation | undefined {
    if (this.#first && isBefore(this.#model, this.#first, operation)) return this.#first;
    const own = this.#journaled?.get(lineageOf(this.#model, operation.pod));
    return own && isBefore(this.#model, own, operation) ? own : undefined;
  }
}

/** Several calls, asked whether all of them came before another. */
export class LastToEnd {
  readonly #model: Model;
  #last: Operation | undefined;
  #journaled: Map<string, Operation> | undefined;

  constructor(model: Model) {
    this.#model = model;
  }

  add(operation: Operation): void {
    if (operation.fate !== "journaled") {
      if (!this.#last || operation.endIndex > this.#last.endIndex) this.#last = operation;
      return;
    }
    const lineage = lineageOf(this.#model, operation.pod);
    const other = this.#journaled?.get(lineage);
    if (!other || operation.returnIndex > other.returnIndex) {
      (this.#journaled ??= new Map()).set(lineage, operation);
    }
  }

  /** Whether all came before a call; so they did if there are none. */
  areBefore(operation: Operation): boolean {
    if (this.#last && !isBefore(this.#model, this.#last, operation)) return false;
    return this.#journaled?.values().every((one) => isBefore(this.#model, one, operation)) ?? true;
  }
}

/** Of calls in the order of their parts one that stands before another, which came before it for sure. */
export function misplaced(
  model: Model,
  ops: readonly number[],
): { readonly operation: Operation; readonly earlier: Operation } | undefined {
  if (ops.length < 2) return undefined;
  const later = new FirstToEnd(model);
  for (let place = ops.length - 1; place >= 0; place--) {
    const operation = model.byOp.get(ops[place]!);
    if (operation === undefined) continue;
    const earlier = later.before(operation);
    if (earlier) return { operation, earlier };
    later.add(operation);
  }
  return undefined;
}

/** A call that set a field after all those that can have given it the value that it has. */
export function overwritten(
  model: Model,
  { set, marks }: Pick<Contents, "set" | "marks">,
): Operation | undefined {
  if (marks.length === 0) return undefined;
  const setters: Operation[] = [];
  for (const op of marks) {
    const setter = model.byOp.get(op);
    if (setter) setters.push(setter);
  }
  // When the field is gone, somebody who deletes it came last.
  const candidates = new LastToEnd(model);
  for (const setter of setters) {
    const effect = effectOf(setter, "set");
    const isCandidate = set === undefined ? effect?.deletes : setter.op === set && !effect?.deletes;
    if (isCandidate) candidates.add(setter);
  }
  return setters.find((later) => candidates.areBefore(later));
}

/** Whether what is later in the history is no earlier in time. */
export const inTimeOrder: (model: Model) => boolean = perModel(({ operations }) => {
  const timesMs: number[] = [];
  for (const { invokeIndex, invokeAtMs, returnIndex, returnAtMs } of operations) {
    timesMs[invokeIndex] = invokeAtMs;
    if (returnIndex < Infinity) timesMs[returnIndex] = returnAtMs;
  }
  let latestMs = -Infinity;
  for (const atMs of timesMs) {
    if (atMs === undefined) continue;
    if (!(atMs >= latestMs)) return false;
    latestMs = atMs;
  }
  return true;
});
