/**
 * Rules about writes that were accepted while the store was away: they are in it once it is back, or it is told that
 * they are not (G9, G10).
 *
 * @module
 */

import type { Model, Observation, Operation } from "../model.ts";
import { containsAll } from "./containment.ts";
import { mayBeWrittenToDisplaced } from "./displaced.ts";
import { hasDied, isUnhealed, mayHaveLost, wasEnded, wasReported } from "./loss.ts";
import { firstAfter } from "./order_index.ts";
import {
  countOf,
  diedWith,
  mayHaveExpired,
  rejectedCount,
  reportedBy,
  wasRejected,
} from "./outage.ts";
import { describe, type Rule, type Violation } from "./rule.ts";
import { beginners, lineageOf, mayHaveEnded } from "./session_ends.ts";
import { wasShown } from "./succession.ts";

/** What a call saw of the store: a session, or that there is none. */
interface Look {
  readonly by: Operation;
  readonly observation: Observation | undefined;
}

/** G9: what was accepted is in every later state from the store, unless its session ended or it was reported. */
export const journaledWrites: Rule = {
  name: "journaled-writes",
  guarantees: ["G9"],
  *check(model) {
    const waitedByKey = Map.groupBy(
      model.operations.filter(({ fate, call }) => fate === "journaled" && call.effects.length > 0),
      ({ key }) => key,
    );
    if (waitedByKey.size === 0) return;
    const looksByKey = Map.groupBy(looksOf(model, waitedByKey), ({ by }) => by.key);
    for (const key of model.byKey.keys()) {
      const waited = waitedByKey.get(key);
      if (waited === undefined) continue;
      // Others may be behind for as long as a copy is good.
      const looks = looksByKey.get(key) ?? [];
      const last = looks.filter(({ by }) =>
        by.isFinal && !(by.call.kind === "get" && !by.call.fresh)
      );
      const own = Map.groupBy(looks, ({ by }) => lineageOf(model, by.pod));
      for (const [lineage, writes] of Map.groupBy(waited, ({ pod }) => lineageOf(model, pod))) {
        const wanted = new Set([...own.get(lineage) ?? [], ...last]);
        yield* missing(model, { key, lineage, own: writes }, wanted);
      }
    }
  },
};

function* missing(
  model: Model,
  { key, lineage, own }: { key: string; lineage: string; own: readonly Operation[] },
  looks: Iterable<Look>,
): Iterable<Violation> {
  for (const look of looks) {
    const { by } = look;
    const lacked = stillThere(model, own, by).filter((write) =>
      lacks(model, look, write) && !isExcused(model, write, by)
    );
    const count = lacked.reduce((sum, write) => sum + countOf(write), 0);
    const reported = rejectedCount(model, lineage, key, by.returnIndex);
    if (count <= reported) continue;
    const [first] = lacked;
    yield {
      guarantee: reported > 0 ? "G10" : "G9",
      rule: "journaled-writes",
      message: `expected ${describe(first!)}, which was accepted while the store was away, in ` +
        `what the store has later, or a report that it is not: ${describe(by)} ` +
        `${look.observation ? "is without it" : "finds no session"}; ${count} such operations ` +
        `are missing, ${reported} were reported`,
      ops: [...lacked.map(({ op }) => op), by.op],
    };
    return;
  }
}

/** What was accepted before a call began, and neither an end nor its time can have taken away since. */
function stillThere(model: Model, writes: readonly Operation[], by: Operation): Operation[] {
  const found: Operation[] = [];
  const begun = firstAfter(writes, by.invokeIndex, ({ invokeIndex }) => invokeIndex);
  for (let index = begun - 1; index >= 0; index--) {
    model.meter.step();
    const write = writes[index]!;
    // What took this one away took all that began before it.
    const isGone = mayHaveEnded(model, write, by.returnIndex) ||
      mayHaveExpired(model, write, by.returnAtMs);
    if (isGone) break;
    if (write.returnIndex < by.invokeIndex) found.push(write);
  }
  return found.reverse();
}

