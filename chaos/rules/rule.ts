/**
 * What a rule is.
 *
 * @module
 */

import type { Model, Operation } from "../model.ts";

/** Something that a guarantee forbids. */
export interface Violation {
  /** `G1` … `G10`, as the documentation numbers them. */
  readonly guarantee: string;
  /** Name of the rule that found it. */
  readonly rule: string;
  /** What was expected and what was seen. */
  readonly message: string;
  /** Numbers of the calls that show it. */
  readonly ops: readonly number[];
}

/** A check of one kind; yields what it finds. */
export interface Rule {
  /** The rule's name in reports. */
  readonly name: string;
  /** The guarantee whose violations it finds; a few tell two apart. */
  readonly guarantees: readonly string[];
  /** @internal */
  check(model: Model): Iterable<Violation>;
}

/** A call in words, for messages. */
export function describe(operation: Operation): string {
  const { call, pod, key } = operation;
  const fresh = call.kind === "get" ? (call.fresh ? " (fresh)" : " (cached)") : "";
  const from = Math.round(operation.invokeAtMs * 10) / 10;
  const until = Number.isFinite(operation.returnAtMs)
    ? `${Math.round(operation.returnAtMs * 10) / 10}`
    : "no answer";
  return `#${operation.op} ${call.kind}${fresh} on ${key} by ${pod} [${from} … ${until} ms]`;
}
