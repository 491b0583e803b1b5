/**
 * The table of a journal's file, and whose file it is.
 *
 * @module
 */

import { statSync } from "node:fs";
import type { DatabaseSync } from "node:sqlite";
import { badPath } from "./place.ts";
import { PAGE_BYTES } from "./salvage.ts";

/**
 * Version of the table, in its name and in `PRAGMA user_version`: a byte of the file's header that has
 * changed by itself must not pass for a newer version.
 */
const VERSION = 1;
/** The only table. */
export const TABLE = `journal_v${VERSION}`;

/** Marks the file as a journal of this library, in `PRAGMA application_id` ("HGSJ"). */
const APPLICATION_ID = 0x4847534a;

const CREATION = `CREATE TABLE ${TABLE} (
  id INTEGER PRIMARY KEY,
  key BLOB NOT NULL,
  record BLOB NOT NULL,
  crc BLOB NOT NULL
) STRICT`;

/** The file is this library's, and not as it was written. */
export class DamagedFile extends Error {}

/** Makes the table in a file without any, or checks the whole file; changes nothing before that. */
export function prepareFile(connection: DatabaseSync, path: string): void {
  connection.exec("PRAGMA busy_timeout = 0");
  // Nobody else uses the file; and without memory shared with others there is no file for that.
  connection.exec("PRAGMA locking_mode = EXCLUSIVE");
  const isNew = isUnused(connection, path);
  if (isNew) connection.exec(`PRAGMA page_size = ${PAGE_BYTES}`);
  else examine(connection, path);
  const mode = connection.prepare("PRAGMA journal_mode = WAL").get()!.journal_mode;
  if (mode !== "wal") throw badPath(`${path} cannot have a write-ahead log: use a local disk.`);
  connection.exec("PRAGMA synchronous = NORMAL");
  connection.exec("PRAGMA secure_delete = ON");
  connection.exec("BEGIN IMMEDIATE");
  if (isNew) {
    connection.exec(
      `${CREATION}; PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${VERSION}`,
    );
  }
  connection.exec("COMMIT");
}

/** Whether the file has no content yet. */
function isUnused(connection: DatabaseSync, path: string): boolean {
  const version = pragma(connection, "user_version");
  const application = pragma(connection, "application_id");
  const schema = connection.prepare("SELECT name, rootpage = 2 AS isFirst, sql FROM sqlite_schema")
    .all();
  if (version === 0 && application === 0 && schema.length === 0) return true;
  const isKnown = schema.some(({ name }) => name === TABLE);
  if (application !== APPLICATION_ID && !isKnown) {
    throw badPath(`${path} is another application's database: name a file of its own.`);
  }
  if (Number(version) > VERSION && !isKnown) {
    throw badPath(
      `${path} has a journal of version ${version}, and this version of the library knows only ` +
        `version ${VERSION}: update the library.`,
    );
  }
  const [table, ...others] = schema;
  const isSound = version === VERSION && application === APPLICATION_ID && others.length === 0 &&
    table?.sql === CREATION && table.isFirst === 1 &&
    pragma(connection, "page_size") === PAGE_BYTES;
  if (!isSound) throw new DamagedFile("its header or schema is damaged");
  return false;
}

function examine(connection: DatabaseSync, path: string): void {
  // SQLite would notice it only when it comes to need the last page.
  if (statSync(path).size % PAGE_BYTES !== 0) throw new DamagedFile("it is cut off in a page");
  const check = pragma(connection, "quick_check(1)", "quick_check");
  if (check !== "ok") throw new DamagedFile(String(check));
  const { wild } = connection.prepare(
    `SELECT count(*) AS wild FROM ${TABLE} WHERE id NOT BETWEEN 1 AND ${Number.MAX_SAFE_INTEGER}`,
  ).get()!;
  if (wild !== 0) throw new DamagedFile("a row's number is damaged");
  // A damaged header may say that the file is only to be read, which SQLite tells at the first write.
  connection.exec(`DELETE FROM ${TABLE} WHERE id = 0`);
}

function pragma(connection: DatabaseSync, name: string, column = name): unknown {
  return connection.prepare(`PRAGMA ${name}`).get()![column];
}