function lacks(model: Model, { observation }: Look, write: Operation): boolean {
  return observation === undefined || !containsAll(model, observation, write);
}

function isExcused(model: Model, write: Operation, by: Operation): boolean {
  return joinsOnly(model, write) || diedWith(model, write, by.returnIndex) ||
    isLost(model, write, by) || mayBeWrittenToDisplaced(model, write, by);
}

/** Its own pod gives back what it brought into the store, or says that it cannot. */
function isLost(model: Model, write: Operation, by: Operation): boolean {
  // Whoever ended the session before repeats that when it meets the loss, and what was written until then goes with it.
  if (isUnhealed(model, write) && wasEnded(model, write.key)) return true;
  return mayHaveLost(model, write.invokeAtMs, by.returnIndex) &&
    (!by.isFinal || hasDied(model, write.pod) || wasReported(model, write.key));
}

/** Whether a creation may have found a session, which it leaves as it is: its time is not renewed by that. */
function joinsOnly(model: Model, write: Operation): boolean {
  return write.call.kind === "getOrCreate" &&
    beginners(model, write.key).some((other) => other !== write);
}

/** Looks at sessions of some keys. */
function looksOf(model: Model, keys: ReadonlyMap<string, unknown>): Look[] {
  const looks: Look[] = model.observations
    .filter(({ by, key }) => keys.has(key) && by.key === key && by.kind !== "rotate")
    .map((observation) => ({ by: observation.by, observation }));
  for (const by of model.operations) {
    const isNothing = by.result?.kind === "absent" || by.result?.kind === "not-found";
    if (isNothing && !by.isDegraded && keys.has(by.key)) looks.push({ by, observation: undefined });
  }
  return looks;
}

/** G10: what is reported as not kept is not there. */
export const honestReports: Rule = {
  name: "honest-reports",
  guarantees: ["G10"],
  *check(model) {
    for (const [key, operations] of model.byKey) {
      if (!wasRejected(model, key)) continue;
      const lineages = Map.groupBy(operations, ({ pod }) => lineageOf(model, pod));
      for (const [lineage, own] of lineages) {
        // Whoever dies before its report is written down is followed by one who tells again.
        const lives = new Set(own.map(({ pod }) => pod));
        const reported = Math.max(...[...lives].map((pod) => reportedBy(model, pod, key)));
        if (reported === 0) continue;
        const possible = own.reduce(
          (sum, operation) =>
            operation.fate === "failed" || wasShown(model, operation)
              ? sum
              : sum + countOf(operation),
          0,
        );
        if (reported <= possible) continue;
        yield {
          guarantee: "G10",
          rule: "honest-reports",
          message: `expected ${lineage} to report on ${key} only what is not in the store: it ` +
            `reported ${reported} operations, and ${possible} of its operations were never seen`,
          ops: own.map(({ op }) => op),
        };
      }
    }
  },
};

/** G9: with all faults healed the journal drains by itself, and a flush ends. */
export const drained: Rule = {
  name: "drained",
  guarantees: ["G9"],
  *check(model) {
    for (const { pod, flush } of model.flushes) {
      const names = flush.unkept?.every(({ reason }) => reason !== "journaled") ?? true;
      // What waits in a journal that outlives its pod is kept.
      const isKept = flush.journaled === 0 || (flush.isEnd && model.settings.durable);
      const isDone = flush.outcome !== "failed" && isKept && names;
      if (isDone && flush.hadSettled) continue;
      yield {
        guarantee: "G9",
        rule: "drained",
        message: isDone
          ? `expected ${pod} to find its store and to drain its journal by itself`
          : `expected the flush of ${pod} to keep or name everything: ${JSON.stringify(flush)}`,
        ops: [],
      };
    }
  },
};
