/**
 * Where a journal lies: its path, and the files beside it.
 *
 * @module
 */

import { accessSync, constants, existsSync, readdirSync, realpathSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { ConfigError, StoreRejectedError, StoreUnavailableError } from "../../core/errors.ts";
import { resolvePath } from "../sqlite/location.ts";

const OPTION = "journal.path";

/** The path that the option names; nothing is looked up on the disk. */
export function journalPath(location: string): string {
  let path: string;
  try {
    path = resolvePath(location);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw badPath(`${error.message} The journal needs the path of a file.`, error);
  }
  if (path !== ":memory:") return path;
  throw badPath("A journal in memory would die with its process: name a file.");
}

/** The path as every process calls it, whatever links lead there; checked, as far as that can be done unopened. */
export function placeOf(path: string): string {
  const directory = dirname(path);
  try {
    if (!existsSync(directory)) {
      throw badPath(`The directory ${directory} does not exist: create it first.`);
    }
    if (!existsSync(path)) return join(realpathSync(directory), basename(path));
    if (statSync(path).isDirectory()) throw badPath(`${path} is a directory: name a file.`);
    accessSync(path, constants.W_OK);
    return realpathSync(path);
  } catch (error) {
    throw error instanceof ConfigError ? error : notWritable(path, error);
  }
}

/** SQLite's write-ahead log, beside the file. */
export function logOf(path: string): string {
  return `${path}-wal`;
}

/** Files that SQLite may leave beside `path`. */
export function companionsOf(path: string): readonly string[] {
  return [logOf(path), `${path}-shm`, `${path}-journal`];
}

/** A name for what is set aside; later ones have higher numbers. */
export function nextAside(path: string): string {
  return `${path}.damaged-${asideNumber(path) + 1}`;
}

/** The name that was given last. */
export function lastAside(path: string): string {
  return `${path}.damaged-${asideNumber(path)}`;
}

function asideNumber(path: string): number {
  const start = `${basename(path)}.damaged-`;
  const numbers = readdirSync(dirname(path)).filter((name) => name.startsWith(start))
    .map((name) => Number.parseInt(name.slice(start.length), 10));
  return Math.max(0, ...numbers.filter(Number.isSafeInteger));
}

/** The option is to blame. */
export function badPath(message: string, cause?: unknown): ConfigError {
  return new ConfigError(OPTION, message, { cause });
}

/** The place cannot be written. */
export function notWritable(path: string, cause: unknown): ConfigError {
  return badPath(
    `${path} cannot be written: give this process read and write access to the file and its directory.`,
    cause,
  );
}

/** What a failed file operation means while a journal is open, or is being opened. */
export function fileFailure(path: string, cause: unknown): Error {
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  if (code === "ENOSPC" || code === "EDQUOT") {
    return new StoreRejectedError("FULL", `${path} cannot be written: make room on the disk.`, {
      cause,
    });
  }
  const message = cause instanceof Error ? cause.message : String(cause);
  return new StoreUnavailableError(`${path} failed: ${message}.`, {
    outcome: "not-applied",
    cause,
  });
}
