/**
 * The chaos command in a clone of the repository: it finds, fetches and kills servers, and arms failpoints.
 *
 * @module
 */

import type { ChaosHost, Selection, SimulatedRun } from "../../cli/chaos/host.ts";
import type { CampaignResult } from "../../chaos/campaign_result.ts";
import type { CorpusEntry } from "../../chaos/corpus.ts";
import { SERVER_KINDS } from "../servers/binary.ts";
import { type ChaosArguments, PROGRAM } from "./arguments.ts";
import { armedOptions } from "./armed_build.ts";
import { readCorpus } from "./corpus_files.ts";
import { runShards } from "./simulation_shards.ts";
import { selectTargets } from "./targets.ts";

/** Runs what a clone has. */
export class CloneHost implements ChaosHost {
  readonly program = PROGRAM;
  readonly serverKinds: readonly string[] = SERVER_KINDS;
  readonly advice: string | undefined;
  readonly #provision: boolean;

  constructor({ provision }: Pick<ChaosArguments, "provision">) {
    this.#provision = provision;
    if (!provision) this.advice = `${PROGRAM} --provision fetches what is missing.`;
  }

  armedOptions(): Promise<readonly string[]> {
    return armedOptions();
  }

  readCorpus(): Promise<readonly CorpusEntry[]> {
    return readCorpus();
  }

  selectTargets(
    args: Parameters<ChaosHost["selectTargets"]>[0],
    onProgress: (line: string) => void,
  ): Promise<Selection> {
    return selectTargets({ ...args, provision: this.#provision }, onProgress);
  }

  simulate(run: SimulatedRun): Promise<CampaignResult[]> {
    return runShards(run);
  }
}
