/**
 * Makes this process find its disk full: SQLite's own bound on the pages of a file belongs to a connection.
 *
 * @module
 */

import type { DatabaseSync } from "node:sqlite";

/** Fewer than any file has: it cannot grow any more. */
const FULL = 1;
const ENDLESS = 1_000_000;

/** The connections to one file that this process has opened since. */
export class PageBound {
  readonly #path: string;
  readonly #connections = new Set<DatabaseSync>();
  #isFull = false;

  private constructor(path: string) {
    this.#path = path;
  }

  /** Notices the connections to a file from now on: who opens one runs a statement before all others. */
  static async on(path: string): Promise<PageBound> {
    const { DatabaseSync } = await import("node:sqlite");
    const { exec } = DatabaseSync.prototype;
    const bound = new PageBound(path);
    DatabaseSync.prototype.exec = function (sql: string) {
      bound.#note(this, exec);
      return exec.call(this, sql);
    };
    return bound;
  }

  /** Whether the disk is full from now on. */
  set(isFull: boolean): void {
    this.#isFull = isFull;
    for (const connection of this.#connections) {
      if (connection.isOpen) this.#apply(connection, connection.exec);
      else this.#connections.delete(connection);
    }
  }

  #note(connection: DatabaseSync, exec: DatabaseSync["exec"]): void {
    if (this.#connections.has(connection) || connection.location() !== this.#path) return;
    this.#connections.add(connection);
    if (this.#isFull) this.#apply(connection, exec);
  }

  #apply(connection: DatabaseSync, exec: DatabaseSync["exec"]): void {
    exec.call(connection, `PRAGMA max_page_count = ${this.#isFull ? FULL : ENDLESS}`);
  }
}
