/**
 * Results as they are shown on a terminal.
 *
 * @module
 */

import { type Compared, KEPT_SHARE } from "./baseline.ts";
import { quantityText, ratioText, targetText } from "./format.ts";
import type { CaseResult } from "./results.ts";

const HEADINGS = ["case", "backend", "what", "ours", "against", "ratio", "target", "verdict"];

/** One line for each target of each case; beneath a case, what else there is to know. */
export function tableLines(cases: readonly CaseResult[]): string[] {
  const rows = cases.flatMap(rowsOf);
  if (rows.length === 0) return [];
  const widths = HEADINGS.map((heading, column) =>
    Math.max(heading.length, ...rows.map((row) => row[column]!.length))
  );
  const line = (row: readonly string[]) =>
    row.map((cell, column) => cell.padEnd(widths[column]!)).join("  ").trimEnd();
  return [line(HEADINGS), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)];
}

/** What a case found, as it is told when it has ended. */
export function caseLines(result: CaseResult): string[] {
  const { races, figures, notes, error } = result;
  const lines = [`\n${result.case}, ${result.backend}: ${result.title}`];
  for (const { standings, isSteady, attempts } of races) {
    for (const { name, median, spread, latency } of standings) {
      const rate = quantityText({ value: median, unit: "/s" });
      const times = latency
        ? `  p50 ${ms(latency.p50Ms)}, p99 ${ms(latency.p99Ms)}, p99.9 ${ms(latency.p999Ms)}`
        : "";
      lines.push(`  ${name.padEnd(28)} ${rate.padStart(14)} ± ${percent(spread)}${times}`);
    }
    if (!isSteady) {
      lines.push(`  unsteady: figures lay too far apart (run ${attempts} ×)`);
    }
  }
  for (const [what, quantity] of Object.entries(figures)) {
    lines.push(`  ${what}: ${quantityText(quantity)}`);
  }
  for (const verdict of result.verdicts) {
    const { what, ours, ratio, state } = verdict;
    const reached = ratio === undefined ? quantityText(ours) : ratioText(ratio);
    lines.push(`  ${what}: ${reached} (${targetText(verdict)}): ${VERDICTS[state]}`);
  }
  for (const note of notes) lines.push(`  ${note}`);
  if (error !== undefined) lines.push(`  COULD NOT BE MEASURED: ${error}`);
  return lines;
}

/** The regression guard's table. */
export function baselineLines(compared: readonly Compared[]): string[] {
  return compared.map(({ name, recorded, measured, state }) => {
    const share = measured === undefined ? "not measured" : ratioText(measured);
    const verdict = state === "lost" ? `LOST: below ${KEPT_SHARE} of what it was` : state;
    return `  ${name}: ${share}, recorded ${ratioText(recorded)}: ${verdict}`;
  });
}

const VERDICTS = { reached: "reached", missed: "MISSED", unmeasured: "not measured (--peers)" };

function rowsOf(result: CaseResult): string[][] {
  const { case: name, backend, error } = result;
  if (error !== undefined) return [[name, backend, "", "", "", "", "", "could not be measured"]];
  return result.verdicts.map((verdict) => {
    const { what, ours, against, ratio, isSteady, state } = verdict;
    return [
      ...[name, backend, what, quantityText(ours), against ? quantityText(against) : ""],
      ...[ratioText(ratio), targetText(verdict), VERDICTS[state] + (isSteady ? "" : ", unsteady")],
    ];
  });
}

function ms(value: number): string {
  return quantityText({ value, unit: "ms" });
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}
