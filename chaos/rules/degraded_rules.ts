/**
 * Rules about what pods show while the store is away: they may be behind other pods, and nothing else (G8).
 *
 * @module
 */

import type { Model, Observation, Operation } from "../model.ts";
import { storedWhere } from "../observations.ts";
import { contained, containsAll } from "./containment.ts";
import { latestExpiry } from "./expiry_rules.ts";
import { isUnhealed, mayHaveLost } from "./loss.ts";
import { firstAfter, OrderIndex } from "./order_index.ts";
import { countOf, mayHaveExpired, rejectedCount } from "./outage.ts";
import { perModel, perName } from "./per_model.ts";
import { describe, type Rule, type Violation } from "./rule.ts";
import { enders, isBefore, lineageOf, mayHaveEnded } from "./session_ends.ts";
import { earliestTold, hasJumped, mostAhead } from "./store_clock.ts";
import { linkOf } from "./succession.ts";

/** G8: a pod shows what it accepted, whether the store has it or not. */
export const ownDegradedWrites: Rule = {
  name: "own-degraded-writes",
  guarantees: ["G8"],
  *check(model) {
    for (const observation of model.degraded) {
      const { by, key, contents } = observation;
      // Of a session that it does not hold, a pod shows what waits, and no more.
      if (contents.birth === undefined) continue;
      const lacked = ownWrites(model, by).filter((write) =>
        !containsAll(model, observation, write) && !beganAnew(model, write, observation)
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

/** What its pod had accepted for a session when a call began, and nothing can have taken away since. */
function ownWrites(model: Model, by: Operation): Operation[] {
  const writes = writesOf(model, by.key).get(by.pod) ?? [];
  const found: Operation[] = [];
  const begun = firstAfter(writes, by.invokeIndex, ({ invokeIndex }) => invokeIndex);
  for (let index = begun - 1; index >= 0; index--) {
    model.meter.step();
    const write = writes[index]!;
    // What took this one away took all that began before it.
    const isGone = mayHaveEnded(model, write, by.returnIndex) ||
      mayHaveExpired(model, write, by.returnAtMs) ||
      mayHaveLost(model, write.invokeAtMs, by.returnIndex) || metRevived(model, write);
    if (isGone) break;
    if (write.returnIndex < by.invokeIndex) found.push(write);
  }
  return found.reverse();
}

/** Whether what a write met may have been there again by a loss of memory, until its destroyer saw that (rule 17). */
function metRevived(model: Model, write: Operation): boolean {
  const isEnded = () =>
    enders(model, write.key).some(({ invokeIndex }) => invokeIndex < write.returnIndex);
  return isUnhealed(model, write) && isEnded();
}

/** By pod, in their order. */
const writesOf = perName((model, key) =>
  Map.groupBy(
    (model.byKey.get(key) ?? []).filter(({ fate, call }) =>
      (fate === "journaled" || fate === "acknowledged") && call.effects.length > 0
    ),
    ({ pod }) => pod,
  )
);

/**
 * Whether the pod began a session itself between two of its calls: it held none, so what it had accepted before was
 * meant for one that others may know.
 */
export function beganAnew(model: Model, write: Operation, { by, contents }: Observation): boolean {
  const next = beginningsOf(model, write.key).get(write.pod)?.after(write.returnIndex);
  if (next === undefined) return false;
  // It may be shown before it is answered: the answer waits until it is written down.
  return next.returnIndex <= by.returnIndex || next.op === contents.birth;
}

/** By pod, the creations that waited for the store; the first to be answered. */
const beginningsOf = perName((model, key) => {
  const all = (model.byKey.get(key) ?? []).filter(({ fate, call }) =>
    fate === "journaled" && call.kind === "getOrCreate"
  );
  const indexed = [...Map.groupBy(all, ({ pod }) => pod)].map(([pod, own]) =>
    [
      pod,
      new OrderIndex(
        own,
        "after",
        ({ returnIndex }) => returnIndex,
        (a, b) => a.returnIndex < b.returnIndex,
      ),
    ] as const
  );
  return new Map(indexed);
});

/** G6: what nobody kept alive has run out, whether the store is there or not. */
export const degradedInTime: Rule = {
  name: "expired-while-degraded",
  guarantees: ["G6"],
  *check(model) {
    const { toleranceMs } = model.settings;
    for (const seen of Map.groupBy(model.degraded, ({ key }) => key).values()) {
      for (const observation of seen) {
        const { by, seen: session } = observation;
        const limitMs = latestExpiry(model, observation) + toleranceMs;
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
    // Where a rotation leads back to, a session may come back.
    if (model.operations.some(({ kind, fate }) => kind === "rotate" && fate !== "failed")) {
      return;
    }
    for (const destroy of model.operations) {
      const isKept = destroy.kind === "destroy" && destroy.fate === "journaled";
      if (isKept) yield* cameBack(model, destroy);
    }
  },
};

/** What was seen of a key. */
interface Views {
  /** By pod, by their answers; the last. */
  readonly lastByPod: ReadonlyMap<string, OrderIndex<Observation>>;
  readonly byBirth: ReadonlyMap<number | undefined, readonly Observation[]>;
}

const viewsOf = perModel((model) => {
  const all = [...model.observations, ...model.degraded].filter(({ by, key }) => by.key === key);
  return Map.groupBy(all, ({ key }) => key);
});

const viewsOfKey = perName((model, key): Views => {
  const seen = viewsOf(model).get(key) ?? [];
  const pods = [...Map.groupBy(seen, ({ by }) => by.pod)].map(([pod, own]) =>
    [
      pod,
      new OrderIndex(
        own,
        "before",
        ({ by }) => by.returnIndex,
        (a, b) => a.by.returnIndex > b.by.returnIndex,
      ),
    ] as const
  );
  return {
    lastByPod: new Map(pods),
    byBirth: Map.groupBy(seen, ({ contents }) => contents.birth),
  };
});

function* cameBack(model: Model, destroy: Operation): Iterable<Violation> {
  const views = viewsOfKey(model, destroy.key);
  const birth = views.lastByPod.get(destroy.pod)?.before(destroy.invokeIndex)?.contents.birth;
  if (birth === undefined) return;
  const lineage = lineageOf(model, destroy.pod);
  // A later life knows what it destroyed once it has brought it into the store.
  const again = views.byBirth.get(birth)?.find(({ by }) =>
    isBefore(model, destroy, by) &&
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
    const waits = ({ contents }: Observation) => linkOf(model, contents)!.calls.waited.length > 0;
    for (const observation of storedWhere(model, waits)) {
      const { contents, by } = observation;
      const { waited } = linkOf(model, contents)!.calls;
      const birth = contents.birth === undefined ? undefined : model.byOp.get(contents.birth);
      if (birth === undefined) continue;
      const isEarly = (write: Operation) =>
        write.fate === "journaled" && isTold(write, birth) &&
        !beganItself(model, write) && !seemsLater(model, write, birth, by);
      if (!waited.some(isEarly)) continue;
      const early = contained(model, observation).find(isEarly);
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

/** Whether a session was begun after a write had been accepted, by the store's clock, too: it counts whole milliseconds. */
function isTold(write: Operation, birth: Operation): boolean {
  return write.returnIndex < birth.invokeIndex && birth.invokeAtMs - write.returnAtMs >= 1;
}

/**
 * Whether the store's clock had gone on so far, when a write was brought to a session, that it seemed to have been accepted
 * after this was created (rule 9).
 */
function seemsLater(model: Model, write: Operation, birth: Operation, by: Operation): boolean {
  if (!hasJumped(model)) return false;
  const { lateBoundMs, toleranceMs } = model.settings;
  const acceptedMs = write.returnAtMs +
    mostAhead(model, write.invokeAtMs - lateBoundMs, by.returnAtMs);
  const bornMs = earliestTold(model, birth.invokeAtMs, Math.min(birth.returnAtMs, by.returnAtMs));
  return bornMs <= acceptedMs + toleranceMs;
}

/** Whether the pod had begun a session itself, which joins what others began. */
function beganItself(model: Model, write: Operation): boolean {
  const first = firstBeginnings(model, write.key).get(lineageOf(model, write.pod));
  return first !== undefined && first < write.returnIndex;
}

/** By the lives of a pod: when it first asked for a session to be created. */
const firstBeginnings = perName((model, key) => {
  const first = new Map<string, number>();
  for (const { pod, fate, call, invokeIndex } of model.byKey.get(key) ?? []) {
    if (fate === "failed" || call.kind !== "getOrCreate") continue;
    const lineage = lineageOf(model, pod);
    if (!first.has(lineage)) first.set(lineage, invokeIndex);
  }
  return first;
});
