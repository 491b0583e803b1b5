/**
 * Opens a journal's file, in whatever state it is.
 *
 * @module
 */

import { existsSync, statSync } from "node:fs";
import type { DatabaseSync } from "node:sqlite";
import { delay, systemClock } from "../../core/clock.ts";
import { SessionError } from "../../core/errors.ts";
import type { JournalContents, JournalDamage } from "../../core/journal_store.ts";
import { backoffMs } from "../sqlite/backoff.ts";
import { isBusy, isSqliteError, storeFailure } from "../sqlite/failure.ts";
import { PATIENCE_MS } from "./lock.ts";
import { badPath, fileFailure, notWritable } from "./place.ts";
import { finishRepair, keepLog, readLogOf, repair } from "./repair.ts";
import type { Row } from "./row.ts";
import { DamagedFile, prepareFile } from "./schema.ts";
import { SetAsideFile } from "./set_aside.ts";
import { RecordTable } from "./table.ts";

/** SQLite's messages that say nothing against the file's content. */
const NO_DAMAGE = ["disk I/O error", "disk is full", "unable to open", "out of memory"];

/** A file that this process uses alone, with what was in it. */
export interface OpenFile {
  readonly connection: DatabaseSync;
  readonly table: RecordTable;
  readonly aside: SetAsideFile;
  readonly contents: JournalContents;
}

/** Opens the file, which this process has locked, and repairs it if need be. */
export async function openFile(Database: typeof DatabaseSync, path: string): Promise<OpenFile> {
  const deadlineMs = systemClock.now() + PATIENCE_MS;
  const damages: JournalDamage[] = [];
  for (let refusals = 0;; refusals++) {
    try {
      return openOnce(Database, path, damages);
    } catch (error) {
      if (!isBusy(error)) throw openFailure(path, error);
      if (systemClock.now() >= deadlineMs) throw inUse(path, error);
    }
    await delay(systemClock, backoffMs(refusals, Math.random));
  }
}

function openOnce(
  Database: typeof DatabaseSync,
  path: string,
  damages: JournalDamage[],
): OpenFile {
  const unfinished = finishRepair(path);
  if (unfinished) damages.push(unfinished);
  const log = readLogOf(path);
  const bytes = existsSync(path) ? statSync(path).size : 0;
  const isLogged = log.lost || log.pageCount !== undefined;
  // SQLite would begin anew, without a word: with one byte, too.
  if (bytes === 1 || (bytes === 0 && isLogged)) {
    damages.push(repair(Database, path, "it has lost its content", () => {}));
    return openOnce(Database, path, damages);
  }
  const connection = new Database(path);
  try {
    return read(connection, path, log.lost, damages);
  } catch (error) {
    const reason = damageOf(error);
    // A file that was made a moment ago has no right to be damaged.
    if (reason === undefined || damages.length > 0) {
      connection.close();
      throw error;
    }
    try {
      damages.push(repair(Database, path, reason, () => connection.close()));
    } finally {
      if (connection.isOpen) connection.close();
    }
  }
  return openOnce(Database, path, damages);
}

/** Reads a sound file, and cleans it of single rows that are not. */
function read(
  connection: DatabaseSync,
  path: string,
  logIsLost: boolean,
  damages: readonly JournalDamage[],
): OpenFile {
  prepareFile(connection, path);
  const table = new RecordTable(connection);
  const { records, broken } = table.read();
  const aside = new SetAsideFile(path);
  const all = [...damages];
  if (logIsLost) all.push(keepLog(path));
  if (broken.length > 0) all.push(setRowsAside(table, aside, broken));
  emptyLog(connection);
  return { connection, table, aside, contents: { records, damage: summary(all) } };
}

/** Moves the log into the file, so that no damage of today is found in it tomorrow. */
function emptyLog(connection: DatabaseSync): void {
  try {
    connection.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  } catch (error) {
    // The disk may be full. What is in the log is as safe there, and SQLite will try again.
    if (!isSqliteError(error)) throw error;
  }
}

function setRowsAside(
  table: RecordTable,
  aside: SetAsideFile,
  broken: readonly Row[],
): JournalDamage {
  const path = aside.appendRows(broken, "The checksum does not fit.");
  table.remove(broken);
  const records = broken.length === 1 ? "1 record" : `${broken.length} records`;
  return { path, reason: `The checksum of ${records} of the journal does not fit.` };
}

/** One of several is told by its path, the others in the reason. */
function summary(damages: readonly JournalDamage[]): JournalDamage | undefined {
  const [first, ...others] = damages;
  if (!first) return undefined;
  const reasons = others.map(({ path, reason }) => `${reason} See ${path}.`);
  return { path: first.path, reason: [first.reason, ...reasons].join(" ") };
}

/** What is wrong with the file, if it is the file that something is wrong with. */
function damageOf(error: unknown): string | undefined {
  if (error instanceof DamagedFile) return error.message;
  if (!isSqliteError(error) || error.name === "NotCapable" || isBusy(error)) return undefined;
  return NO_DAMAGE.some((message) => error.message.includes(message)) ? undefined : error.message;
}

function openFailure(path: string, error: unknown): unknown {
  if (error instanceof SessionError) return error;
  if (!isSqliteError(error)) return fileFailure(path, error);
  if (error.name === "NotCapable" || error.message.includes("unable to open database file")) {
    return notWritable(path, error);
  }
  return storeFailure(error, "not-applied");
}

function inUse(path: string, cause: unknown): Error {
  return badPath(
    `${path} is in use by another program: end that, or name a file of its own.`,
    cause,
  );
}
