/**
 * What SQLite's errors mean. They are told apart by their message, which comes from SQLite itself:
 * Deno's carry no error code.
 *
 * @module
 */

import { type SessionError, StoreRejectedError, StoreUnavailableError } from "../../core/errors.ts";

const BUSY = ["database is locked", "database table is locked", "database schema is locked"];

/** What SQLite refuses for good, with the code that the caller sees. */
const REJECTIONS: readonly (readonly [message: string, code: string, advice: string])[] = [
  [
    "readonly database",
    "READONLY",
    "Give this process write access to the file and its directory.",
  ],
  ["database or disk is full", "FULL", "Make room on the disk."],
  ["disk image is malformed", "CORRUPT", "Restore the file from a backup."],
  ["file is not a database", "CORRUPT", "Restore the file from a backup."],
];

/** Whether another connection was in the way, so that trying again helps. */
export function isBusy(error: unknown): boolean {
  return error instanceof Error && BUSY.some((message) => error.message.includes(message));
}

/** Whether it was SQLite that threw. */
export function isSqliteError(error: unknown): error is Error {
  if (!(error instanceof Error)) return false;
  const code: unknown = "code" in error ? error.code : undefined;
  return typeof code === "string" && /^(ERR_)?SQLITE/.test(code);
}

/** The contract's error for one that ended a transaction; what is not SQLite's stays as it is. */
export function storeFailure(error: unknown, outcome: "not-applied" | "unknown"): unknown {
  if (!isSqliteError(error)) return error;
  return rejection(error) ?? new StoreUnavailableError(
    `SQLite failed: ${error.message}.`,
    { outcome, cause: error },
  );
}

/** The error for what SQLite refuses for good, if this is that. */
export function rejection(error: Error): SessionError | undefined {
  const known = REJECTIONS.find(([message]) => error.message.includes(message));
  if (!known) return undefined;
  const [, code, advice] = known;
  return new StoreRejectedError(code, `SQLite refused: ${error.message}. ${advice}`, {
    cause: error,
  });
}

/** The error of a call that never came to its turn. */
export function notReached(message: string, options: ErrorOptions = {}): StoreUnavailableError {
  return new StoreUnavailableError(message, { ...options, outcome: "not-applied" });
}
