/**
 * Rules about one state by itself: what it contains must come from calls that can have written it.
 *
 * @module
 */

import { timesIn } from "../contents.ts";
import type { Effect } from "../history.ts";
import { keyOf, type Model, type Observation, type Operation } from "../model.ts";
import { storedWhere } from "../observations.ts";
import { contained, partial, repeated } from "./containment.ts";
import { beganAnew } from "./degraded_rules.ts";
import { perModel } from "./per_model.ts";
import { misplaced, overwritten } from "./real_time.ts";
import { lossesWithin } from "./loss.ts";
import { describe, type Rule, type Violation } from "./rule.ts";
import { arrivals } from "./session_ends.ts";
import { linkOf } from "./succession.ts";

/** What the store had, and what pods showed without it, but for what is plainly as it should be. */
const doubtful = perModel((model) => [
  ...storedWhere(model, (observation) => !isPlain(model, observation)),
  ...model.degraded,
]);

/** Whether a state is surely one that its session can have had: the rules need not look at it call by call. */
function isPlain(model: Model, { by, key, seen, contents }: Observation): boolean {
  const link = linkOf(model, contents);
  if (link === undefined || !link.isWhole || !link.isPlain || !link.isOrdered) return false;
  const { call } = by;
  const meant = call.kind === "rotate" && call.to ? call.to : call.session;
  return seen.id === meant.id && seen.tenant === meant.tenant &&
    link.calls.key === key && !link.calls.hasFailed && link.calls.lastIndex <= by.returnIndex;
}

/** G7: what is seen of a session was written to that session. */
export const isolation: Rule = {
  name: "isolation",
  guarantees: ["G7", "G2"],
  *check(model) {
    for (const observation of doubtful(model)) {
      const { seen, key } = observation;
      if (keyOf(seen) !== key) {
        yield violation(
          seen.tenant === observation.by.call.session.tenant ? "G2" : "G7",
          "isolation",
          `${describe(observation.by)} was given the session ${keyOf(seen)}`,
          observation,
        );
      }
      for (const writer of contained(model, observation)) {
        const isOwn = writer.key === key ||
          (writer.call.session.tenant === seen.tenant && arrivals(model, key).length > 0);
        if (isOwn) continue;
        const foreign = writer.call.session.tenant !== observation.by.call.session.tenant;
        yield violation(
          foreign ? "G7" : "G2",
          "isolation",
          `${describe(observation.by)} shows ${
            describe(writer)
          }, which was made to another session`,
          observation,
          writer,
        );
      }
    }
  },
};

/** G3: nothing is seen that was not asked for yet, was refused, or that nobody wrote. */
export const phantom: Rule = {
  name: "phantom",
  guarantees: ["G3"],
  *check(model) {
    for (const observation of doubtful(model)) {
      for (const what of observation.contents.strange) {
        const message = `${describe(observation.by)} shows ${what}, which nobody wrote`;
        yield violation("G3", "phantom", message, observation);
      }
      for (const writer of contained(model, observation)) {
        if (writer.fate === "failed" && !wentWithMemory(model, writer, observation)) {
          const message = `${describe(observation.by)} shows ${describe(writer)}, which was said ` +
            `to have had no effect (${writer.result?.kind})`;
          yield violation("G3", "phantom", message, observation, writer);
        } else if (writer.invokeIndex > observation.by.returnIndex) {
          const message = `${describe(observation.by)} shows ${describe(writer)} before it began`;
          yield violation("G3", "phantom", message, observation, writer);
        }
      }
    }
  },
};

/**
 * Whether what a write had done was lost with the store's memory while its call was under way, and was shown before: to the
 * next try the session was gone, and so is the effect.
 */
function wentWithMemory(model: Model, write: Operation, { by }: Observation): boolean {
  return write.result?.kind === "not-found" &&
    lossesWithin(model, write.invokeAtMs, write.returnAtMs)
      .some(({ untilMs }) => by.invokeAtMs <= untilMs);
}

/** G3: no call takes effect twice. */
export const exactlyOnce: Rule = {
  name: "exactly-once",
  guarantees: ["G3"],
  *check(model) {
    for (const observation of doubtful(model)) {
      for (const writer of repeated(model, observation)) {
        for (const effect of writer.call.effects) {
          const times = timesIn(observation.contents, writer.op, effect);
          if (times <= 1) continue;
          const message = `expected ${describe(writer)} to take effect once; ` +
            `${describe(observation.by)} shows it ${times} times`;
          yield violation("G3", "exactly-once", message, observation, writer);
        }
      }
    }
  },
};

/** G2: the parts of one call land together. */
export const atomic: Rule = {
  name: "atomic",
  guarantees: ["G2"],
  *check(model) {
    for (const observation of doubtful(model)) {
      for (const writer of partial(model, observation)) {
        // A vector can have been pushed out of the ring since.
        const parts = writer.call.effects.filter((effect) => effect.kind !== "vector");
        const isMissing = (part: Effect) => timesIn(observation.contents, writer.op, part) === 0;
        const missing = parts.find(isMissing);
        // While the store is away a pod may know of another's write a number alone, that its own answered; so it may of
        // its own, from before it began the session anew.
        const isOthers = observation.by.isDegraded &&
          (writer.pod !== observation.by.pod || beganAnew(model, writer, observation));
        if (isOthers && parts.every((part) => part.kind === "count" || isMissing(part))) continue;
        if (missing === undefined) continue;
        const message = `${describe(observation.by)} shows a part of ${describe(writer)} ` +
          `without its ${missing.kind}`;
        yield violation("G2", "atomic", message, observation, writer);
      }
    }
  },
};

/** G2: what was answered before another call began comes before it. */
export const realTimeOrder: Rule = {
  name: "real-time-order",
  guarantees: ["G2"],
  *check(model) {
    for (const observation of doubtful(model)) {
      yield* ordered(model, observation, observation.contents.list, "update");
      yield* ordered(model, observation, observation.contents.vectors, "append");
      yield* lastSetWins(model, observation);
    }
  },
};

function* ordered(
  model: Model,
  observation: Observation,
  ops: readonly number[],
  what: string,
): Iterable<Violation> {
  const found = misplaced(model, ops);
  if (found === undefined) return;
  const { operation, earlier } = found;
  const message = `${describe(observation.by)} shows the ${what} of ${describe(operation)} ` +
    `before that of ${describe(earlier)}, which had been answered when it began`;
  yield violation("G2", "real-time-order", message, observation, operation, earlier);
}

function* lastSetWins(model: Model, observation: Observation): Iterable<Violation> {
  const { set } = observation.contents;
  const later = overwritten(model, observation.contents);
  if (later === undefined) return;
  const shown = set === undefined ? "no value" : `the value of #${set}`;
  const message = `expected the last set to win: ${describe(observation.by)} shows ${shown}, ` +
    `although ${describe(later)} took effect after it`;
  yield violation("G2", "real-time-order", message, observation, later);
}

function violation(
  guarantee: string,
  rule: string,
  message: string,
  observation: Observation,
  ...others: Operation[]
): Violation {
  return { guarantee, rule, message, ops: [observation.by.op, ...others.map(({ op }) => op)] };
}
