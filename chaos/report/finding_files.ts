/**
 * Writes what a report names of a violation: its smallest case, and what was kept of it.
 *
 * @module
 */

import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Finding } from "../campaign_result.ts";
import { writeCase } from "../case_file.ts";
import { caseFileOf, evidenceFolderOf, type ReportedBackend } from "../report.ts";

/** Writes them into the report's folder, which is made if need be; what an earlier run kept under the name goes. */
export async function writeFinding(
  dir: string,
  target: Pick<ReportedBackend, "backend" | "server">,
  finding: Finding,
): Promise<void> {
  await mkdir(dir, { recursive: true });
  await writeFile(join(dir, caseFileOf(target, finding)), writeCase(finding.case));
  const folder = join(dir, evidenceFolderOf(target, finding));
  await rm(folder, { recursive: true, force: true });
  if (finding.evidence === undefined) return;
  await mkdir(folder);
  for (const { name, bytes } of finding.evidence) await writeFile(join(folder, name), bytes);
}
