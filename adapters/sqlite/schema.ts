/**
 * The tables of a SQLite store, and their version.
 *
 * @module
 */

import type { DatabaseSync } from "node:sqlite";
import { ConfigError } from "../../core/errors.ts";

/** Version of the tables, kept in `PRAGMA user_version`. */
export const SCHEMA_VERSION = 1;

/** Marks the file as a store of this library, in `PRAGMA application_id` ("HGSS"). */
const APPLICATION_ID = 0x48475353;

// Times are REAL: a time that was worked out from a monotonic clock may have a fraction. Vectors have a
// rowid, because rows of kilobytes make a clustered index slow.
const TABLES = `
CREATE TABLE session (
  key TEXT NOT NULL PRIMARY KEY,
  format INTEGER NOT NULL,
  state TEXT NOT NULL,
  reason TEXT NOT NULL,
  moving_nonce TEXT,
  moving_to TEXT,
  incarnation TEXT NOT NULL,
  incarnation_at_ms REAL NOT NULL,
  created_at_ms REAL NOT NULL,
  version INTEGER NOT NULL,
  tag TEXT NOT NULL,
  expires_at_ms REAL NOT NULL,
  absolute_expires_at_ms REAL,
  drop_at_ms REAL NOT NULL,
  fields INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  appended INTEGER NOT NULL,
  capacity INTEGER NOT NULL,
  dimension INTEGER NOT NULL,
  floor_ms REAL NOT NULL,
  oldest_writer_ms REAL NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX session_drop ON session (drop_at_ms);
CREATE TABLE context (
  key TEXT NOT NULL,
  field TEXT NOT NULL,
  json TEXT NOT NULL,
  PRIMARY KEY (key, field)
) STRICT, WITHOUT ROWID;
CREATE TABLE vector (
  key TEXT NOT NULL,
  slot INTEGER NOT NULL,
  data BLOB NOT NULL,
  PRIMARY KEY (key, slot)
) STRICT;
CREATE TABLE writer (
  key TEXT NOT NULL,
  writer TEXT NOT NULL,
  seq INTEGER NOT NULL,
  incarnation TEXT NOT NULL,
  version INTEGER NOT NULL,
  at_ms REAL NOT NULL,
  occupied INTEGER NOT NULL,
  PRIMARY KEY (key, writer)
) STRICT, WITHOUT ROWID;
CREATE TABLE pod (
  key TEXT NOT NULL PRIMARY KEY,
  counter INTEGER NOT NULL,
  drop_at_ms REAL NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE memory (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  epoch TEXT NOT NULL
) STRICT;
INSERT INTO memory VALUES (1, lower(hex(randomblob(16))));
CREATE TABLE clock (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  high_ms REAL NOT NULL
) STRICT;
INSERT INTO clock VALUES (1, 0);
PRAGMA application_id = ${APPLICATION_ID};
PRAGMA user_version = ${SCHEMA_VERSION};
`;

/** Makes the tables of an empty file, or checks whose they are; inside a write transaction. */
export function prepareSchema(database: DatabaseSync, path: string): void {
  const version = pragmaNumber(database, "user_version");
  const application = pragmaNumber(database, "application_id");
  const { tables } = database.prepare("SELECT count(*) AS tables FROM sqlite_schema").get()!;
  if (version === 0 && application === 0 && tables === 0) return database.exec(TABLES);
  if (application !== APPLICATION_ID) {
    throw new ConfigError(
      "url",
      `${path} is another application's database: name a file of its own.`,
    );
  }
  if (version !== SCHEMA_VERSION) {
    throw new ConfigError(
      "url",
      `${path} has tables of version ${version}, and this version of the library knows only ` +
        `version ${SCHEMA_VERSION}: update the library.`,
    );
  }
}

function pragmaNumber(database: DatabaseSync, name: "user_version" | "application_id"): number {
  return Number(database.prepare(`PRAGMA ${name}`).get()![name]);
}
