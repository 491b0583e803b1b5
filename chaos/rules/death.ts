/**
 * When an incarnation was surely gone, and how that is known.
 *
 * @module
 */

import { type Incarnation, keyOf, type Model, type Operation } from "../model.ts";
import { OrderIndex } from "./order_index.ts";

/** Evidence that nothing that lived under a key when a call began lived there when it returned. */
export interface Evidence {
  readonly by: Operation;
  /** `told`: the store said that nothing is there. `replaced`: another incarnation was there. */
  readonly kind: "destroyed" | "rotated" | "told" | "replaced";
  /** The incarnation that was there instead. */
  readonly other?: string;
}

/** Evidence by key, in no order. */
export type EvidenceByKey = ReadonlyMap<string, readonly Evidence[]>;

/** Collects what calls say about the end of whatever lived under their key. */
export function collectEvidence(model: Model): EvidenceByKey {
  const byKey = new Map<string, Evidence[]>();
  const add = (key: string, evidence: Evidence) => {
    const others = byKey.get(key);
    if (others) others.push(evidence);
    else byKey.set(key, [evidence]);
  };
  for (const operation of model.operations) {
    const kind = evidenceKind(operation);
    if (kind) add(operation.key, { by: operation, kind });
  }
  for (const { by, key, incarnation, isFresh } of model.observations) {
    if (isFresh) add(key, { by, kind: "replaced", other: incarnation });
  }
  return byKey;
}

function evidenceKind(operation: Operation): Evidence["kind"] | undefined {
  const { call, result } = operation;
  // What a pod says while the store is away is about what it holds.
  if (result === undefined || operation.isDegraded) return undefined;
  if (result.kind === "absent" || result.kind === "not-found") return "told";
  if (result.kind === "boolean") {
    if (call.kind === "destroy") return result.value ? "destroyed" : "told";
    return result.value ? undefined : "told";
  }
  return call.kind === "rotate" && result.kind === "session" ? "rotated" : undefined;
}

/** The evidence about one incarnation: it lived before the call, so it was gone when the call returned. */
export function evidenceAbout(
  incarnation: Incarnation,
  byKey: EvidenceByKey,
): readonly Evidence[] {
  return (byKey.get(incarnation.key) ?? []).filter(({ by, other }) =>
    other !== incarnation.id && by.invokeIndex > incarnation.firstSeenIndex
  );
}

/** Asks for the call under whose answer an incarnation was gone first. */
export function earliest(evidence: readonly Evidence[]): OrderIndex<Evidence> {
  return new OrderIndex(
    evidence,
    "before",
    ({ by }) => by.returnIndex,
    (a, b) => a.by.returnIndex < b.by.returnIndex,
  );
}

/** The calls that can have ended whatever lived under a key: destroys, and rotations away from it. */
export function enders(model: Model, key: string): Operation[] {
  return (model.byKey.get(key) ?? []).filter(({ call, fate }) =>
    (call.kind === "destroy" || call.kind === "rotate") && fate !== "failed"
  );
}

/** The calls that can have brought something to life under a key. */
export function beginners(model: Model, key: string): Operation[] {
  return model.operations.filter(({ call, key: own, fate }) =>
    fate !== "failed" &&
    ((call.kind === "getOrCreate" && own === key) || (call.to && keyOf(call.to) === key))
  );
}
