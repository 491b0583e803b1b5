/**
 * A pod's journal in a SQLite file, through the runtime's own `node:sqlite`: the writes that it accepted while
 * its store was away outlive the pod. Needs Deno, Bun, or Node 22 and newer.
 *
 * @module
 */

import type { JournalContents, JournalStore } from "../core/journal_store.ts";
import { notReached } from "./sqlite/failure.ts";
import { type OpenFile, openFile } from "./sqlite_journal/file.ts";
import { PathLock } from "./sqlite_journal/lock.ts";
import { badPath, journalPath, placeOf } from "./sqlite_journal/place.ts";

/** Options of {@linkcode sqliteJournal}. */
export interface SqliteJournalOptions {
  /**
   * The file: a path or a `file:` URL. It is created when missing, its directory is not. It must lie on a local
   * disk, and each pod needs a file of its own that the pod started in its place finds again.
   */
  readonly path: string;
}

/**
 * A journal in a SQLite file, used by one process at a time: the lock ends with the process, however that dies.
 *
 * A resolved `write` survives the death of this process (SQLite's `synchronous = NORMAL`): it is not flushed to
 * the disk, so that a loss of power, or of the whole machine, may lose the last writes, never part of one. Beside
 * the file, while it is open, lie `-wal`, `.lock` and `.pid`; `.damaged-1` and so on are what was set aside,
 * for a human to look at.
 *
 * `open` rejects with `ConfigError` when the runtime has no `node:sqlite`, when the path cannot be written, and
 * when it is held by another process, or is another application's or a newer version's. A damaged file is no
 * error: what is whole is answered, the file is set aside. `write` rejects with `StoreRejectedError` (`FULL`) or
 * `StoreUnavailableError`; of its changes none is made then, unless the outcome is `unknown`.
 *
 * @throws {ConfigError} when `path` is empty, in memory, or no file URL of this machine.
 */
export function sqliteJournal(options: SqliteJournalOptions): JournalStore {
  return new SqliteJournal(journalPath(options.path));
}

/** What an open journal holds on to. */
interface Held extends OpenFile {
  readonly lock: PathLock;
}

class SqliteJournal implements JournalStore {
  readonly #path: string;
  #held: Held | undefined;
  #opening: Promise<unknown> = Promise.resolve();
  #closed: Promise<void> | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  async open(): Promise<JournalContents> {
    if (this.#closed) throw notReached("The journal is closed.");
    const opening = this.#open();
    this.#opening = Promise.allSettled([this.#opening, opening]);
    return await opening;
  }

  // deno-lint-ignore require-await -- what SQLite throws is to reject
  async write(changes: ReadonlyMap<string, string | undefined>): Promise<void> {
    this.#opened().table.write(changes);
  }

  // deno-lint-ignore require-await -- what the file system throws is to reject
  async setAside(key: string, record: string, reason: string): Promise<string> {
    return this.#opened().aside.append(key, record, reason);
  }

  close(): Promise<void> {
    return this.#closed ??= this.#close();
  }

  async #open(): Promise<JournalContents> {
    const sqlite = await loadSqlite();
    const path = placeOf(this.#path);
    const lock = await PathLock.acquire(sqlite, path);
    try {
      const file = await openFile(sqlite.DatabaseSync, path);
      this.#held = { ...file, lock };
      return file.contents;
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  async #close(): Promise<void> {
    // A failed open has told its caller.
    await this.#opening;
    const held = this.#held;
    this.#held = undefined;
    try {
      held?.connection.close();
    } finally {
      held?.lock.release();
    }
  }

  #opened(): Held {
    if (this.#held && !this.#closed) return this.#held;
    throw notReached(`The journal is ${this.#closed ? "closed" : "not open"}.`);
  }
}

async function loadSqlite(): Promise<typeof import("node:sqlite")> {
  try {
    return await import("node:sqlite");
  } catch (cause) {
    throw badPath("This runtime has no node:sqlite: use Deno, Bun or Node 22 and newer.", cause);
  }
}
