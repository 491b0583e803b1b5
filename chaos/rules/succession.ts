/**
 * The states of an incarnation in the order of their versions, each beside the one before it: what lived on unharmed is
 * looked at once, where it is new, and not again in every later state and by every rule.
 *
 * Where a state is not plainly the one before it and something more, it is taken apart by itself. A rule that cannot tell
 * from here that all is well looks at the state closely.
 *
 * @module
 */

import { type Contents, timesIn } from "../contents.ts";
import type { Incarnation, Model, Observation, Operation } from "../model.ts";
import { dissect, writersOf } from "./containment.ts";
import { growthOf, pushedOut, type Spread, spread } from "./growth.ts";
import { perModel } from "./per_model.ts";
import { misplaced, overwritten } from "./real_time.ts";

/** What is known of a state by what came before it. */
export interface Link {
  /** The state before it, if everything that this one has is surely still there. */
  readonly keeps: Contents | undefined;
  /** The calls that it shows; of those that the state before it shows, not all. */
  readonly added: readonly Operation[];
  /** Whether it shows each call that it shows once and as a whole. */
  readonly isWhole: boolean;
  /** Whether calls can have written all that it shows. */
  readonly isPlain: boolean;
  /** Whether its parts are in an order that the calls can have had. */
  readonly isOrdered: boolean;
  /** What is true of the calls that it shows. */
  readonly calls: CallsSummary;
}

/** What is true of some calls; of more than were asked for, perhaps. */
export interface CallsSummary {
  /** The one session that they were all made to; undefined if there are several. */
  readonly key: string | undefined;
  /** Where the last of them began. */
  readonly lastIndex: number;
  /** Whether one of them was said to have had no effect. */
  readonly hasFailed: boolean;
  /** Those of them that waited for the store. */
  readonly waited: readonly Operation[];
  /** Where the last of those began whose vectors are not there, or not any more. */
  readonly lastGoneIndex: number;
}

/** The link of a state that the store had. */
export function linkOf(model: Model, { place }: Contents): Link | undefined {
  return linksOf(model)[place];
}

/** The links of an incarnation, in the order of its versions. */
export function linksIn(model: Model, incarnation: Incarnation): Link[] {
  const links = linksOf(model);
  return Array.from(statesOf(incarnation), ({ place }) => links[place]!);
}

/** By the places of their states. */
const linksOf = perModel((model) => {
  const links: Link[] = [];
  for (const incarnation of model.incarnations.values()) {
    let before: Spread | undefined;
    for (const contents of statesOf(incarnation)) {
      model.meter.step();
      const after = spread(contents);
      const link = before && linked(model, before, links[before.contents.place]!, after);
      links[contents.place] = link ?? unlinked(model, contents);
      before = after;
    }
  }
  return links;
});

/** Whether a call is shown by a state that the store had. */
export function wasShown(model: Model, { invokeIndex }: Operation): boolean {
  return shownIn(model)[invokeIndex] === 1;
}

/** By where the calls begin. */
const shownIn = perModel((model) => {
  const end = model.operations.reduce((most, { invokeIndex }) => Math.max(most, invokeIndex), 0);
  const shown = new Uint8Array(end + 1);
  for (const incarnation of model.incarnations.values()) {
    for (const { added } of linksIn(model, incarnation)) {
      for (const { invokeIndex } of added) shown[invokeIndex] = 1;
    }
  }
  return shown;
});

/** What was seen of an incarnation, in the order of its versions. */
export function inVersionOrder(observations: readonly Observation[]): readonly Observation[] {
  for (let index = 1; index < observations.length; index++) {
    if (observations[index - 1]!.version > observations[index]!.version) {
      return observations.toSorted((a, b) => a.version - b.version);
    }
  }
  return observations;
}

/** An incarnation's states, each once. */
function statesOf({ observations }: Incarnation): Set<Contents> {
  const states = new Set<Contents>();
  for (const { contents } of inVersionOrder(observations)) states.add(contents);
  return states;
}

