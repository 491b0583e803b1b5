/**
 * Rules about what is gone: it stays gone (G4).
 *
 * @module
 */

import {
  type Incarnation,
  isWrite,
  type Model,
  type Observation,
  type Operation,
} from "../model.ts";
import {
  collectEvidence,
  earliest,
  type Evidence,
  evidenceAbout,
  type EvidenceByKey,
} from "./death.ts";
import { mayHaveDisplaced } from "./displaced.ts";
import { wasEvicted } from "./eviction.ts";
import { hasLost, losesMemoryWithin, mayRevive } from "./loss.ts";
import { OrderIndex } from "./order_index.ts";
import { describe, type Rule, type Violation } from "./rule.ts";
import { arrivals, beginners } from "./session_ends.ts";

/** G4: nothing of an incarnation is seen once it was gone; in a cache, no longer than its bound. */
export const noResurrection: Rule = {
  name: "no-resurrection",
  guarantees: ["G4"],
  *check(model) {
    for (const incarnation of model.incarnations.values()) {
      const lastIndex = incarnation.observations.reduce(
        (last, { by }) => Math.max(last, by.invokeIndex),
        0,
      );
      // Between a loss of memory and the healing nothing may be there that comes back.
      const evidence = [...evidenceAbout(model, incarnation, lastIndex)].filter(({ kind }) =>
        kind === "destroyed" || kind === "rotated" || !hasLost(model)
      );
      if (evidence.length > 0) yield* seenAfter(model, incarnation, evidence);
    }
  },
};

function* seenAfter(
  model: Model,
  incarnation: Incarnation,
  evidence: readonly Evidence[],
): Iterable<Violation> {
  const all = earliest(evidence);
  const pods = new Map(
    [...Map.groupBy(evidence, ({ by }) => by.pod)].map(([pod, own]) => [pod, earliest(own)]),
  );
  const times = new OrderIndex(
    evidence,
    "before",
    ({ by }) => by.returnAtMs,
    (a, b) => a.by.returnIndex < b.by.returnIndex,
  );
  const bound = model.settings.maxStalenessMs + model.settings.toleranceMs;
  for (const observation of incarnation.observations) {
    const { by } = observation;
    const gone = pods.get(by.pod)?.before(by.invokeIndex) ??
      (observation.isFresh ? all.before(by.invokeIndex) : times.before(by.invokeAtMs - bound));
    if (gone === undefined || mayHaveDisplaced(model, incarnation.birth, by)) continue;
    if (!mayRevive(model, gone.by, by)) yield cameBack(observation, gone);
    else {
      // What a loss explains of one destroy it may not explain of another.
      const other = evidence.find(({ by: end }) =>
        end.returnIndex < by.invokeIndex && (end.pod === by.pod || observation.isFresh) &&
        !mayRevive(model, end, by)
      );
      if (other) yield cameBack(observation, other);
    }
  }
}

function cameBack(observation: Observation, gone: Evidence): Violation {
  const verb = isWrite(observation.by) ? "wrote to" : "shows";
  return {
    guarantee: "G4",
    rule: "no-resurrection",
    message: `expected what was gone to stay gone: ${describe(gone.by)} ` +
      `(${gone.kind}) had ended incarnation ${observation.incarnation}, and ` +
      `${describe(observation.by)} ${verb} it`,
    ops: [observation.by.op, gone.by.op],
  };
}

/** G4: a write succeeds only where something can live. */
export const noWriteToTheDead: Rule = {
  name: "no-write-to-the-dead",
  guarantees: ["G4"],
  *check(model) {
    const evidenceByKey = collectEvidence(model);
    for (const [key, operations] of model.byKey) {
      const births = new OrderIndex(
        beginners(model, key),
        "before",
        ({ invokeIndex }) => invokeIndex,
        (a, b) => a.endIndex > b.endIndex,
      );
      const gone = lastDeaths(evidenceByKey, key);
      for (const operation of operations) {
        const { result } = operation;
        const succeeded = isWrite(operation) && operation.fate === "acknowledged" &&
          !(result?.kind === "boolean" && !result.value);
        if (!succeeded) continue;
        const death = gone.before(operation.invokeIndex);
        const birth = births.before(operation.returnIndex);
        if (birth && !(death && death.by.invokeIndex > birth.endIndex)) continue;
        if (birth && death && hasLost(model)) continue;
        if (foundItsOwn(model, operation, birth)) continue;
        yield {
          guarantee: "G4",
          rule: "no-write-to-the-dead",
          message: `expected ${describe(operation)} to find no session: ` +
            (death ? `${describe(death.by)} had ended it` : "none was ever created") +
            `, and nobody created one since`,
          ops: [operation.op, ...(death ? [death.by.op] : [])],
        };
      }
    }
  },
};

/**
 * Whether a destroy may have met the tombstone that its first try had left in an evicted record's place (rule 17): that
 * it had found nothing is not known any more, so it is said to have destroyed something.
 */
function foundItsOwn(
  model: Model,
  { call, key, returnIndex }: Operation,
  birth?: Operation,
): boolean {
  return call.kind === "destroy" && wasEvicted(model, key, birth?.invokeIndex, returnIndex);
}

/** Of the calls answered by some moment after which nothing lived, the one that began last. */
function lastDeaths(byKey: EvidenceByKey, key: string): OrderIndex<Evidence> {
  return new OrderIndex(
    (byKey.get(key) ?? []).filter(({ kind }) => kind !== "replaced"),
    "before",
    ({ by }) => by.returnIndex,
    (a, b) => a.by.invokeIndex > b.by.invokeIndex,
  );
}

/** Whether what a call had made may have gone with the store's memory before it was answered: then it made another one. */
function madeAnew(model: Model, { birth }: Incarnation): boolean {
  return birth !== undefined && losesMemoryWithin(model, birth.invokeAtMs, birth.returnAtMs);
}

/** G4: one creation makes one incarnation; only a rotation takes it elsewhere. */
export const oneBirth: Rule = {
  name: "one-birth",
  guarantees: ["G4"],
  *check(model) {
    const byBirth = Map.groupBy(
      model.incarnations.values(),
      ({ observations }) => observations[0]?.contents.birth,
    );
    for (const [birth, incarnations] of byBirth) {
      const homes = birth === undefined
        ? []
        : incarnations.filter(({ key, birth: by }) =>
          by?.key === key && arrivals(model, key).length === 0
        );
      if (homes.length < 2 || madeAnew(model, homes[0]!)) continue;
      yield {
        guarantee: "G4",
        rule: "one-birth",
        message: `expected the creation #${birth} to make one session; it made the incarnations ` +
          homes.map(({ id }) => id).join(", "),
        ops: [birth!, ...homes.map(({ observations }) => observations[0]!.by.op)],
      };
    }
  },
};
