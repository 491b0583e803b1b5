/**
 * After how many histories a kind of fault has had its chances.
 *
 * @module
 */

import type { FaultKind } from "./fault_kinds.ts";

/** Histories that make a kind of fault, among which it takes place at least once, or something keeps it from that. */
const TURNS = 12;
/** As that, of kinds for which several things have to meet. */
const SELDOM: Readonly<Partial<Record<FaultKind, number>>> = {
  // The record that it removes has to be there.
  "eviction": 24,
  // A journal has to have writes in it, of which the last reaches the store after that.
  "pod-kill-replay": 24,
};

/** Histories of a run of so many kinds among which a kind has to have taken place: each history makes about one. */
export function historiesFor(kind: FaultKind, kinds: number): number {
  return (SELDOM[kind] ?? TURNS) * kinds;
}
