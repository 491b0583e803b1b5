/**
 * What calls saw of sessions, incarnation by incarnation: what belongs together is looked at, and lies, side by side.
 *
 * @module
 */

import { Contents, isSameState } from "./contents.ts";
import type { SeenSession } from "./history.ts";
import type { Incarnation, Observation, Operation } from "./model.ts";

/** All that was seen. */
export interface Observations {
  /** What the store had, in the order of the calls' returns. */
  readonly observations: readonly Observation[];
  /** What pods showed while the store was away, in that order. */
  readonly degraded: readonly Observation[];
  /** How many states they show. */
  readonly states: number;
  /** In the order in which the store showed them. */
  readonly incarnations: ReadonlyMap<string, Incarnation>;
}

/** What the answers of calls show, in a history of so many events; `keyShownBy` names the session that an answer shows. */
export function observe(
  events: number,
  byOp: ReadonlyMap<number, Operation>,
  keyShownBy: (by: Operation) => string,
): Observations {
  const byReturn = new Array<Observation | undefined>(events);
  const incarnations: Incarnation[] = [];
  const states = new States();
  for (const [id, answers] of answersByIncarnation(byOp.values())) {
    states.begin();
    const stored: Observation[] = [];
    for (const by of inOrder(answers, (answer) => shownBy(answer)!.version)) {
      const observation = observationOf(by, shownBy(by)!, keyShownBy(by), states);
      byReturn[by.returnIndex] = observation;
      if (!by.isDegraded) stored.push(observation);
    }
    if (stored.length === 0) continue;
    incarnations.push(incarnationOf(id, inOrder(stored, ({ by }) => by.returnIndex), byOp));
  }
  const observations: Observation[] = [];
  const degraded: Observation[] = [];
  for (const observation of byReturn) {
    if (observation) (observation.by.isDegraded ? degraded : observations).push(observation);
  }
  incarnations.sort((a, b) => a.firstSeenIndex - b.firstSeenIndex);
  const byId = new Map(incarnations.map((incarnation) => [incarnation.id, incarnation]));
  return { observations, degraded, states: states.size, incarnations: byId };
}

/** The session that a call was answered with. */
function shownBy({ result }: Operation): SeenSession | undefined {
  return result?.kind === "session" ? result.session : undefined;
}

function answersByIncarnation(operations: Iterable<Operation>): Map<string, Operation[]> {
  const incarnations = new Map<string, Operation[]>();
  for (const by of operations) {
    const seen = shownBy(by);
    if (seen === undefined) continue;
    const others = incarnations.get(seen.incarnation);
    if (others) others.push(by);
    else incarnations.set(seen.incarnation, [by]);
  }
  return incarnations;
}

/** Items by their positions; most are in order as they come. */
export function inOrder<Item>(
  items: readonly Item[],
  positionOf: (item: Item) => number,
): readonly Item[] {
  for (let index = 1; index < items.length; index++) {
    if (positionOf(items[index - 1]!) > positionOf(items[index]!)) {
      return items.toSorted((a, b) => positionOf(a) - positionOf(b));
    }
  }
  return items;
}

/** What the store had of which something is true, in the order of the returns; looked at incarnation by incarnation. */
export function storedWhere(
  { incarnations }: Pick<Observations, "incarnations">,
  isTrue: (observation: Observation) => boolean,
): readonly Observation[] {
  const found: Observation[] = [];
  for (const { observations } of incarnations.values()) {
    for (const observation of observations) if (isTrue(observation)) found.push(observation);
  }
  return inOrder(found, ({ by }) => by.returnIndex);
}

function observationOf(
  by: Operation,
  seen: SeenSession,
  key: string,
  states: States,
): Observation {
  const { kind } = by;
  const asked = kind === "get" ? by.call.fresh === true : kind !== "getOrCreate";
  const contents = states.contentsOf(seen);
  return {
    ...{ by, key, contents, seen },
    incarnation: seen.incarnation,
    version: seen.version,
    isFresh: asked || (kind === "getOrCreate" && contents.birth === by.op),
  };
}

function incarnationOf(
  id: string,
  observations: readonly Observation[],
  byOp: ReadonlyMap<number, Operation>,
): Incarnation {
  const first = observations[0]!;
  const { birth } = first.contents;
  return {
    ...{ id, observations, key: first.key },
    birth: birth === undefined ? undefined : byOp.get(birth),
    firstSeenIndex: first.by.returnIndex,
    firstSeenAtMs: first.by.returnAtMs,
  };
}

/** The states of incarnations, each once, however often it is seen. */
class States {
  #size = 0;
  #version = 0;
  #last: Contents | undefined;

  /** How many there are. */
  get size(): number {
    return this.#size;
  }

  /** Goes on with another incarnation. */
  begin(): void {
    this.#last = undefined;
  }

  /** Takes what was seen of an incarnation in the order of its versions. */
  contentsOf(seen: SeenSession): Contents {
    const last = this.#last;
    if (last && this.#version === seen.version && isSameState(last, seen)) return last;
    this.#version = seen.version;
    return this.#last = new Contents(seen, this.#size++);
  }
}
