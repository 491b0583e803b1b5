import type { ReportedMutant } from "../../../chaos/report.ts";

const COLUMNS = [
  "mutant",
  "breaks",
  "rules",
  "on",
  "found by",
  "kills",
  "operations",
  "smallest case",
  "time",
] as const;

/** What became of a mutant, in one line. */
export function mutantLine(mutant: ReportedMutant): string {
  const found = mutant.killed ? `killed by ${mutant.killedBy}` : `SURVIVED ${kills(mutant)}`;
  return `${mutant.guarantee.padEnd(4)} ${mutant.name}: ${found}`;
}

/** All mutants, as lines of aligned columns. */
export function mutantsTable(mutants: readonly ReportedMutant[]): string {
  const rows = [COLUMNS, ...mutants.map(cells)];
  const widths = COLUMNS.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const lines = rows.map((row) =>
    row.map((cell, column) => cell.padEnd(widths[column]!)).join("  ").trimEnd()
  );
  return [lines[0]!, "-".repeat(Math.max(...lines.map(({ length }) => length))), ...lines.slice(1)]
    .concat(totals(mutants)).join("\n");
}

function cells(mutant: ReportedMutant): readonly string[] {
  const { minimal, operations, durationMs } = mutant;
  return [
    mutant.name,
    mutant.guarantee,
    mutant.protocolRules?.join(",") ?? "",
    mutant.backend ?? "",
    verdict(mutant),
    kills(mutant),
    operations?.toLocaleString("en") ?? "",
    minimal === undefined ? "" : `${minimal.calls} calls, ${minimal.faults} faults`,
    durationMs === undefined ? "" : `${(durationMs / 1_000).toFixed(1)} s`,
  ];
}

function verdict({ killed, killedBy, skipped, seeds }: ReportedMutant): string {
  if (skipped !== undefined) return `skipped: ${skipped}`;
  if (killed) return killedBy ?? "";
  return seeds === undefined ? "could not be run" : `SURVIVED${killedBy ? ` (${killedBy})` : ""}`;
}

function kills({ kills, seeds }: ReportedMutant): string {
  return seeds === undefined ? "" : `${kills} of ${seeds}`;
}

function totals(mutants: readonly ReportedMutant[]): string[] {
  const count = (is: (mutant: ReportedMutant) => boolean) => mutants.filter(is).length;
  const skipped = count((mutant) => mutant.skipped !== undefined);
  const run = mutants.length - skipped;
  const skips = skipped === 0 ? "" : `; ${skipped} not run, for want of their backend`;
  return ["", `${count(({ killed }) => killed)} of ${run} killed${skips}.`];
}
