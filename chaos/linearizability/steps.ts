/**
 * A call as the search takes it: an effect, and a look at what it led to, each at one moment between the call's beginning
 * and its answer. They are two, because a retry that the store recognises, and a call that shared its commit with others,
 * is answered with what is there by then.
 *
 * @module
 */

import type { Contents } from "../contents.ts";
import { effectOf, type Model, type Observation, type Operation } from "../model.ts";
import { contained, counted } from "../rules/containment.ts";
import { wasShown } from "../rules/succession.ts";

/** What a look saw. */
export type Sight =
  | { readonly kind: "session"; readonly contents: Contents }
  | { readonly kind: "number"; readonly field: string; readonly by: number; readonly value: number }
  | { readonly kind: "absent" };

/** What happens at one moment. */
export interface Step {
  readonly operation: Operation;
  /** Where it looks; undefined for an effect. */
  readonly sight: Sight | undefined;
  /** The session that is changed, or looked at. */
  readonly key: string;
  /** It need not happen, and may happen late. */
  readonly isOptional: boolean;
  /** The effect that comes before this look. */
  readonly follows: Step | undefined;
}

/** The steps of a group of sessions' calls; of what strict linearizability is not promised for, none. */
export function stepsOf(model: Model, operations: readonly Operation[]): Step[] {
  const answers = new Map(model.observations.map((one) => [one.by, one]));
  const seen = seenCalls(model);
  return operations.flatMap((operation) => {
    const effect = effectStep(operation, seen, model);
    const look = lookStep(operation, effect, answers.get(operation));
    return [effect, look].filter((step) => step !== undefined);
  });
}

/** The calls that some state shows, or an increment's answer. */
function seenCalls(model: Model): ReadonlySet<Operation> {
  const seen = new Set(model.operations.filter((operation) => wasShown(model, operation)));
  for (const observation of model.degraded) {
    for (const operation of contained(model, observation)) seen.add(operation);
  }
  for (const operation of model.operations) {
    const count = effectOf(operation, "count");
    if (operation.result?.kind !== "number" || count === undefined) continue;
    for (const other of counted(model, count.field, operation.result.value)) seen.add(other);
  }
  return seen;
}

function effectStep(
  operation: Operation,
  seen: ReadonlySet<Operation>,
  { hasFaults }: Model,
): Step | undefined {
  const { call, fate, result, key, isDegraded } = operation;
  const step = (isOptional: boolean): Step => ({
    ...{ operation, key, isOptional, sight: undefined, follows: undefined },
  });
  if (call.kind === "get" || fate === "failed") return undefined;
  const isSure = fate === "acknowledged" && !isDegraded;
  switch (call.kind) {
    case "getOrCreate":
      if (isSure && isOwnBirth(operation)) return step(false);
      // What it created may have been ended before it could show it.
      return isSure && !hasFaults ? undefined : step(true);
    case "touch":
      // That a session lives longer than it must is for the rules on expiry.
      return isSure && result?.kind === "boolean" && result.value ? step(false) : undefined;
    case "destroy":
      if (!isSure) return step(true);
      if (result?.kind === "boolean" && result.value) return step(false);
      // A retry may find nothing because its first try had ended it.
      return hasFaults ? step(true) : undefined;
    case "rotate":
      return step(!isSure);
    default:
      // What nobody saw may as well never have happened.
      return isSure ? step(false) : seen.has(operation) ? step(true) : undefined;
  }
}

function isOwnBirth({ op, result }: Operation): boolean {
  return result?.kind === "session" && result.session.context.b === op;
}

function lookStep(
  operation: Operation,
  effect: Step | undefined,
  answer: Observation | undefined,
): Step | undefined {
  const { call, result, key, isDegraded } = operation;
  if (isDegraded || result === undefined) return undefined;
  const follows = effect?.isOptional ? undefined : effect;
  const look = (sight: Sight, at = key): Step => ({
    ...{ operation, key: at, sight, follows, isOptional: false },
  });
  // A copy may be behind.
  if (call.kind === "get" && !call.fresh) return undefined;
  switch (result.kind) {
    case "session":
      if (answer === undefined || call.kind === "getOrCreate" && !isOwnBirth(operation)) {
        return undefined;
      }
      return look({ kind: "session", contents: answer.contents }, answer.key);
    case "number": {
      const count = call.effects.find((one) => one.kind === "count");
      return count && look({ ...count, kind: "number", value: result.value });
    }
    case "absent":
    case "not-found":
      return look({ kind: "absent" });
    case "boolean":
      return result.value ? undefined : look({ kind: "absent" });
    default:
      return undefined;
  }
}
