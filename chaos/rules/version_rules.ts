/**
 * Rules about the states of one incarnation in the order of their versions.
 *
 * @module
 */

import { isLaterRing, timesIn } from "../contents.ts";
import type { Incarnation, Model, Observation } from "../model.ts";
import { contained, containsAll } from "./containment.ts";
import { wasEvicted } from "./eviction.ts";
import { hasLost, mayCountAnew } from "./loss.ts";
import { describe, type Rule, type Violation } from "./rule.ts";
import { inVersionOrder, linkOf } from "./succession.ts";

/** G2: a version names one state, and a later one keeps what an earlier one had. */
export const versionOrder: Rule = {
  name: "version-order",
  guarantees: ["G2", "G3"],
  *check(model) {
    for (const incarnation of model.incarnations.values()) {
      const { key, observations } = incarnation;
      const known = hasLost(model) || wasEvicted(model, key)
        ? observations.filter(({ by }) => !mayCountAnew(model, incarnation, by.returnIndex))
        : observations;
      const sorted = inVersionOrder(known);
      for (let index = 1; index < sorted.length; index++) {
        const earlier = sorted[index - 1]!;
        const later = sorted[index]!;
        if (earlier.version === later.version) yield* sameState(earlier, later);
        else if (linkOf(model, later.contents)?.keeps !== earlier.contents) {
          yield* keptState(model, earlier, later);
        }
      }
      yield* noReturningValue(model, incarnation, sorted);
    }
  },
};

function* sameState(one: Observation, other: Observation): Iterable<Violation> {
  if (one.contents === other.contents || fingerprint(one) === fingerprint(other)) return;
  yield {
    guarantee: "G2",
    rule: "version-order",
    message: `expected one state for version ${one.version}; ${describe(one.by)} and ` +
      `${describe(other.by)} show different ones: ${fingerprint(one)} and ${fingerprint(other)}`,
    ops: [one.by.op, other.by.op],
  };
}

function* keptState(
  model: Model,
  earlier: Observation,
  later: Observation,
): Iterable<Violation> {
  const found = (message: string, ...ops: number[]): Violation => ({
    guarantee: "G2",
    rule: "version-order",
    message,
    ops: [earlier.by.op, later.by.op, ...ops],
  });
  for (const writer of contained(model, earlier)) {
    const isKept = containsAll(model, later, writer) &&
      writer.call.effects.every((effect) =>
        effect.kind !== "birth" || timesIn(earlier.contents, writer.op, effect) ===
          timesIn(later.contents, writer.op, effect)
      );
    if (isKept) continue;
    yield found(
      `expected ${describe(writer)} to stay: version ${earlier.version} has it ` +
        `(${describe(earlier.by)}), version ${later.version} has not (${describe(later.by)})`,
      writer.op,
    );
  }
  const { list } = earlier.contents;
  if (list.some((op, place) => later.contents.list[place] !== op)) {
    yield found(
      `expected the list to grow at its end: [${list}] at version ${earlier.version}, ` +
        `[${later.contents.list}] at version ${later.version} (${describe(later.by)})`,
    );
  }
  if (!isLaterRing(earlier.contents.vectors, later.contents.vectors, model.settings.capacity)) {
    yield found(
      `expected the trajectory to lose its oldest and gain at its end: ` +
        `[${earlier.contents.vectors}] at version ${earlier.version}, ` +
        `[${later.contents.vectors}] at version ${later.version} (${describe(later.by)})`,
    );
  }
}

/** G3: a value that was overwritten comes back only if its call takes effect a second time. */
function* noReturningValue(
  model: Model,
  incarnation: Incarnation,
  sorted: readonly Observation[],
): Iterable<Violation> {
  const left = new Map<number, Observation>();
  let current: number | undefined;
  for (const observation of sorted) {
    const { set } = linkOf(model, observation.contents)!;
    if (set === current) continue;
    if (current !== undefined) left.set(current, observation);
    current = set;
    const leaving = set === undefined ? undefined : left.get(set);
    if (leaving === undefined) continue;
    yield {
      guarantee: "G3",
      rule: "version-order",
      message: `expected the value of #${set} to stay overwritten on ${incarnation.key}: version ` +
        `${leaving.version} had another, version ${observation.version} has it again ` +
        `(${describe(observation.by)})`,
      ops: [leaving.by.op, observation.by.op],
    };
  }
}

function fingerprint({ seen }: Observation): string {
  const fields = Object.entries(seen.context).sort(([a], [b]) => a < b ? -1 : 1);
  return JSON.stringify([fields, seen.trajectory]);
}
