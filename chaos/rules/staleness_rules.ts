/**
 * Rules about how old a state may be (G5).
 *
 * @module
 */

import type { Incarnation, Model, Observation } from "../model.ts";
import { mayCountAnew } from "./loss.ts";
import { OrderIndex } from "./order_index.ts";
import { inTimeOrder } from "./real_time.ts";
import { describe, type Rule, type Violation } from "./rule.ts";

/** G5: bounded staleness, and no pod ever sees a version older than it saw before. */
export const staleness: Rule = {
  name: "staleness",
  guarantees: ["G5"],
  *check(model) {
    for (const incarnation of model.incarnations.values()) {
      yield* checkIncarnation(model, incarnation);
    }
  },
};

function* checkIncarnation(model: Model, incarnation: Incarnation): Iterable<Violation> {
  const { observations } = incarnation;
  const bound = model.settings.maxStalenessMs + model.settings.toleranceMs;
  // What was answered later was answered too late to count.
  const isTimely = bound > 0 && inTimeOrder(model);
  let views: Views | undefined;
  let newest = -Infinity;
  for (const observation of observations) {
    const { by, version } = observation;
    // Nothing that was answered before is newer.
    if (isTimely && version >= newest) {
      newest = version;
      continue;
    }
    views ??= viewsOf(observations);
    const own = views.pods.get(by.pod)?.before(by.invokeIndex);
    const store = observation.isFresh
      ? views.byIndex.before(by.invokeIndex)
      : views.byTime.before(by.invokeAtMs - bound);
    if (mayCountAnew(model, incarnation, by.returnIndex)) continue;
    if (own && own.version > version) {
      yield older(observation, own, "the versions that a pod sees never to go back");
    } else if (store && store.version > version) {
      const what = observation.isFresh
        ? "a look into the store to show the newest version"
        : `a cached read to be at most ${model.settings.maxStalenessMs} ms behind`;
      yield older(observation, store, what);
    }
  }
}

/** What was seen, by when it was answered; the newest. */
interface Views {
  readonly byIndex: OrderIndex<Observation>;
  readonly byTime: OrderIndex<Observation>;
  readonly pods: ReadonlyMap<string, OrderIndex<Observation>>;
}

function viewsOf(observations: readonly Observation[]): Views {
  const isNewer = (a: Observation, b: Observation) => a.version > b.version;
  const byIndex = (seen: readonly Observation[]) =>
    new OrderIndex(seen, "before", ({ by }) => by.returnIndex, isNewer);
  const pods = Map.groupBy(observations, ({ by }) => by.pod);
  return {
    byIndex: byIndex(observations),
    byTime: new OrderIndex(observations, "before", ({ by }) => by.returnAtMs, isNewer),
    pods: new Map([...pods].map(([pod, seen]) => [pod, byIndex(seen)])),
  };
}

function older(observation: Observation, newer: Observation, expected: string): Violation {
  return {
    guarantee: "G5",
    rule: "staleness",
    message: `expected ${expected}: ${describe(observation.by)} shows version ` +
      `${observation.version}, after ${describe(newer.by)} had shown version ${newer.version}`,
    ops: [observation.by.op, newer.by.op],
  };
}
