/**
 * SQLite without any library above it: what the least possible statements cost.
 *
 * @module
 */

import { DatabaseSync } from "node:sqlite";

/** A file with one table of sessions, each one row. */
export class RawSqlite implements AsyncDisposable {
  readonly update: (key: string) => void;
  readonly select: (key: string) => unknown;
  readonly #database: DatabaseSync;

  /** Makes the file; `value` is what each of the keys holds. WAL, synchronous NORMAL and as long a log as the library's. */
  constructor(path: string, keys: readonly string[], value: Uint8Array) {
    const database = new DatabaseSync(path);
    this.#database = database;
    database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL");
    database.exec("PRAGMA wal_autocheckpoint = 4000");
    database.exec("CREATE TABLE session (key TEXT PRIMARY KEY, n INTEGER, value BLOB) STRICT");
    const insert = database.prepare("INSERT INTO session VALUES (?, 0, ?)");
    database.exec("BEGIN");
    for (const key of keys) insert.run(key, value);
    database.exec("COMMIT");
    const begin = database.prepare("BEGIN IMMEDIATE");
    const commit = database.prepare("COMMIT");
    const update = database.prepare("UPDATE session SET n = n + 1 WHERE key = ?");
    const select = database.prepare("SELECT n, value FROM session WHERE key = ?");
    this.update = (key) => {
      begin.run();
      update.run(key);
      commit.run();
    };
    this.select = (key) => select.get(key);
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#database.close();
    return Promise.resolve();
  }
}
