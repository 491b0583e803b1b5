/**
 * When an incarnation was surely gone, and how that is known.
 *
 * @module
 */

import type { Incarnation, Model, Operation } from "../model.ts";
import { firstAfter, OrderIndex } from "./order_index.ts";
import { perModel } from "./per_model.ts";

/** Evidence that nothing that lived under a key when a call began lived there when it returned. */
export interface Evidence {
  readonly by: Operation;
  /** `told`: the store said that nothing is there. `replaced`: another incarnation was there. */
  readonly kind: "destroyed" | "rotated" | "told" | "replaced";
  /** The incarnation that was there instead. */
  readonly other?: string;
}

/** Evidence by key, in the order of the calls. */
export type EvidenceByKey = ReadonlyMap<string, readonly Evidence[]>;

/** Collects what calls say about the end of whatever lived under their key. */
export const collectEvidence: (model: Model) => EvidenceByKey = perModel((model) => {
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
  for (const evidence of byKey.values()) {
    evidence.sort((a, b) => a.by.invokeIndex - b.by.invokeIndex);
  }
  return byKey;
});

function evidenceKind(operation: Operation): Evidence["kind"] | undefined {
  const { kind, result } = operation;
  // What a pod says while the store is away is about what it holds.
  if (result === undefined || operation.isDegraded) return undefined;
  if (result.kind === "absent" || result.kind === "not-found") return "told";
  if (result.kind === "boolean") {
    if (kind === "destroy") return result.value ? "destroyed" : "told";
    return result.value ? undefined : "told";
  }
  return kind === "rotate" && result.kind === "session" ? "rotated" : undefined;
}

/**
 * The evidence about one incarnation, of calls that began before an index: it lived before such a call, so it was gone
 * when that returned.
 */
export function* evidenceAbout(
  model: Model,
  incarnation: Incarnation,
  beforeIndex: number,
): Generator<Evidence> {
  const all = collectEvidence(model).get(incarnation.key) ?? [];
  const first = firstAfter(all, incarnation.firstSeenIndex, ({ by }) => by.invokeIndex);
  for (let index = first; index < all.length; index++) {
    model.meter.step();
    const evidence = all[index]!;
    if (evidence.by.invokeIndex >= beforeIndex) return;
    if (evidence.other !== incarnation.id) yield evidence;
  }
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
