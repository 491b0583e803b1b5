/**
 * Which files a store was opened as, to see later that its path leads to others.
 *
 * @module
 */

import { realpathSync, renameSync, rmSync, statSync } from "node:fs";

/** SQLite's own names for what belongs to a file: its write-ahead log, and that log's index. */
const LOG_SUFFIXES = ["-wal", "-shm"] as const;

/** The files of one open database: made while it is open, so that all of them exist. */
export class OpenedFiles {
  readonly #path: string;
  readonly #identity: string | undefined;
  readonly #logs: ReadonlyMap<string, string | undefined>;

  constructor(path: string) {
    this.#path = path;
    this.#identity = identify(path);
    const place = this.#identity === undefined ? path : realpathSync(path);
    const logs = LOG_SUFFIXES.map((suffix) => place + suffix);
    this.#logs = new Map(logs.map((log) => [log, identifyLog(log)]));
  }

  /** The database's file; `undefined` for one in memory. */
  get identity(): string | undefined {
    return this.#identity;
  }

  /** Whether the database's name leads to the file that was opened. */
  areInPlace(): boolean {
    return identify(this.#path) === this.#identity;
  }

  /**
   * Removes the log from beside a file that it does not belong to, which SQLite would apply it to. Whoever opened that
   * file meanwhile may have made a log of its own, which stays.
   */
  removeLog(): void {
    if (this.areInPlace()) return;
    for (const [log, identity] of this.#logs) {
      if (identity !== undefined && identify(log) === identity) takeAway(log, identity);
    }
  }
}

/** Between looking and removing, another process may have done both: what was taken is looked at again. */
function takeAway(path: string, identity: string): void {
  const taken = `${path}.${crypto.randomUUID()}`;
  renameSync(path, taken);
  if (identify(taken) === identity) rmSync(taken);
  else renameSync(taken, path);
}

/** A process may have leave for the database's file alone: then its log is not known, and stays. */
function identifyLog(path: string): string | undefined {
  try {
    return identify(path);
  } catch {
    return undefined;
  }
}

function identify(path: string): string | undefined {
  const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stat && `${stat.dev}:${stat.ino}`;
}
