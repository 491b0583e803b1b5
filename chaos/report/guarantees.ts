/**
 * What a run says of each guarantee on each backend.
 *
 * @module
 */

import type { ReportedBackend, ReportedViolation } from "../report.ts";

/** The guarantees, as the documentation numbers them. */
export const GUARANTEES: readonly { readonly id: string; readonly title: string }[] = [
  { id: "G1", title: "Survival" },
  { id: "G2", title: "No lost update" },
  { id: "G3", title: "Exactly-once effect" },
  { id: "G4", title: "No resurrection" },
  { id: "G5", title: "Bounded staleness" },
  { id: "G6", title: "Expiry" },
  { id: "G7", title: "Isolation" },
  { id: "G8", title: "Fail-open" },
  { id: "G9", title: "Reconciliation" },
  { id: "G10", title: "Nothing lost in silence" },
];

/** What these promise shows only while the store is away. */
const OF_OUTAGES: readonly string[] = ["G8", "G9", "G10"];

/** One guarantee on one backend. */
export type GuaranteeState =
  | { readonly kind: "held" }
  | { readonly kind: "violated"; readonly violations: readonly ReportedViolation[] }
  /** Nothing was done that could have broken it. */
  | { readonly kind: "untested"; readonly reason: string }
  /** The run itself went wrong. */
  | { readonly kind: "undecided"; readonly reason: string };

/** What a backend's run says of a guarantee. */
export function guaranteeState(backend: ReportedBackend, id: string): GuaranteeState {
  const violations = backend.violations.filter(({ guarantee }) => guarantee === id);
  if (violations.length > 0) return { kind: "violated", violations };
  const [problem] = backend.problems;
  if (problem !== undefined) return { kind: "undecided", reason: problem };
  if (backend.undecided > 0) {
    return { kind: "undecided", reason: `${backend.undecided} histories were not decided` };
  }
  if (backend.histories === 0) return { kind: "untested", reason: "no history was made" };
  if (OF_OUTAGES.includes(id) && backend.outages === 0) {
    return { kind: "untested", reason: "no fault kept a pod from its store" };
  }
  return { kind: "held" };
}
