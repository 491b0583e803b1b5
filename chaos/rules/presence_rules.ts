/**
 * Rules about what must be seen: a write that was answered is there for everybody who looks later.
 *
 * @module
 */

import { timesCounted } from "../contents.ts";
import {
  effectOf,
  type Incarnation,
  type Model,
  type Observation,
  type Operation,
} from "../model.ts";
import { contained, containsAll, counted } from "./containment.ts";
import { mayHaveDisplaced } from "./displaced.ts";
import { hasLost, mayBeLost, mayHaveLost, wasReported } from "./loss.ts";
import { firstAfter, OrderIndex } from "./order_index.ts";
import { perModel } from "./per_model.ts";
import { inTimeOrder } from "./real_time.ts";
import { describe, type Rule, type Violation } from "./rule.ts";
import { isUnbroken, linksIn, shownIn } from "./succession.ts";

/** G1, G2: an acknowledged write is in every later state that came from the store; G5: and in cached ones. */
export const acknowledgedWrites: Rule = {
  name: "acknowledged-writes",
  guarantees: ["G1", "G2", "G5"],
  *check(model) {
    for (const incarnation of model.incarnations.values()) {
      const later = inTimeOrder(model) ? oldestLater(model, incarnation) : undefined;
      const isShownBy = shownIn(model, incarnation);
      let views: Views | undefined;
      for (const operation of meanwhile(model, incarnation)) {
        model.meter.step();
        if (operation.fate !== "acknowledged") continue;
        if (later) {
          const oldest = later.after(operation.returnIndex);
          if (!oldest || isShownBy(oldest.contents, operation)) continue;
        }
        // A creation that finds a session leaves it as it is.
        if (operation.call.effects.every(({ kind }) => kind === "birth")) continue;
        views ??= viewsOf(incarnation);
        // It lived before the call and is seen after it: so it lived during the call.
        const wasThere = surelyLived(model, incarnation, operation);
        const answer = views.answers.get(operation);
        const isShown = answer !== undefined && containsAll(model, answer, operation);
        if (wasThere || isShown) yield* missingFrom(model, incarnation, operation, views);
      }
    }
  },
};

/** Asks for the oldest state of all that are seen later, where all keep what older ones show; undefined if they do not. */
function oldestLater(
  model: Model,
  incarnation: Incarnation,
): OrderIndex<Observation> | undefined {
  return isUnbroken(model, incarnation)
    ? new OrderIndex(incarnation.observations, "after", ({ by }) => by.invokeIndex, isOlder)
    : undefined;
}

function isOlder(one: Observation, other: Observation): boolean {
  return one.version < other.version;
}

/** The calls to an incarnation's key that can have met it and are followed by a look at it, or looked at it themselves. */
function meanwhile(model: Model, { key, observations }: Incarnation): readonly Operation[] {
  const calls = model.byKey.get(key) ?? [];
  const begun = observations.map(({ by }) => by.invokeIndex);
  const earliest = begun.reduce((least, index) => Math.min(least, index), Infinity);
  const latest = begun.reduce((most, index) => Math.max(most, index), 0);
  const position = ({ invokeIndex }: Operation) => invokeIndex;
  return calls.slice(
    firstAfter(calls, earliest - 1, position),
    firstAfter(calls, latest, position),
  );
}

/** Whether an incarnation that is seen after a call was seen before it, and not gone in between. */
function surelyLived(model: Model, incarnation: Incarnation, operation: Operation): boolean {
  return incarnation.firstSeenIndex < operation.invokeIndex &&
    !mayHaveLost(model, incarnation.firstSeenAtMs, operation.returnIndex);
}

interface Views {
  /** What each call answered. */
  readonly answers: ReadonlyMap<Operation, Observation>;
  readonly fresh: OrderIndex<Observation>;
  readonly cached: OrderIndex<Observation>;
  readonly byPod: ReadonlyMap<string, OrderIndex<Observation>>;
}

function viewsOf(incarnation: Incarnation): Views {
  const { observations } = incarnation;
  const pods = Map.groupBy(observations, ({ by }) => by.pod);
  return {
    answers: new Map(observations.map((observation) => [observation.by, observation])),
    fresh: new OrderIndex(
      observations.filter(({ isFresh }) => isFresh),
      "after",
      ({ by }) => by.invokeIndex,
      isOlder,
    ),
    cached: new OrderIndex(observations, "after", ({ by }) => by.invokeAtMs, isOlder),
    byPod: new Map(
      [...pods].map(([pod, seen]) => [
        pod,
        new OrderIndex(seen, "after", ({ by }) => by.invokeIndex, isOlder),
      ]),
    ),
  };
}

