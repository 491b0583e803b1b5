/**
 * Running one case by itself.
 *
 * @module
 */

import { readFile } from "node:fs/promises";
import { CaseError } from "../../chaos/case_file.ts";
import type { CampaignResult } from "../../chaos/campaign_result.ts";
import { type CorpusEntry, readCaseOrEntry } from "../../chaos/corpus.ts";
import type { FaultKind } from "../../chaos/fault_kinds.ts";
import { nameOf } from "../../chaos/report.ts";
import { faultsFor } from "../../chaos/real/backend_run.ts";
import type { Target } from "../../chaos/real/target.ts";
import { UsageError } from "../usage_error.ts";

/** Reads the file that `--case` names; none where it is not given. */
export async function readCaseFile(path: string | undefined): Promise<CorpusEntry | undefined> {
  if (path === undefined) return undefined;
  try {
    const chaosCase = readCaseOrEntry(path, await readFile(path, "utf8"));
    return { name: path, description: "", bug: "", case: chaosCase };
  } catch (error) {
    if (error instanceof CaseError) throw new UsageError(error.message, { cause: error });
    if (error instanceof Error && "code" in error && error.code === "ENOENT") {
      throw new UsageError(`--case: there is no file "${path}".`, { cause: error });
    }
    throw error;
  }
}

/** Refuses a case whose faults cannot be made on a target. */
export function requirePossible(targets: readonly Target[], only: CorpusEntry): void {
  const kinds = faultsIn(only);
  for (const target of targets) {
    const possible = faultsFor(target, kinds);
    const strange = kinds.find((kind) => !possible.includes(kind));
    if (strange === undefined) continue;
    throw new UsageError(`--case: the fault ${strange} cannot be made on ${nameOf(target)}.`);
  }
}

/** The kinds of faults that a case has. */
export function faultsIn({ case: { faults } }: CorpusEntry): FaultKind[] {
  return [...new Set(faults.map(({ kind }) => kind))];
}

/** What came of a case, in one line. */
export function caseLine(
  target: string,
  { name }: CorpusEntry,
  results: readonly CampaignResult[],
): string {
  const isViolated = results.some(({ finding }) => finding !== undefined);
  const isUndecided = results.some(({ tally }) => tally.undecided > 0);
  const verdict = isViolated ? "VIOLATED" : isUndecided ? "undecided" : "held";
  const times = results.reduce((sum, { tally }) => sum + tally.corpus, 0);
  return `${target}: ${verdict} — ${name}${times > 1 ? `, tried ${times} times` : ""}`;
}
