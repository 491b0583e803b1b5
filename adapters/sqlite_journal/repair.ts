/**
 * Replaces a damaged file by one with the rows that can be saved. A process killed at any moment of it
 * leaves either the damaged file, or the new one complete under a name of its own.
 *
 * @module
 */

import { copyFileSync, existsSync, readFileSync, renameSync, rmSync } from "node:fs";
import type { DatabaseSync } from "node:sqlite";
import type { JournalDamage } from "../../core/journal_store.ts";
import { companionsOf, lastAside, logOf, nextAside } from "./place.ts";
import { PAGE_BYTES, salvage } from "./salvage.ts";
import { prepareFile } from "./schema.ts";
import { RecordTable } from "./table.ts";
import { type Log, readLog } from "./wal.ts";

type Database = typeof DatabaseSync;

/**
 * Copies the file and its log to a name of their own, and puts a new file in their place. `release` closes
 * the connection to the damaged one, which changes that, so it comes late.
 */
export function repair(
  DatabaseSync: Database,
  path: string,
  reason: string,
  release: () => void,
): JournalDamage {
  const aside = nextAside(path);
  for (const [from, to] of [[logOf(path), logOf(aside)], [path, aside]] as const) {
    if (existsSync(from)) copyFileSync(from, to);
  }
  const rows = salvage(readIfThere(path), readLogOf(path));
  build(DatabaseSync, path, (table) => table.restore(rows));
  release();
  replace(path);
  const saved = rows.length === 1 ? "1 whole record was" : `${rows.length} whole records were`;
  return {
    path: existsSync(aside) ? aside : logOf(aside),
    reason: `The journal's file is damaged (${reason}); ${saved} taken over from it.`,
  };
}

/** Ends what a killed process left nearly done. */
export function finishRepair(path: string): JournalDamage | undefined {
  removeWithCompanions(building(path));
  if (!existsSync(rebuilt(path))) return undefined;
  replace(path);
  return {
    path: lastAside(path),
    reason: "The journal's file was damaged; the process that repaired it did not live to tell.",
  };
}

/** Sets the log aside, whose end SQLite passes over. */
export function keepLog(path: string): JournalDamage {
  const aside = logOf(nextAside(path));
  copyFileSync(logOf(path), aside);
  return {
    path: aside,
    reason: "The journal's write-ahead log is damaged; the writes after that place in it are lost.",
  };
}

/** The log beside a file; empty when there is none. */
export function readLogOf(path: string): Log {
  return readLog(readIfThere(logOf(path)), PAGE_BYTES);
}

function build(DatabaseSync: Database, path: string, fill: (table: RecordTable) => void): void {
  const file = building(path);
  removeWithCompanions(file);
  const connection = new DatabaseSync(file);
  try {
    prepareFile(connection, file);
    fill(new RecordTable(connection));
  } finally {
    connection.close();
  }
  renameSync(file, rebuilt(path));
}

/** The old log goes first: SQLite would apply it to the new file. */
function replace(path: string): void {
  for (const file of companionsOf(path)) rmSync(file, { force: true });
  renameSync(rebuilt(path), path);
}

function removeWithCompanions(file: string): void {
  for (const each of [file, ...companionsOf(file)]) rmSync(each, { force: true });
}

function building(path: string): string {
  return `${path}.building`;
}

function rebuilt(path: string): string {
  return `${path}.rebuilt`;
}

function readIfThere(file: string): Uint8Array {
  return existsSync(file) ? readFileSync(file) : new Uint8Array();
}
