/**
 * What runners have in common.
 *
 * @module
 */

import type { ChaosCase } from "./case.ts";
import type { EvidenceFile } from "./evidence.ts";
import type { FaultKind } from "./fault_kinds.ts";
import type { History } from "./history.ts";

/** One case, run. */
export interface RunOutcome {
  /** What happened. */
  readonly history: History;
  /** Calls that were made. */
  readonly operations: number;
  /** How often each fault took place. */
  readonly faults: ReadonlyMap<FaultKind, number>;
  /** What the store answered, as far as the runner sees it: how often, by name, as `commit duplicate`. */
  readonly replies?: ReadonlyMap<string, number>;
  /** Where processes and servers were at work: what they have left, as long as no other case is run. */
  readonly evidence?: () => Promise<readonly EvidenceFile[]>;
}

/** Runs cases on some store. */
export type Runner = (chaosCase: ChaosCase) => Promise<RunOutcome>;