function* missingFrom(
  model: Model,
  incarnation: Incarnation,
  operation: Operation,
  views: Views,
): Iterable<Violation> {
  const { maxStalenessMs, toleranceMs } = model.settings;
  const lacks = (observation: Observation | undefined): observation is Observation =>
    observation !== undefined && !containsAll(model, observation, operation) &&
    !mayBeLost(model, incarnation, observation.by, operation) &&
    !mayHaveDisplaced(model, incarnation.birth, observation.by);

  const own = views.byPod.get(operation.pod)?.after(operation.returnIndex);
  const fresh = views.fresh.after(operation.returnIndex);
  const cached = views.cached.after(operation.returnAtMs + maxStalenessMs + toleranceMs);
  // A call's own result is no later look, but must show the call all the same.
  if (lacks(fresh)) {
    const isSurvival = model.restarts.some((index) => isBetween(index, operation, fresh)) ||
      model.kills.some(({ pod, index }) =>
        pod === operation.pod && isBetween(index, operation, fresh)
      );
    yield missing(isSurvival ? "G1" : "G2", operation, fresh, "every later look into the store");
  } else if (lacks(own)) {
    yield missing("G5", operation, own, "what its own pod reads later");
  } else if (lacks(cached)) {
    yield missing("G5", operation, cached, `every read ${maxStalenessMs} ms later`);
  }
}

function isBetween(index: number, operation: Operation, observation: Observation): boolean {
  return index > operation.returnIndex && index < observation.by.returnIndex;
}

function missing(
  guarantee: string,
  operation: Operation,
  observation: Observation,
  where: string,
): Violation {
  return {
    guarantee,
    rule: "acknowledged-writes",
    message: `expected ${describe(operation)}, which was acknowledged, in ${where}; ` +
      `${describe(observation.by)} (version ${observation.version}) is without it`,
    ops: [operation.op, observation.by.op],
  };
}

/** G2: a write's own answer shows it, unless the session may have been replaced meanwhile. */
export const ownResult: Rule = {
  name: "own-result",
  guarantees: ["G2"],
  *check(model) {
    for (const observation of answered(model)) {
      const { by } = observation;
      if (containsAll(model, observation, by)) continue;
      const incarnation = model.incarnations.get(observation.incarnation);
      const wasThere = incarnation !== undefined && surelyLived(model, incarnation, by);
      // What a pod accepts while the store is away it shows, whatever lived there.
      if (!wasThere && !by.isDegraded) continue;
      // Applied, and gone with the store's memory before it was read.
      const isReported = wasReported(model, by.key);
      if (isReported && mayHaveLost(model, by.invokeAtMs, by.returnIndex)) continue;
      yield {
        guarantee: "G2",
        rule: "own-result",
        message: `expected ${describe(by)} to answer with its own effect; ` +
          `version ${observation.version} is without it`,
        ops: [by.op],
      };
    }
  },
};

/** What calls that write were answered with. */
function* answered({ observations, degraded }: Model): Iterable<Observation> {
  for (const seen of [observations, degraded]) {
    for (const observation of seen) {
      const { kind } = observation.by;
      if (kind !== "get" && kind !== "getOrCreate" && kind !== "rotate") yield observation;
    }
  }
}

/** G2: increments answer with numbers each of which contains the smaller ones; without faults all distinct. */
export const incrementAnswers: Rule = {
  name: "increment-answers",
  guarantees: ["G2", "G3"],
  *check(model) {
    const chains = new Chains();
    for (const operation of model.operations) {
      const count = effectOf(operation, "count");
      if (operation.result?.kind !== "number" || count === undefined) continue;
      const times = timesCounted(operation.result.value, count.by);
      if (times !== 1) {
        yield {
          guarantee: times > 1 ? "G3" : "G2",
          rule: "increment-answers",
          message: `expected the number that ${describe(operation)} answered to contain it once; ` +
            `${operation.result.value} contains it ${times} times`,
          ops: [operation.op],
        };
      }
      // What a pod counts while the store is away lacks what others count.
      if (operation.isDegraded) continue;
      chains.add(operation.key, count.field, operation);
    }
    // One answer by itself is in order; after a loss of memory nothing is promised.
    if (hasLost(model)) return;
    for (const chain of chains.several()) yield* nested(model, chain);
  },
};

/** Increments by their sessions and fields, in the order in which these are met. */
class Chains {
  readonly #fields = new Map<string, Map<string, Operation[]>>();
  readonly #chains: Operation[][] = [];

