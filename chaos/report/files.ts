/**
 * Writes a run's reports.
 *
 * @module
 */

import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ChaosReport } from "../report.ts";
import { junitXml } from "./junit.ts";
import { pageHtml, type SampleHistory } from "./page.ts";
import { summaryMarkdown } from "./summary.ts";

/** The reports' texts by the names of their files; `samples` are histories for the page. */
export function reportFiles(
  report: ChaosReport,
  samples: readonly SampleHistory[] = [],
): Map<string, string> {
  return new Map([
    ["chaos.json", `${JSON.stringify(report, undefined, 2)}\n`],
    ["junit.xml", junitXml(report)],
    ["summary.md", summaryMarkdown(report)],
    ["index.html", pageHtml(report, samples)],
  ]);
}

/** Writes them into a folder, which is made if need be. */
export async function writeReports(
  dir: string,
  report: ChaosReport,
  samples: readonly SampleHistory[] = [],
): Promise<void> {
  await mkdir(dir, { recursive: true });
  for (const [name, text] of reportFiles(report, samples)) await writeFile(join(dir, name), text);
}
