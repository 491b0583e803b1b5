/**
 * The reports of a run.
 *
 * @module
 */

import type { ChaosReport } from "../../chaos/report.ts";
import { writeReports } from "../../chaos/report/files.ts";
import type { SampleHistory } from "../../chaos/report/page.ts";
import type { RunArguments } from "./arguments.ts";

/** What a run came to, besides what its arguments and the clock say. */
export type ReportParts =
  & Omit<ChaosReport, "version" | "seed" | "durationMs" | "startedAt">
  & {
    /** By `performance.now()`. */
    readonly startedAtMs: number;
  };

/** Writes them into the folder that was named. */
export async function writeReport(
  { seed, reportDir }: Pick<RunArguments, "seed" | "reportDir">,
  { startedAtMs, ...parts }: ReportParts,
  samples: readonly SampleHistory[] = [],
): Promise<void> {
  const report: ChaosReport = {
    version: 1,
    seed,
    durationMs: Math.round(performance.now() - startedAtMs),
    startedAt: new Date(performance.timeOrigin + startedAtMs).toISOString(),
    ...parts,
  };
  await writeReports(reportDir, report, samples);
}
