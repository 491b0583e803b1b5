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
import { inOrder } from "../observations.ts";
import type { Incarnation, Model, Observation, Operation } from "../model.ts";
import { dissect, writersOf } from "./containment.ts";
import { Growth, pushedOut, type Spread, spread } from "./growth.ts";
import { perModel } from "./per_model.ts";
import { misplaced, overwritten } from "./real_time.ts";

/** What is known of a state by what came before it. */
export interface Link {
  /** The place of the state; the states of an incarnation have places one after the other, by their versions. */
  readonly place: number;
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
  /** The call whose value the field `s` has. */
  readonly set: number | undefined;
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
  return linksOf(model).byPlace[place];
}

/** The links of an incarnation, in the order of its versions. */
export function linksIn(model: Model, incarnation: Incarnation): readonly Link[] {
  return linksOf(model).byIncarnation.get(incarnation)!.links;
}

/** Whether each version of an incarnation names one state, and each state is whole and keeps all of the one before it. */
export function isUnbroken(model: Model, incarnation: Incarnation): boolean {
  return linksOf(model).byIncarnation.get(incarnation)!.isUnbroken;
}

interface Links {
  /** By the places of their states. */
  readonly byPlace: readonly (Link | undefined)[];
  readonly byIncarnation: ReadonlyMap<Incarnation, Chain>;
}

interface Chain {
  readonly links: readonly Link[];
  readonly isUnbroken: boolean;
}

const linksOf = perModel((model): Links => {
  const byPlace = new Array<Link | undefined>(model.states);
  const byIncarnation = new Map<Incarnation, Chain>();
  const growth = new Growth(model);
  for (const incarnation of model.incarnations.values()) {
    const links: Link[] = [];
    let isUnbroken = true;
    let before: Spread | undefined;
    let last = -Infinity;
    for (const { contents, version } of inVersionOrder(incarnation.observations)) {
      if (byPlace[contents.place] !== undefined) continue;
      model.meter.step();
      const after = spread(contents);
      const link = before && linked(model, growth, before, links.at(-1)!, after) ||
        unlinked(model, contents);
      const { keeps, isWhole, calls } = link;
      isUnbroken &&= version > last && isWhole &&
        (before ? keeps !== undefined : calls.lastGoneIndex < 0);
      byPlace[contents.place] = link;
      links.push(link);
      before = after;
      last = version;
    }
    byIncarnation.set(incarnation, { links, isUnbroken });
  }
  return { byPlace, byIncarnation };
});

/** Whether a call is shown by a state that the store had. */
export function wasShown(model: Model, { invokeIndex }: Operation): boolean {
  return shownSince(model)[invokeIndex]! >= 0;
}

/** Asks whether a state of an incarnation, or an older one, shows a call; it may deny that if other incarnations do. */
export function shownIn(
  model: Model,
  incarnation: Incarnation,
): (contents: Contents, operation: Operation) => boolean {
  const places = shownSince(model);
  const first = linksIn(model, incarnation)[0]!.place;
  return ({ place }, { invokeIndex }) => {
    const since = places[invokeIndex]!;
    return since >= first && since <= place;
  };
}

/** By where the calls begin: the place of the first state that shows it, of one incarnation; -1 if there is none. */
const shownSince = perModel((model) => {
  const end = model.operations.reduce((most, { invokeIndex }) => Math.max(most, invokeIndex), 0);
  const since = new Int32Array(end + 1).fill(-1);
  for (const incarnation of model.incarnations.values()) {
    const links = linksIn(model, incarnation);
    const first = links[0]!.place;
    for (const { place, added } of links) {
      for (const { invokeIndex } of added) {
        const known = since[invokeIndex]!;
        if (known < first || known > place) since[invokeIndex] = place;
      }
    }
  }
  return since;
});

/** What was seen of an incarnation, in the order of its versions. */
export function inVersionOrder(observations: readonly Observation[]): readonly Observation[] {
  return inOrder(observations, ({ version }) => version);
}

function unlinked(model: Model, contents: Contents): Link {
  const writers = writersOf(model, contents);
  const { repeated, partial } = dissect(contents, writers);
  let calls = NO_CALLS;
  for (const writer of writers) calls = withCall(calls, writer, isGone(contents, writer));
  return {
    place: contents.place,
    keeps: undefined,
    added: writers,
    isWhole: repeated.length + partial.length === 0,
    isPlain: contents.strange.length === 0,
    isOrdered: isOrdered(model, contents),
    ...{ set: contents.set, calls },
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
  for (const effect of call.effects) {
    if (effect.kind === "vector" && timesIn(contents, op, effect) === 0) return true;
  }
  return false;
}

function isOrdered(model: Model, contents: Contents): boolean {
  return misplaced(model, contents.list) === undefined &&
    misplaced(model, contents.vectors) === undefined && overwritten(model, contents) === undefined;
}

/** The link of a state that is the one before it and something more; undefined if it is not, as far as is easily seen. */
function linked(
  model: Model,
  growth: Growth,
  before: Spread,
  link: Link,
  after: Spread,
): Link | undefined {
  if (!link.isWhole || !link.isPlain || !growth.find(before, after)) return undefined;
  const { contents } = after;
  const { added } = growth;
  let { calls } = link;
  for (const operation of added) {
    if (!growth.isWhole && !isShownOnce(contents, operation)) return undefined;
    calls = withCall(calls, operation, !growth.isWhole && isGone(contents, operation));
  }
  calls = withoutVectors(model, calls, before.contents, contents);
  return {
    place: contents.place,
    keeps: isFullSince(model, contents, calls.lastGoneIndex) ? before.contents : undefined,
    added,
    isWhole: true,
    isPlain: true,
    isOrdered: link.isOrdered && isStillOrdered(model, growth, after),
    set: after.set as number | undefined,
    calls,
  };
}

/** Whether what was added to a state that is in order leaves it so. */
function isStillOrdered(model: Model, growth: Growth, { contents, set }: Spread): boolean {
  if (growth.hasList && misplaced(model, contents.list)) return false;
  if (growth.hasVectors && misplaced(model, contents.vectors)) return false;
  return !growth.hasSets ||
    overwritten(model, { set: set as number | undefined, marks: contents.marks }) === undefined;
}

/** Whether a call is shown as a whole, and nothing of it twice; a vector can have been pushed out. */
function isShownOnce(contents: Contents, { op, call }: Operation): boolean {
  for (const effect of call.effects) {
    const times = timesIn(contents, op, effect);
    if (times !== 1 && (times !== 0 || effect.kind !== "vector")) return false;
  }
  return true;
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
