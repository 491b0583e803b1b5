/**
 * Which calls a state contains.
 *
 * @module
 */

import { type Contents, timesIn } from "../contents.ts";
import { COUNTS_PER_FIELD } from "../history.ts";
import { effectOf, type Model, type Observation, type Operation } from "../model.ts";
import { perModel } from "./per_model.ts";

/** What a state says of calls. */
interface Anatomy {
  /** The calls of which it shows at least a part, each once. */
  readonly writers: readonly Operation[];
  /** Those of which it shows a part more than once. */
  readonly repeated: readonly Operation[];
  /** Those of which it lacks a part that nothing pushes out. */
  readonly partial: readonly Operation[];
}

/** By the places of their states. */
const anatomies = perModel(({ states }) => new Array<Anatomy | undefined>(states));

function anatomyOf(model: Model, contents: Contents): Anatomy {
  model.meter.step();
  const known = anatomies(model);
  return known[contents.place] ??= dissect(contents, writersOf(model, contents));
}

const NONE: readonly Operation[] = [];

/** Takes a state apart. */
export function dissect(contents: Contents, writers: readonly Operation[]): Anatomy {
  let repeated = NONE;
  let partial = NONE;
  for (const writer of writers) {
    let isRepeated = false;
    let isPartial = false;
    for (const effect of writer.call.effects) {
      const times = timesIn(contents, writer.op, effect);
      if (times > 1) isRepeated = true;
      else if (times === 0 && effect.kind !== "vector") isPartial = true;
    }
    if (isRepeated) repeated = [...repeated, writer];
    if (isPartial) partial = [...partial, writer];
  }
  return { writers, repeated, partial };
}

/** The calls of which a state shows at least a part, each once. */
export function contained(model: Model, { contents }: Observation): readonly Operation[] {
  return anatomyOf(model, contents).writers;
}

/** Of these, the calls of which it shows a part more than once. */
export function repeated(model: Model, { contents }: Observation): readonly Operation[] {
  return anatomyOf(model, contents).repeated;
}

/** Of these, the calls of which it lacks a part; not a vector, which can have been pushed out. */
export function partial(model: Model, { contents }: Observation): readonly Operation[] {
  return anatomyOf(model, contents).partial;
}

/** The calls of which a state shows at least a part, each once. */
export function writersOf(model: Model, contents: Contents): readonly Operation[] {
  const { birth, counts, set, marks, list, vectors } = contents;
  const found = new Set<Operation>();
  const add = (op: number | undefined) => {
    const operation = op === undefined ? undefined : model.byOp.get(op);
    if (operation) found.add(operation);
  };
  add(birth);
  add(set);
  for (const op of marks) add(op);
  for (const op of list) add(op);
  for (const op of vectors) add(op);
  for (const [field, total] of counts) {
    for (const operation of counted(model, field, total)) found.add(operation);
  }
  return [...found];
}

/** The increments that a field's total contains. */
export function counted(model: Model, field: string, total: number): Operation[] {
  const { slots } = slotsOf(model, field);
  const found: Operation[] = [];
  let rest = total;
  for (let slot = 0; slot < COUNTS_PER_FIELD && rest > 0; slot++) {
    const operation = rest % 8 > 0 ? slots[slot] : undefined;
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
  model.meter.step();
  const { contents } = observation;
  for (const effect of operation.call.effects) {
    const isThere = effect.kind === "birth" || timesIn(contents, operation.op, effect) > 0 ||
      (effect.kind === "vector" && isPushedOut(model, contents, operation));
    if (!isThere) return false;
  }
  return true;
}

function isPushedOut(
  { byOp, settings }: Model,
  { vectors }: Contents,
  { invokeIndex }: Operation,
): boolean {
  return vectors.length >= settings.capacity &&
    vectors.every((op) => (byOp.get(op)?.endIndex ?? Infinity) > invokeIndex);
}

/** The increments of a field. */
interface Slots {
  /** By their powers of 8. */
  readonly slots: readonly (Operation | undefined)[];
  /** Whether each adds a power of 8, so that it is a digit of its own. */
  readonly isOctal: boolean;
}

const NO_SLOTS: Slots = { slots: [], isOctal: true };

/** The increments of a field. */
export function slotsOf(model: Model, field: string): Slots {
  return slotsByField(model).get(field) ?? NO_SLOTS;
}

const slotsByField = perModel(({ operations }): ReadonlyMap<string, Slots> => {
  const fields = new Map<string, { slots: Operation[]; isOctal: boolean }>();
  for (const operation of operations) {
    const first = effectOf(operation, "count");
    if (first === undefined) continue;
    for (const effect of operation.call.effects) {
      if (effect.kind !== "count") continue;
      let known = fields.get(effect.field);
      if (known === undefined) fields.set(effect.field, known = { slots: [], isOctal: true });
      const slot = Math.round(Math.log2(effect.by) / 3);
      if (effect === first) known.slots[slot] = operation;
      if (effect.by !== 8 ** slot || slot >= COUNTS_PER_FIELD) known.isOctal = false;
    }
  }
  return fields;
});
