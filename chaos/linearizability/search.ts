/**
 * Looks for an order of the calls that explains all answers: the search of Wing and Gong, with the states that led nowhere
 * remembered (Lowe, "Testing for linearizability", 2017).
 *
 * @module
 */

import type { HistorySettings } from "../history.ts";
import type { Model, Operation } from "../model.ts";
import { mayHavePassed } from "../rules/outage.ts";
import type { WorkMeter } from "../work_meter.ts";
import { LimitReached } from "../work_meter.ts";
import {
  born,
  canBecome,
  isPartOf,
  isSeen,
  type Live,
  type World,
  written,
} from "./session_model.ts";
import type { Step } from "./steps.ts";

/** Ends without an order: the answers that could not be explained where it got farthest. */
export interface Unexplained {
  readonly done: number;
  readonly of: number;
  readonly stuck: readonly Operation[];
}

/** One search. */
export class Search {
  readonly #model: Model;
  readonly #settings: HistorySettings;
  readonly #steps: readonly Step[];
  readonly #required: number;
  readonly #signatures: readonly string[];
  readonly #meter: WorkMeter;
  readonly #maxStates: number;
  readonly #dead = new Set<string>();
  readonly #done: boolean[];
  #farthest: Unexplained = { done: -1, of: 0, stuck: [] };

  constructor(
    model: Model,
    steps: readonly Step[],
    limits: { readonly meter: WorkMeter; readonly maxStates: number },
  ) {
    this.#model = model;
    this.#settings = model.settings;
    this.#steps = steps;
    this.#required = steps.filter(({ isOptional }) => !isOptional).length;
    this.#signatures = steps.map(signature);
    this.#meter = limits.meter;
    this.#maxStates = limits.maxStates;
    this.#done = steps.map(() => false);
  }

  /** Undefined if there is an order; {@linkcode LimitReached} when a limit was reached before that was known. */
  run(): Unexplained | undefined {
    return this.#explains({}, 0) ? undefined : this.#farthest;
  }

  #explains(world: World, required: number): boolean {
    this.#meter.step();
    const taken: number[] = [];
    // To look early is never wrong: a look changes nothing.
    for (let look = this.#matching(world); look >= 0; look = this.#matching(world)) {
      this.#done[look] = true;
      taken.push(look);
    }
    const count = required + taken.length;
    const isExplained = count === this.#required || this.#tries(world, count);
    if (!isExplained) { for (const index of taken) this.#done[index] = false; }
    return isExplained;
  }

  #tries(world: World, count: number): boolean {
    const state = this.#nameOf(world);
    if (this.#dead.has(state)) return false;
    if (this.#dead.size >= this.#maxStates) {
      throw new LimitReached(`more than ${this.#maxStates} states were searched`);
    }
    this.#note(count);
    for (const index of this.#eligible()) {
      const step = this.#steps[index]!;
      const next = this.#after(world, step);
      if (next === undefined) continue;
      this.#done[index] = true;
      if (this.#isOpen(next, step) && this.#explains(next, count + (step.isOptional ? 0 : 1))) {
        return true;
      }
      this.#done[index] = false;
    }
    this.#dead.add(state);
    return false;
  }

  /** Steps that may come next: nothing that was answered before they began is left; those that must happen first. */
  #eligible(): number[] {
    const bound = this.#bound();
    const pending = new Set<string>();
    const must: number[] = [];
    const may: number[] = [];
    for (const [index, step] of this.#steps.entries()) {
      if (this.#done[index] || !this.#isDue(step, bound)) continue;
      if (!step.isOptional) must.push(index);
      else if (!pending.has(this.#signatures[index]!)) {
        // Of those that do the same the first stands for all.
        pending.add(this.#signatures[index]!);
        may.push(index);
      }
    }
    return [...must, ...may];
  }

  /** The first answer among the steps that are left and must happen. */
  #bound(): number {
    let bound = Infinity;
    for (const [index, { isOptional, operation }] of this.#steps.entries()) {
      if (!this.#done[index] && !isOptional) bound = Math.min(bound, operation.returnIndex);
    }
    return bound;
  }

  #isDue({ operation, follows }: Step, bound: number): boolean {
    return operation.invokeIndex < bound &&
      (follows === undefined || this.#done[this.#steps.indexOf(follows)]!);
  }

  /** A look that is due and sees just this. */
  #matching(world: World): number {
    const bound = this.#bound();
    return this.#steps.findIndex((step, index) =>
      !this.#done[index] && step.sight !== undefined && this.#isDue(step, bound) &&
      sees(world[step.key], step.sight)
    );
  }

