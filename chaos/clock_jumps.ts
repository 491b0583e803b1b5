/**
 * What a store is in when its clock jumps.
 *
 * @module
 */

import type { CaseFault } from "./case.ts";
import type { OutageKind } from "./outage_kinds.ts";

/** The outages, by a fault's phase; it runs in the others. */
export const JUMPS_IN: Readonly<Partial<Record<CaseFault["phase"], OutageKind>>> = {
  p0: "store-empty",
  p1: "store-outage",
  p2: "store-freeze",
  p5: "store-freeze",
  p6: "store-freeze",
};
