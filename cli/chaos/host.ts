/**
 * Where the chaos command runs: in a clone of the repository, or as a part of the package.
 *
 * @module
 */

import type { CampaignOptions } from "../../chaos/campaign.ts";
import type { CampaignResult, Tally } from "../../chaos/campaign_result.ts";
import type { CorpusEntry } from "../../chaos/corpus.ts";
import type { Target } from "../../chaos/real/target.ts";
import type { RunArguments } from "./arguments.ts";

/** What is tested, and why the rest is not. */
export interface Selection {
  readonly targets: readonly Target[];
  readonly skipped: readonly { readonly backend: string; readonly reason: string }[];
}

/** What differs between a clone and the package. */
export interface ChaosHost {
  /** As the command is called there, for help and for the lines that repeat a failure. */
  readonly program: string;
  /** Servers that can be named by their kind. */
  readonly serverKinds: readonly string[];
  /** What to do so that backends that were skipped can be tested; undefined when nothing is left to do. */
  readonly advice: string | undefined;
  /** The runtime's options for pods in whose build the failpoints are armed; undefined where there is no such build. */
  armedOptions(): Promise<readonly string[] | undefined>;
  /** The cases that are run before all others. */
  readCorpus(): Promise<readonly CorpusEntry[]>;
  /** Decides what is tested, and says why the rest is not. */
  selectTargets(args: RunArguments, onProgress: (line: string) => void): Promise<Selection>;
  /** Runs what needs no processes. */
  simulate(run: SimulatedRun): Promise<CampaignResult[]>;
}

/** A simulated run. */
export interface SimulatedRun {
  readonly task: Omit<CampaignOptions, "runner" | "signal" | "onHistory" | "stride">;
  readonly signal: AbortSignal;
  /** Hears how far the parts of it are. */
  readonly onTally: (tallies: readonly Tally[]) => void;
}