  #after(world: World, step: Step): World | undefined {
    const { operation: { call, op, invokeAtMs: atMs }, key, sight } = step;
    const live = world[key];
    const isFree = live === undefined || this.#mayHaveExpired(live, step.operation);
    if (sight !== undefined) {
      return sight.kind === "absent" && live && isFree ? without(world, key) : undefined;
    }
    if (call.kind === "getOrCreate") {
      return isFree ? { ...world, [key]: born(op, atMs) } : undefined;
    }
    if (live === undefined) return undefined;
    if (call.kind === "destroy") return without(world, key);
    if (call.kind === "rotate") {
      const to = `${call.to!.tenant}/${call.to!.id}`;
      const taken = world[to];
      const isTaken = taken !== undefined && !this.#mayHaveExpired(taken, step.operation);
      return isTaken ? undefined : { ...without(world, key), [to]: live };
    }
    return { ...world, [key]: written(live, { op, effects: call.effects, atMs }, this.#settings) };
  }

  #mayHaveExpired(live: Live, operation: Operation): boolean {
    const { ttlMs, maxLifetimeMs } = this.#settings;
    const atMs = this.#appliedByMs(operation);
    if (mayHavePassed(this.#model, live.renewedAtMs, ttlMs, atMs)) return true;
    // What two pods began joins the one whose time had begun first.
    return maxLifetimeMs !== undefined &&
      mayHavePassed(this.#model, this.#firstBirthMs(), maxLifetimeMs, atMs);
  }

  /** When a call has taken effect: a create that waits for the store may after its answer, until what it made is seen. */
  #appliedByMs({ call, fate, op, returnAtMs }: Operation): number {
    if (call.kind !== "getOrCreate" || fate === "acknowledged") return returnAtMs;
    return this.#steps.reduce(
      (first, { operation, sight }) =>
        sight?.kind === "session" && sight.contents.birth === op
          ? Math.min(first, operation.returnAtMs)
          : first,
      Infinity,
    );
  }

  #firstBirthMs(): number {
    return this.#steps.reduce(
      (first, { operation: { call, invokeAtMs } }) =>
        call.kind === "getOrCreate" ? Math.min(first, invokeAtMs) : first,
      Infinity,
    );
  }

  /** Whether the looks that are left can still see what they saw. */
  #isOpen(world: World, { operation, key, sight }: Step): boolean {
    const { call, op } = operation;
    const live = world[key];
    if (sight !== undefined || live === undefined || call.effects.length === 0) return true;
    const write = { op, effects: call.effects };
    return this.#steps.every((look, index) => {
      if (this.#done[index] || look.sight === undefined) return true;
      if (look.sight.kind === "session") {
        return look.sight.contents.birth !== live.birth ||
          canBecome(live, look.sight.contents, write, this.#settings);
      }
      if (look.sight.kind !== "number" || look.key !== key) return true;
      const { field, by, value } = look.sight;
      const total = live.counts[field] ?? 0;
      return Math.floor(total / by) % 8 === 0 || isPartOf(total, value);
    });
  }

  #note(count: number): void {
    if (count <= this.#farthest.done) return;
    const bound = this.#bound();
    const stuck = this.#steps.filter((step, index) =>
      !this.#done[index] && !step.isOptional && this.#isDue(step, bound)
    );
    const operations = [...new Set(stuck.map(({ operation }) => operation))];
    this.#farthest = { done: count, of: this.#required, stuck: operations };
  }

  #nameOf(world: World): string {
    return this.#done.map((isDone) => isDone ? "1" : "0").join("") +
      JSON.stringify(Object.entries(world).sort(([a], [b]) => a < b ? -1 : 1));
  }
}

function sees(live: Live | undefined, sight: NonNullable<Step["sight"]>): boolean {
  switch (sight.kind) {
    case "absent":
      return live === undefined;
    case "number":
      return live?.counts[sight.field] === sight.value;
    case "session":
      return live !== undefined && isSeen(live, sight.contents);
  }
}

function without(world: World, key: string): World {
  const { [key]: _, ...rest } = world;
  return rest;
}

/** Steps with the same one do the same. */
function signature({ operation: { call, key, op } }: Step): string {
  const name = call.to === undefined ? key : `${key} ${call.to.id}`;
  // Whether a rotation finds its new id free depends on when it was made.
  const own = call.kind === "rotate" || call.effects.some(({ kind }) => kind !== "count") ? op : "";
  return `${call.kind} ${name} ${own} ${JSON.stringify(call.effects)}`;
}
