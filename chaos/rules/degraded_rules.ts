/**
 * Rules about what pods show while the store is away: they may be behind other pods, and nothing else (G8).
 *
 * @module
 */

import { type Model, type Observation, type Operation } from "../model.ts";
import { contained, containsAll } from "./containment.ts";
import { latestExpiry } from "./expiry_rules.ts";
import { mayHaveLost } from "./loss.ts";
import {
  countOf,
  isBefore,
  lineageOf,
  mayHaveEnded,
  mayHaveExpired,
  rejectedCount,
} from "./outage.ts";
import { describe, type Rule, type Violation } from "./rule.ts";

/** G8: a pod shows what it accepted, whether the store has it or not. */
export const ownDegradedWrites: Rule = {
  name: "own-degraded-writes",
  guarantees: ["G8"],
  *check(model) {
    for (const observation of model.degraded) {
      const { by, key, contents } = observation;
      // Of a session that it does not hold, a pod shows what waits, and no more.
      if (contents.birth === undefined) continue;
      const lacked = (model.byKey.get(key) ?? []).filter((write) =>
        isOwnWrite(write, by) && !containsAll(model, observation, write) &&
        !mayHaveEnded(model, write, by.returnIndex) && !beganAnew(model, write, by) &&
        !mayHaveExpired(model, write, by.returnAtMs) &&
        !mayHaveLost(model, write.invokeAtMs, by.returnIndex)
      );
      const count = lacked.reduce((sum, write) => sum + countOf(write), 0);
      const reported = rejectedCount(model, lineageOf(model, by.pod), key, by.returnIndex);
      if (count <= reported) continue;
      yield {
        guarantee: "G8",
        rule: "own-degraded-writes",
        message: `expected ${describe(by)}, degraded, to show its pod's own ` +
          `${describe(lacked[0]!)}`,
        ops: [by.op, ...lacked.map(({ op }) => op)],
      };
    }
  },
};

function isOwnWrite(write: Operation, by: Operation): boolean {
  return write.pod === by.pod && write.returnIndex < by.invokeIndex &&
    (write.fate === "journaled" || write.fate === "acknowledged") && write.call.effects.length > 0;
}

/**
 * Whether the pod began a session itself between two of its calls: it held none, so what it had accepted before was
 * meant for one that others may know.
 */
function beganAnew(model: Model, write: Operation, by: Operation): boolean {
  return (model.byKey.get(write.key) ?? []).some(({ pod, fate, call, returnIndex }) =>
    pod === write.pod && fate === "journaled" && call.kind === "getOrCreate" &&
    returnIndex > write.returnIndex && returnIndex <= by.returnIndex
  );
}

/** G6: what nobody kept alive has run out, whether the store is there or not. */
export const degradedInTime: Rule = {
  name: "expired-while-degraded",
  guarantees: ["G6"],
  *check(model) {
    const { toleranceMs } = model.settings;
    for (const [key, seen] of Map.groupBy(model.degraded, ({ key }) => key)) {
      const latest = latestExpiry(model, key);
      for (const { by, seen: session } of seen) {
        const limitMs = latest(by.returnIndex) + toleranceMs;
        const saidMs = by.invokeAtMs + session.expiresInMs;
        if (by.invokeAtMs <= limitMs && saidMs <= limitMs) continue;
        yield {
          guarantee: "G6",
          rule: "expired-while-degraded",
          message: `expected a session to expire in time while the store is away: ` +
            `${describe(by)} shows what had expired, or says so, after ${Math.round(limitMs)} ms`,
          ops: [by.op],
        };
      }
    }
  },
};

/** G4, G9: what a pod destroyed while the store was away is not seen by it any more. */
export const degradedDestroys: Rule = {
  name: "destroys-kept",
  guarantees: ["G9"],
  *check(model) {
    const all = [...model.observations, ...model.degraded].filter(({ by, key }) => by.key === key);
    for (const destroy of model.operations) {
      const isKept = destroy.call.kind === "destroy" && destroy.fate === "journaled";
      if (isKept) yield* cameBack(model, destroy, all.filter(({ key }) => key === destroy.key));
    }
  },
};