function unlinked(model: Model, contents: Contents): Link {
  const writers = writersOf(model, contents);
  const { repeated, partial } = dissect(contents, writers);
  let calls = NO_CALLS;
  for (const writer of writers) calls = withCall(calls, writer, isGone(contents, writer));
  return {
    keeps: undefined,
    added: writers,
    isWhole: repeated.length + partial.length === 0,
    isPlain: contents.strange.length === 0,
    isOrdered: isOrdered(model, contents),
    calls,
  };
}

const NO_CALLS: CallsSummary = {
  ...{ key: undefined, lastIndex: -1, hasFailed: false, waited: [], lastGoneIndex: -1 },
};

function withCall(
  calls: CallsSummary,
  call: Operation,
  isGone: boolean,
): CallsSummary {
  const { key, invokeIndex, fate } = call;
  return {
    key: calls.lastIndex < 0 || calls.key === key ? key : undefined,
    lastIndex: Math.max(calls.lastIndex, invokeIndex),
    hasFailed: calls.hasFailed || fate === "failed",
    waited: fate === "journaled" ? [...calls.waited, call] : calls.waited,
    lastGoneIndex: isGone ? Math.max(calls.lastGoneIndex, invokeIndex) : calls.lastGoneIndex,
  };
}

/** Whether a call has a vector that is not there. */
function isGone(contents: Contents, { op, call }: Operation): boolean {
  return call.effects.some((effect) =>
    effect.kind === "vector" && timesIn(contents, op, effect) === 0
  );
}

function isOrdered(model: Model, contents: Contents): boolean {
  return misplaced(model, contents.list) === undefined &&
    misplaced(model, contents.vectors) === undefined && overwritten(model, contents) === undefined;
}

/** The link of a state that is the one before it and something more; undefined if it is not, as far as is easily seen. */
function linked(model: Model, before: Spread, link: Link, after: Spread): Link | undefined {
  if (!link.isWhole || !link.isPlain) return undefined;
  const growth = growthOf(model, before, after);
  if (growth === undefined) return undefined;
  const { contents } = after;
  const { added, hasOrder } = growth;
  let { calls } = link;
  for (const operation of added) {
    if (!isShownOnce(contents, operation)) return undefined;
    calls = withCall(calls, operation, isGone(contents, operation));
  }
  calls = withoutVectors(model, calls, before.contents, contents);
  return {
    keeps: isFullSince(model, contents, calls.lastGoneIndex) ? before.contents : undefined,
    ...{ added, calls, isWhole: true, isPlain: true },
    isOrdered: hasOrder ? isOrdered(model, contents) : link.isOrdered,
  };
}

/** Whether a call is shown as a whole, and nothing of it twice; a vector can have been pushed out. */
function isShownOnce(contents: Contents, { op, call }: Operation): boolean {
  return call.effects.every((effect) => {
    const times = timesIn(contents, op, effect);
    return times === 1 || (times === 0 && effect.kind === "vector");
  });
}

/** Calls of which the vectors are gone by now. */
function withoutVectors(
  { byOp }: Model,
  calls: CallsSummary,
  before: Contents,
  after: Contents,
): CallsSummary {
  if (before.trajectory === after.trajectory) return calls;
  let { lastGoneIndex } = calls;
  for (const op of before.vectors.slice(0, pushedOut(before.vectors, after.vectors))) {
    lastGoneIndex = Math.max(lastGoneIndex, byOp.get(op)?.invokeIndex ?? -1);
  }
  return lastGoneIndex === calls.lastGoneIndex ? calls : { ...calls, lastGoneIndex };
}

/** Whether the vectors that are there can have pushed out those that are gone. */
function isFullSince(
  { settings, byOp }: Model,
  { vectors }: Contents,
  lastGoneIndex: number,
): boolean {
  return lastGoneIndex < 0 || vectors.length >= settings.capacity &&
      vectors.every((op) => (byOp.get(op)?.endIndex ?? Infinity) > lastGoneIndex);
}
