/**
 * Tables in Markdown.
 *
 * @module
 */

import type { Verdict } from "../verdict.ts";

/** What became of a target, as a cell says it. */
export const STATES: Readonly<Record<Verdict["state"], string>> = {
  reached: "reached",
  missed: "**missed**",
  unmeasured: "not measured",
};

/** A table; what it says where there are no rows. */
export function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return "Not measured yet.";
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(headings), line(headings.map(() => "---")), ...rows.map(line)].join("\n");
}