function* cameBack(
  model: Model,
  destroy: Operation,
  seen: readonly Observation[],
): Iterable<Violation> {
  // Where a rotation leads back to, a session may come back.
  if (model.operations.some(({ call, fate }) => call.kind === "rotate" && fate !== "failed")) {
    return;
  }
  const before = seen.filter(({ by }) =>
    by.pod === destroy.pod && by.returnIndex < destroy.invokeIndex
  );
  const last = before.reduce<Observation | undefined>(
    (best, one) => best && best.by.returnIndex > one.by.returnIndex ? best : one,
    undefined,
  );
  const birth = last?.contents.birth;
  if (birth === undefined) return;
  const lineage = lineageOf(model, destroy.pod);
  // A later life knows what it destroyed once it has brought it into the store.
  const again = seen.find(({ by, contents }) =>
    contents.birth === birth && isBefore(model, destroy, by) &&
    (by.pod === destroy.pod || (by.isFinal && model.settings.durable)) &&
    !mayHaveLost(model, destroy.invokeAtMs, by.returnIndex)
  );
  if (!again || rejectedCount(model, lineage, destroy.key, again.by.returnIndex) > 0) return;
  yield {
    guarantee: "G9",
    rule: "destroys-kept",
    message: `expected ${describe(destroy)}, which was accepted while the store was away, to be ` +
      `kept: ${describe(again.by)} shows the session of #${birth} again`,
    ops: [destroy.op, again.by.op],
  };
}

/** G8: a snapshot says how many operations in it the store lacks. */
export const pendingTold: Rule = {
  name: "pending-told",
  guarantees: ["G8"],
  *check(model) {
    const { toleranceMs } = model.settings;
    for (const { by, seen } of model.degraded) {
      // What was accepted at once by a pod that took the store for away was not sent.
      const isKept = by.wasAway && by.fate === "journaled" && by.call.effects.length > 0 &&
        by.returnAtMs - by.invokeAtMs <= toleranceMs;
      if (!isKept || (seen.pending ?? 0) >= countOf(by)) continue;
      yield {
        guarantee: "G8",
        rule: "pending-told",
        message: `expected ${describe(by)} to say that the store lacks ${countOf(by)} operations ` +
          `of it at least; it said ${seen.pending ?? 0}`,
        ops: [by.op],
      };
    }
  },
};

/** G9: what was accepted without a session of the pod's own is not for one that is created later. */
export const meantForAnother: Rule = {
  name: "meant-for-another",
  guarantees: ["G9"],
  *check(model) {
    for (const observation of model.observations) {
      const { contents, by } = observation;
      const birth = contents.birth === undefined ? undefined : model.byOp.get(contents.birth);
      if (birth === undefined) continue;
      const early = contained(model, observation).find((write) =>
        write.fate === "journaled" && write.returnIndex < birth.invokeIndex &&
        !beganItself(model, write)
      );
      if (early === undefined) continue;
      yield {
        guarantee: "G9",
        rule: "meant-for-another",
        message: `expected ${describe(early)} not to be in a session that ${describe(birth)} ` +
          `created later; ${describe(by)} shows it there`,
        ops: [early.op, birth.op, by.op],
      };
    }
  },
};

/** Whether the pod had begun a session itself, which joins what others began. */
function beganItself(model: Model, write: Operation): boolean {
  return (model.byKey.get(write.key) ?? []).some(({ pod, fate, call, invokeIndex }) =>
    lineageOf(model, pod) === lineageOf(model, write.pod) && fate !== "failed" &&
    call.kind === "getOrCreate" && invokeIndex < write.returnIndex
  );
}
