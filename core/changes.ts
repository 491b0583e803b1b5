/**
 * What callers want changed, turned into operations.
 *
 * @module
 */

import { InvalidInputError } from "./errors.ts";
import type { Limits } from "./limits.ts";
import type { AnyContext } from "./session.ts";
import type { Changes, ContextPatch, Vector } from "./session_api.ts";
import type { Operation } from "./storage_adapter.ts";
import { checkField, checkIncrement, checkPatch, checkPlain, checkVector } from "./validation.ts";

/** The operations of `apply`, in their order: set, increment, append. */
export function operationsOf<Context extends object>(
  changes: Changes<Context>,
  limits: Limits,
): Operation[] {
  const { set = {}, increment = {}, append = [] } = checkPlain("changes", changes) as Changes<
    Context
  >;
  const unknown = Object.keys(changes).find((name) =>
    !["set", "increment", "append"].includes(name)
  );
  if (unknown !== undefined) {
    throw new InvalidInputError(unknown, `apply() takes set, increment and append.`);
  }
  const vectors = isVector(append) ? [append] : append;
  return [
    ...checkPatch("set", set, limits),
    ...Object.entries(checkPlain("increment", increment)).map(([field, by]): Operation => ({
      kind: "increment",
      field: checkField(field, limits),
      by: checkIncrement(field, by),
    })),
    ...vectors.map((vector): Operation => ({
      kind: "append",
      vector: checkVector(vector, limits),
    })),
  ];
}

/** The operations of `increment`. A counter that is hot is moved by the same again and again, and they are made once. */
export class IncrementOperations {
  readonly #limits: Limits;
  #last: readonly [Operation & { readonly kind: "increment" }] | undefined;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  /** @throws InvalidInputError when the field is no name, or `by` no finite number */
  of(field: string, by: number): readonly Operation[] {
    const last = this.#last?.[0];
    if (last && last.field === field && last.by === by) return this.#last!;
    checkField(field, this.#limits);
    checkIncrement(field, by);
    return this.#last = [{ kind: "increment", field, by }];
  }
}

/** The operations that `update`'s function asks for, each time it is run. */
export function operationsBy<Context extends object>(
  change: (context: Context) => ContextPatch<Context>,
  limits: Limits,
): (context: AnyContext) => readonly Operation[] {
  if (typeof change !== "function") {
    throw new InvalidInputError("change", "update() takes a function that answers a patch.");
  }
  return (context) => {
    const result = change(context as Context);
    if (result instanceof Promise) {
      result.catch(() => {});
      throw new InvalidInputError(
        "change",
        "update()'s function is synchronous: it may run again.",
      );
    }
    return orTouch(checkPatch("patch", result, limits));
  };
}

/** A write without changes still renews the session's time. */
export function orTouch(operations: readonly Operation[]): readonly Operation[] {
  return operations.length > 0 ? operations : [{ kind: "touch" }];
}

function isVector(append: Vector | readonly Vector[]): append is Vector {
  return append instanceof Float32Array || typeof append[0] === "number";
}
