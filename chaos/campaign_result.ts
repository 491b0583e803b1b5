/**
 * What a campaign has done, and what it has found.
 *
 * @module
 */

import type { ChaosCase } from "./case.ts";
import type { Violation } from "./checker.ts";
import type { EvidenceFile } from "./evidence.ts";
import type { FaultKind } from "./fault_kinds.ts";
import type { FaultLatencies } from "./fault_latency.ts";
import type { History } from "./history.ts";
import type { LinearizabilityCounts } from "./linearizability/tally.ts";

/** What was done so far. */
export interface Tally {
  /** Histories that were made. */
  readonly histories: number;
  /** Calls that were made in them. */
  readonly operations: number;
  /** How often each kind of fault took place. */
  readonly faults: ReadonlyMap<FaultKind, number>;
  /** How often each of {@linkcode SOMETIMES} was seen. */
  readonly sometimes: ReadonlyMap<string, number>;
  /** Histories with a fault of each kind. */
  readonly historiesWith: ReadonlyMap<FaultKind, number>;
  /** Sessions that calls of two pods or more went to. */
  readonly sharedSessions: number;
  /** Histories that the checker could not decide. */
  readonly undecided: number;
  /** Cases of the corpus that were run; the other counts, of what is undecided aside, are without them. */
  readonly corpus: number;
  /** Pods that died. */
  readonly deaths: number;
  /** How long calls took around the faults. */
  readonly latencies: FaultLatencies;
  /** What the linearizability search decided, and what it left out. */
  readonly linearizability: LinearizabilityCounts;
}

/** A history that the checker could not decide. */
export interface Undecided {
  /** Why it could not. */
  readonly reason: string;
  /** The history itself. */
  readonly history: History;
}

/** How often a case was run, and in how many of these runs it failed in the same way. */
export interface Seen {
  /** Runs in which it failed. */
  readonly times: number;
  /** Runs in all. */
  readonly tries: number;
}

/** A violation, with the smallest case that shows it. */
export interface Finding {
  /** What is wrong. */
  readonly violation: Violation;
  /** The entry of the corpus that shows it; then there is no path. */
  readonly entry?: string;
  /** The campaign's seed. */
  readonly seed: number;
  /** With the seed, it names the case. */
  readonly path: string;
  /** The smallest case that shows it. */
  readonly case: ChaosCase;
  /** The history of that case. */
  readonly history: History;
  /** What had been done when it was seen first. */
  readonly foundAfter: Pick<Tally, "histories" | "operations">;
  /** Where a case does not always give the same history. */
  readonly seen?: Seen;
  /** What the processes and servers of that history have left. */
  readonly evidence?: readonly EvidenceFile[];
}

/** What a campaign found. */
export interface CampaignResult {
  /** What was done in all. */
  readonly tally: Tally;
  /** The violation that ended it; undefined when all histories held. */
  readonly finding: Finding | undefined;
  /** What is wrong with the tool itself: two runs of one case differed, or a run could not be made. */
  readonly toolFailure: string | undefined;
  /** A history to be looked at; undefined when none held. */
  readonly sample: Sample | undefined;
  /** The first history that could not be decided. */
  readonly undecided?: Undecided;
}

/** A history that held, with as many kinds of faults as were seen in one. */
export interface Sample {
  /** The history itself. */
  readonly history: History;
  /** Kinds of faults in it. */
  readonly faults: number;
}
