/**
 * Which calls a state contains.
 *
 * @module
 */

import { timesIn } from "../contents.ts";
import { COUNTS_PER_FIELD } from "../history.ts";
import { effectOf, type Model, type Observation, type Operation } from "../model.ts";

const slotsOf = new WeakMap<Model, ReadonlyMap<string, Operation>>();
const containedIn = new WeakMap<Observation, readonly Operation[]>();

/** The calls of which a state shows at least a part, each once. */
export function contained(model: Model, observation: Observation): readonly Operation[] {
  const known = containedIn.get(observation);
  if (known) return known;
  const { birth, counts, set, marks, list, vectors } = observation.contents;
  const found = new Set<Operation>();
  for (const op of [birth, set, ...marks, ...list, ...vectors]) {
    const operation = op === undefined ? undefined : model.byOp.get(op);
    if (operation) found.add(operation);
  }
  for (const [field, total] of counts) {
    for (const operation of counted(model, field, total)) found.add(operation);
  }
  const operations = [...found];
  containedIn.set(observation, operations);
  return operations;
}

/** The increments that a field's total contains. */
export function counted(model: Model, field: string, total: number): Operation[] {
  const slots = slotsIn(model);
  const found: Operation[] = [];
  let rest = total;
  for (let slot = 0; slot < COUNTS_PER_FIELD && rest > 0; slot++) {
    const operation = rest % 8 > 0 ? slots.get(`${field}:${8 ** slot}`) : undefined;
    if (operation) found.push(operation);
    rest = Math.floor(rest / 8);
  }
  return found;
}

/**
 * Whether a state contains all of a call, as far as that can still be seen: a vector may have been
 * pushed out by others, none of which was answered before the call began.
 */
export function containsAll(model: Model, observation: Observation, operation: Operation): boolean {
  const { contents } = observation;
  return operation.call.effects.every((effect) =>
    effect.kind === "birth" || timesIn(contents, operation.op, effect) > 0 ||
    (effect.kind === "vector" && contents.vectors.length >= model.settings.capacity &&
      contents.vectors.every((op) =>
        (model.byOp.get(op)?.endIndex ?? Infinity) > operation.invokeIndex
      ))
  );
}

function slotsIn(model: Model): ReadonlyMap<string, Operation> {
  const known = slotsOf.get(model);
  if (known) return known;
  const slots = new Map<string, Operation>();
  for (const operation of model.operations) {
    const count = effectOf(operation, "count");
    if (count) slots.set(`${count.field}:${count.by}`, operation);
  }
  slotsOf.set(model, slots);
  return slots;
}
