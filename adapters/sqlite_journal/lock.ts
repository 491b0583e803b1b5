/**
 * One process at a time: a lock that ends with its holder, however that dies.
 *
 * The lock is SQLite's own, held on an empty file beside the journal's: the journal's own file may be so
 * damaged that SQLite does not lock it, and is then replaced under the lock.
 *
 * @module
 */

import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { pid } from "node:process";
import type { DatabaseSync } from "node:sqlite";
import { delay, systemClock } from "../../core/clock.ts";
import { backoffMs } from "../sqlite/backoff.ts";
import { isBusy, isSqliteError } from "../sqlite/failure.ts";
import { badPath, notWritable } from "./place.ts";

/** So long, a process that is just going away is waited for. */
export const PATIENCE_MS = 1_000;

type Sqlite = typeof import("node:sqlite");

/** A path, held by this process. */
export class PathLock {
  readonly #path: string;
  readonly #connection: DatabaseSync;

  private constructor(path: string, connection: DatabaseSync) {
    this.#path = path;
    this.#connection = connection;
  }

  /**
   * `what` is kept there, for the message.
   *
   * @throws ConfigError when another process holds `path`, or its directory cannot be written
   */
  static async acquire(
    { DatabaseSync }: Sqlite,
    path: string,
    what = "journal",
  ): Promise<PathLock> {
    const deadlineMs = systemClock.now() + PATIENCE_MS;
    for (let refusals = 0;; refusals++) {
      const connection = tryLock(DatabaseSync, path);
      if (connection) {
        const lock = new PathLock(path, connection);
        lock.#sign();
        return lock;
      }
      if (systemClock.now() >= deadlineMs) throw held(path, what);
      await delay(systemClock, backoffMs(refusals, Math.random));
    }
  }

  /** Lets others in, and leaves no file of the lock behind. */
  release(): void {
    try {
      rmSync(holderOf(this.#path), { force: true });
      rmSync(lockOf(this.#path), { force: true });
    } catch {
      // Windows removes no open file. Left there, it holds nobody up.
    }
    this.#connection.close();
  }

  #sign(): void {
    try {
      writeFileSync(holderOf(this.#path), `${pid}\n`);
    } catch {
      // The disk may be full: then others are not told whom they wait for.
    }
  }
}

function lockOf(path: string): string {
  return `${path}.lock`;
}

function holderOf(path: string): string {
  return `${path}.pid`;
}

/** The connection that holds the lock; `undefined` when somebody else does. */
function tryLock(Database: Sqlite["DatabaseSync"], path: string): DatabaseSync | undefined {
  const file = lockOf(path);
  let connection: DatabaseSync | undefined;
  try {
    // Made by SQLite: whoever else opens and closes the file ends this process's locks on it (POSIX).
    if (!existsSync(file)) new Database(file).close();
    const before = identityOf(file);
    connection = new Database(file);
    // Without a journal in memory, the transaction would leave an empty one on the disk.
    connection.exec("PRAGMA busy_timeout = 0; PRAGMA journal_mode = MEMORY; BEGIN IMMEDIATE");
    // A holder removes the file as it goes: a lock on one that is gone, or was replaced, is worth nothing.
    if (before !== undefined && before === identityOf(file)) return connection;
  } catch (error) {
    connection?.close();
    if (!isBusy(error)) throw lockFailure(file, error);
    return undefined;
  }
  connection.close();
  return undefined;
}

function identityOf(file: string): string | undefined {
  const stats = statSync(file, { bigint: true, throwIfNoEntry: false });
  return stats && `${stats.dev}:${stats.ino}:${stats.birthtimeNs}`;
}

function lockFailure(file: string, error: unknown): unknown {
  if (!isSqliteError(error)) return error;
  if (error.message.includes("not a database")) {
    return badPath(`${file} is no lock of this library: remove it, or name another path.`, error);
  }
  return notWritable(file, error);
}

function held(path: string, what: string): Error {
  return badPath(
    `${path} is held by ${
      holder(path, what)
    }: give each pod a path of its own, or wait until that one has ended.`,
  );
}

function holder(path: string, what: string): string {
  let text: string;
  try {
    text = readFileSync(holderOf(path), "utf8").trim();
  } catch {
    return "another process";
  }
  if (text !== String(pid)) return `another process (pid ${text})`;
  return `another ${what} of this process, or by a process of another container (pid ${text})`;
}
