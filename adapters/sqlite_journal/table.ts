/**
 * The records of an open file.
 *
 * @module
 */

import type { DatabaseSync, StatementSync } from "node:sqlite";
import { isSqliteError, storeFailure } from "../sqlite/failure.ts";
import { openRow, type Row, sealRow, type WholeRow } from "./row.ts";
import { TABLE } from "./schema.ts";

/** Reads and writes the rows through a connection, which nobody else uses. */
export class RecordTable {
  readonly #connection: DatabaseSync;
  readonly #all: StatementSync;
  readonly #insert: StatementSync;
  readonly #delete: StatementSync;
  /** Where each key's row is: the file needs no index, which could disagree with it. */
  readonly #ids = new Map<string, number>();
  #lastId = 0;

  constructor(connection: DatabaseSync) {
    this.#connection = connection;
    this.#all = connection.prepare(`SELECT id, key, record, crc FROM ${TABLE} ORDER BY id`);
    this.#insert = connection.prepare(
      `INSERT INTO ${TABLE} (id, key, record, crc) VALUES (?, ?, ?, ?)`,
    );
    this.#delete = connection.prepare(`DELETE FROM ${TABLE} WHERE id = ?`);
  }

  /** Every row that is whole, by its key, and the others. */
  read(): { records: Map<string, string>; broken: Row[] } {
    const records = new Map<string, string>();
    const broken: Row[] = [];
    for (const row of this.#all.all() as unknown as Row[]) {
      const whole = openRow(row);
      if (!whole) {
        broken.push(row);
        continue;
      }
      records.set(whole.key, whole.record);
      this.#ids.set(whole.key, whole.id);
      this.#lastId = whole.id;
    }
    return { records, broken };
  }

  /** Writes rows as they are, into a table that has none. */
  restore(rows: readonly WholeRow[]): void {
    this.#transact(() => rows.forEach((row) => this.#insertRow(sealRow(row))));
  }

  /** Removes rows that are not whole. */
  remove(rows: readonly Row[]): void {
    this.#transact(() => rows.forEach(({ id }) => this.#delete.run(id)));
  }

  /** Writes records by their keys, or removes them: all or none. */
  write(changes: ReadonlyMap<string, string | undefined>): void {
    const placed = new Map<string, number | undefined>();
    this.#transact(() => {
      for (const [key, record] of changes) {
        const old = this.#ids.get(key);
        if (old !== undefined) this.#delete.run(old);
        placed.set(key, record === undefined ? undefined : this.#append(key, record));
      }
    });
    for (const [key, id] of placed) {
      if (id === undefined) this.#ids.delete(key);
      else this.#ids.set(key, id);
    }
  }

  #append(key: string, record: string): number {
    const id = ++this.#lastId;
    this.#insertRow(sealRow({ id, key, record }));
    return id;
  }

  #insertRow({ id, key, record, crc }: Row): void {
    this.#insert.run(id, key, record, crc);
  }

  #transact(body: () => void): void {
    let outcome: "not-applied" | "unknown" = "not-applied";
    try {
      this.#connection.exec("BEGIN IMMEDIATE");
      body();
      outcome = "unknown";
      this.#connection.exec("COMMIT");
    } catch (error) {
      this.#rollback();
      throw storeFailure(error, outcome);
    }
  }

  #rollback(): void {
    try {
      this.#connection.exec("ROLLBACK");
    } catch (error) {
      // SQLite ended the transaction by itself, as it does when the disk is full, or never began it.
      if (!isSqliteError(error) || !error.message.includes("no transaction is active")) throw error;
    }
  }
}
