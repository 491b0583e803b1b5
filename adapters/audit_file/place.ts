/**
 * The files of an audit log: their names, and what their failures mean.
 *
 * @module
 */

import { readdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { ConfigError } from "../../core/errors.ts";
import { resolvePath } from "../sqlite/location.ts";
import { placeOf } from "../sqlite_journal/place.ts";

const DIGITS = 6;

/** The path as every process calls it; checked, as far as that can be done unopened. */
export function auditPath(location: string): string {
  return blamingSink(() => placeOf(resolvePath(location)));
}

/** Where a log remembers how far it went. */
export function headFileOf(path: string): string {
  return `${path}.head`;
}

/** The files that were put aside, the oldest first. */
export function asideFilesOf(path: string): string[] {
  const directory = dirname(path);
  return readdirSync(directory)
    .filter((name) => numberOf(path, name) > 0)
    .sort((one, other) => numberOf(path, one) - numberOf(path, other))
    .map((name) => join(directory, name));
}

/** The name of the next file that is put aside. */
export function nextAsideOf(path: string): string {
  const last = asideFilesOf(path).at(-1);
  const number = last === undefined ? 0 : numberOf(path, basename(last));
  return `${path}.${String(number + 1).padStart(DIGITS, "0")}`;
}

/** The log that a file belongs to: its path without the number of one that was put aside. */
export function logOf(file: string): string {
  return file.replace(/\.\d{6,}$/, "");
}

function numberOf(path: string, name: string): number {
  const start = `${basename(path)}.`;
  const number = name.startsWith(start) ? name.slice(start.length) : "";
  return /^\d{6,}$/.test(number) ? Number(number) : 0;
}

/** The option is to blame. */
export function badSink(message: string, cause?: unknown): ConfigError {
  return new ConfigError("audit.sink", message, { cause });
}

/** What others say of a path is said of this option. */
export function blamingSink<Result>(body: () => Result): Result {
  try {
    return body();
  } catch (error) {
    throw error instanceof ConfigError ? badSink(error.message, error) : error;
  }
}

/** What a failed file operation means. */
export function sinkFailure(path: string, cause: unknown): Error {
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  switch (code) {
    case "ENOENT":
      return badSink(`The directory ${dirname(path)} does not exist: create it first.`, cause);
    case "EISDIR":
      return badSink(`${path} is a directory: name a file for the audit log.`, cause);
    case "ENOSPC":
    case "EDQUOT":
      return badSink(`${path} cannot be written: make room on the disk.`, cause);
    case "EACCES":
    case "EPERM":
    case "EROFS":
    case "ENOTDIR":
      return badSink(
        `The audit log ${path} cannot be written: give this process write access to it and its directory, or name ` +
          `another path.`,
        cause,
      );
    default:
      return cause instanceof Error ? cause : new Error(String(cause));
  }
}