  add(key: string, field: string, operation: Operation): void {
    let keys = this.#fields.get(field);
    if (keys === undefined) this.#fields.set(field, keys = new Map());
    const chain = keys.get(key);
    if (chain) return void chain.push(operation);
    const begun = [operation];
    keys.set(key, begun);
    this.#chains.push(begun);
  }

  /** Those that have more than one. */
  several(): Operation[][] {
    return this.#chains.filter(({ length }) => length > 1);
  }
}

/** By where the increments begin: the incarnation that shows it last. */
type Homes = readonly (string | undefined)[];

const homesOf = perModel((model): Homes => {
  const homes = noHomes(model);
  for (const incarnation of model.incarnations.values()) {
    const { id, key, observations } = incarnation;
    const hasMoved = observations.some((observation) => observation.key !== key);
    for (const { added } of linksIn(model, incarnation)) {
      for (const operation of added) {
        if (operation.key !== key && !hasMoved) continue;
        const other = homes[operation.invokeIndex];
        // What is seen in several places takes a look at what was seen last.
        if (hasMoved || (other !== undefined && other !== id)) return lastHomesOf(model);
        if (operation.result?.kind === "number") homes[operation.invokeIndex] = id;
      }
    }
  }
  return homes;
});

function noHomes({ operations }: Model): (string | undefined)[] {
  return new Array((operations.at(-1)?.invokeIndex ?? 0) + 1);
}

function lastHomesOf(model: Model): Homes {
  const homes = noHomes(model);
  for (const observation of model.observations) {
    for (const operation of contained(model, observation)) {
      if (operation.key === observation.key) {
        homes[operation.invokeIndex] = observation.incarnation;
      }
    }
  }
  return homes;
}

function* nested(model: Model, chain: readonly Operation[]): Iterable<Violation> {
  const homes = homesOf(model);
  for (const [home, calls] of Map.groupBy(chain, ({ invokeIndex }) => homes[invokeIndex])) {
    if (home === undefined || calls.length < 2) continue;
    const answers = calls.map((operation) => {
      const total = operation.result?.kind === "number" ? operation.result.value : 0;
      const { field } = effectOf(operation, "count")!;
      return { operation, total, members: new Set(counted(model, field, total)) };
    }).sort((a, b) => a.members.size - b.members.size || a.total - b.total);
    for (let index = 1; index < answers.length; index++) {
      const [smaller, larger] = [answers[index - 1]!, answers[index]!];
      const isNested = smaller.members.isSubsetOf(larger.members);
      // A retry that the store recognises is answered with what the number is by then.
      const isLater = smaller.members.size < larger.members.size;
      const isInTime = !isLater || larger.operation.returnIndex >= smaller.operation.invokeIndex;
      const isDistinct = isLater || model.hasFaults;
      if (isNested && isInTime && isDistinct) continue;
      yield {
        guarantee: "G2",
        rule: "increment-answers",
        message: `expected increments to answer one after the other: ` +
          `${describe(smaller.operation)} answered ${smaller.total}, ` +
          `${describe(larger.operation)} ${larger.total}`,
        ops: [smaller.operation.op, larger.operation.op],
      };
    }
  }
}

/** G2: a rotation carries the whole state over. */
export const rotationKeepsState: Rule = {
  name: "rotation-keeps-state",
  guarantees: ["G2"],
  *check(model) {
    const rotations = model.observations.filter(({ by }) => by.kind === "rotate");
    if (rotations.length === 0) return;
    const byBirth = Map.groupBy(
      model.incarnations.values(),
      ({ key, observations }) => `${key} ${observations[0]?.contents.birth}`,
    );
    for (const observation of rotations) {
      const { by, contents } = observation;
      const sources = byBirth.get(`${by.key} ${contents.birth}`) ?? [];
      const seenBefore = sources.length === 1
        ? sources[0]!.observations.filter((seen) => seen.by.returnIndex < by.invokeIndex)
        : [];
      const last = seenBefore.reduce<Observation | undefined>(
        (best, seen) => best && best.version > seen.version ? best : seen,
        undefined,
      );
      if (last === undefined) continue;
      const lost = contained(model, last).find((writer) =>
        !containsAll(model, observation, writer)
      );
      if (lost === undefined || hasLost(model)) continue;
      yield {
        guarantee: "G2",
        rule: "rotation-keeps-state",
        message: `expected ${describe(by)} to keep ${describe(lost)}, which ` +
          `${describe(last.by)} shows; it is not in the session that it answered`,
        ops: [by.op, lost.op, last.by.op],
      };
    }
  },
};
