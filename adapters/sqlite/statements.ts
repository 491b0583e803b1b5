/**
 * The prepared statements of one connection.
 *
 * @module
 */

import type { DatabaseSync, StatementSync } from "node:sqlite";
import { FORMAT_VERSION } from "../../core/record.ts";
import { META_COLUMNS } from "./meta_row.ts";

/** Each is compiled once, by its name. */
export interface Statements {
  readonly begin: StatementSync;
  readonly beginImmediate: StatementSync;
  readonly commit: StatementSync;
  readonly rollback: StatementSync;
  readonly readDataVersion: StatementSync;
  readonly readClock: StatementSync;
  readonly writeClock: StatementSync;
  readonly readMeta: StatementSync;
  readonly insertMeta: StatementSync;
  readonly updateMeta: StatementSync;
  readonly deleteMeta: StatementSync;
  readonly readField: StatementSync;
  readonly readFields: StatementSync;
  readonly writeField: StatementSync;
  readonly deleteField: StatementSync;
  readonly deleteFields: StatementSync;
  readonly readVectors: StatementSync;
  readonly writeVector: StatementSync;
  readonly deleteVectors: StatementSync;
  readonly readWriter: StatementSync;
  readonly readWriters: StatementSync;
  readonly writeWriter: StatementSync;
  readonly deleteWriter: StatementSync;
  readonly deleteWriters: StatementSync;
  readonly dropped: StatementSync;
  readonly countUp: StatementSync;
  readonly deletePods: StatementSync;
  readonly readEpoch: StatementSync;
  readonly listPage: StatementSync;
}

/** Compiles the statements; the tables must be there. */
export function prepareStatements(database: DatabaseSync): Statements {
  const sql = (text: string) => database.prepare(text);
  const columns = META_COLUMNS.join(", ");
  const values = META_COLUMNS.map(() => "?").join(", ");
  const assignments = META_COLUMNS.map((column) => `${column} = ?`).join(", ");
  return {
    begin: sql("BEGIN"),
    beginImmediate: sql("BEGIN IMMEDIATE"),
    commit: sql("COMMIT"),
    rollback: sql("ROLLBACK"),
    readDataVersion: sql("PRAGMA data_version"),
    readClock: sql("SELECT high_ms FROM clock"),
    writeClock: sql("UPDATE clock SET high_ms = ?"),

    readMeta: sql(`SELECT ${columns} FROM session WHERE key = ?`),
    insertMeta: sql(`INSERT INTO session (${columns}, key) VALUES (${values}, ?)`),
    updateMeta: sql(`UPDATE session SET ${assignments} WHERE key = ?`),
    deleteMeta: sql("DELETE FROM session WHERE key = ?"),

    readField: sql("SELECT json FROM context WHERE key = ? AND field = ?"),
    // As bytes, because Deno reads a text only up to its first NUL.
    readFields: sql("SELECT CAST(field AS BLOB) AS field, json FROM context WHERE key = ?"),
    writeField: sql(
      `INSERT INTO context (key, field, json) VALUES (?, ?, ?)
       ON CONFLICT DO UPDATE SET json = excluded.json`,
    ),
    deleteField: sql("DELETE FROM context WHERE key = ? AND field = ?"),
    deleteFields: sql("DELETE FROM context WHERE key = ?"),

    readVectors: sql("SELECT slot, data FROM vector WHERE key = ?"),
    writeVector: sql(
      `INSERT INTO vector (key, slot, data) VALUES (?, ?, ?)
       ON CONFLICT DO UPDATE SET data = excluded.data`,
    ),
    deleteVectors: sql("DELETE FROM vector WHERE key = ?"),

    readWriter: sql("SELECT * FROM writer WHERE key = ? AND writer = ?"),
    readWriters: sql("SELECT * FROM writer WHERE key = ?"),
    writeWriter: sql(
      `INSERT INTO writer (key, writer, seq, incarnation, version, at_ms, occupied)
       VALUES (?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET seq = excluded.seq, incarnation = excluded.incarnation,
         version = excluded.version, at_ms = excluded.at_ms, occupied = excluded.occupied`,
    ),
    deleteWriter: sql("DELETE FROM writer WHERE key = ? AND writer = ?"),
    deleteWriters: sql("DELETE FROM writer WHERE key = ?"),

    dropped: sql(
      `SELECT key FROM session WHERE drop_at_ms <= ? AND format = ${FORMAT_VERSION}
       ORDER BY drop_at_ms LIMIT ?`,
    ),
    countUp: sql(
      `INSERT INTO pod (key, counter, drop_at_ms) VALUES (?, 1, ?)
       ON CONFLICT DO UPDATE SET counter = counter + 1, drop_at_ms = excluded.drop_at_ms
       RETURNING counter`,
    ),
    deletePods: sql("DELETE FROM pod WHERE drop_at_ms <= ?"),
    readEpoch: sql("SELECT epoch FROM memory"),
    listPage: sql(
      `SELECT key, format, state, version, created_at_ms, expires_at_ms FROM session
       WHERE key >= ? AND key IS NOT ? ORDER BY key LIMIT ?`,
    ),
  };
}
