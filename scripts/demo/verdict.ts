/**
 * Compares what the users were told with what the second pod finds.
 *
 * @module
 */

import { print } from "../print.ts";
import { columnsOf, number, paint, printColumns } from "./screen.ts";
import type { SessionLog } from "./traffic.ts";

/** One session's comparison. */
interface Row {
  readonly id: string;
  readonly expected: number;
  readonly found: number;
  /** More than this cannot come from requests without an answer. */
  readonly most: number;
}

/** Prints the comparison; answers whether nothing is missing, and nothing was counted twice. */
export function printVerdict(
  log: ReadonlyMap<string, SessionLog>,
  found: ReadonlyMap<string, number>,
): boolean {
  const rows = [...log].map(([id, { acknowledged, unknown }]): Row => ({
    id,
    expected: acknowledged,
    found: found.get(id) ?? 0,
    most: acknowledged + unknown,
  }));
  const head = `${"session".padEnd(10)}${"expected".padStart(9)}${"found".padStart(7)}  `;
  const columns = columnsOf(head.length);
  printColumns(Array.from({ length: columns }, () => paint("bold", head)), columns);
  printColumns(rows.map(cell), columns);

  const expected = total(rows, (row) => row.expected);
  const lost = total(rows, (row) => Math.max(0, row.expected - row.found));
  const extra = total(rows, (row) => Math.max(0, row.found - row.most));
  const unknown = total(rows, (row) => row.most - row.expected);
  const foundUnknown = total(rows, (row) => row.found) - expected;
  print();
  print(`  expected at least ${number(expected)} (every answered request)`);
  print(
    `  expected at most  ${
      number(expected + unknown)
    } (${unknown} had no answer when the pod died)`,
  );
  print(`  found             ${number(expected + foundUnknown)}`);
  print();
  const passed = lost === 0 && extra === 0;
  print(
    passed
      ? paint("green", `  PASSED  ${rows.length} sessions survived: nothing lost, nothing doubled.`)
      : paint("red", `  FAILED  ${lost} increments lost, ${extra} too many.`),
  );
  return passed;
}

function cell({ id, expected, found, most }: Row): string {
  const good = found >= expected && found <= most;
  const text = `${id.padEnd(10)}${String(expected).padStart(9)}${String(found).padStart(7)} `;
  return text + (good ? paint("green", "✓") : paint("red", "✗"));
}

function total(rows: readonly Row[], value: (row: Row) => number): number {
  return rows.reduce((sum, row) => sum + value(row), 0);
}
