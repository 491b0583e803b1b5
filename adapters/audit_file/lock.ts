/**
 * One process at a time writes an audit log.
 *
 * @module
 */

import { ConfigError } from "../../core/errors.ts";
import { PathLock } from "../sqlite_journal/lock.ts";
import { badSink } from "./place.ts";

/**
 * Locks a path until it is released, or this process dies; undefined on a runtime without `node:sqlite`, whose lock it is.
 *
 * @throws ConfigError when another process holds it
 */
export async function lockAudit(path: string): Promise<PathLock | undefined> {
  let sqlite: typeof import("node:sqlite");
  try {
    sqlite = await import("node:sqlite");
  } catch {
    return undefined; // Node 20. Two writers are noticed as they write, then.
  }
  try {
    return await PathLock.acquire(sqlite, path, "audit log");
  } catch (error) {
    throw error instanceof ConfigError ? badSink(error.message, error) : error;
  }
}
