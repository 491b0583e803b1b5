/**
 * The table of what works where, as Markdown.
 *
 * @module
 */

import type { Cell } from "./trial.ts";

const BEGIN = "<!-- begin: deno task test:packages -->";
const END = "<!-- end -->";

/** A row for each thing that was tried, a column for each runtime, both in the order in which they came. */
export function toTable(cells: readonly Cell[]): string {
  const runtimes = [...new Set(cells.map(({ runtime }) => runtime))];
  const rows = [...new Set(cells.map(({ row }) => row))].map((row) => [
    row,
    ...runtimes.map((runtime) =>
      cells.find((cell) => cell.row === row && cell.runtime === runtime)?.text ?? "not run"
    ),
  ]);
  const head = ["", ...runtimes];
  return [head, head.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |`).join("\n");
}

/** Puts the table in the place of the one that a document has. */
export async function writeTable(path: string, table: string): Promise<void> {
  const text = await Deno.readTextFile(path);
  const [before, rest] = text.split(BEGIN);
  const after = rest?.split(END)[1];
  if (after === undefined) throw new Error(`${path} has no place for the table: ${BEGIN} … ${END}`);
  await Deno.writeTextFile(path, `${before}${BEGIN}\n\n${table}\n\n${END}${after}`);
}
