/**
 * From a client's error to what it means for a command.
 *
 * @module
 */

import { ConfigError, StoreRejectedError, StoreUnavailableError } from "../../core/errors.ts";
import { NotConnectedError } from "./driver.ts";

/** Replies by which a server says that it executed nothing, and that this will pass. */
const NOT_EXECUTED = new Set([
  "ASK",
  "BUSY",
  "CLUSTERDOWN",
  "LOADING",
  "MASTERDOWN",
  "MOVED",
  "NOREPLICAS",
  "NOSCRIPT",
  "READONLY",
  "TRYAGAIN",
]);

/** Messages by which a client says that it sent nothing. */
const NOT_SENT =
  /Stream isn't writeable|The client is (offline|closed)|ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN/;

/** The code of a server's error reply, e.g. `NOPERM`; undefined when `error` is none. */
export function replyCode(error: unknown): string | undefined {
  const message = messageOf(error);
  // Redis and Valkey word it in their own way when a script is what lacks the permission.
  if (/can't run this command|no permissions to/.test(message)) return "NOPERM";
  return /^([A-Z][A-Z0-9]+)[: ]/.exec(message)?.[1];
}

/**
 * The error that a caller gets. `opening`: a read-only server is an operator's error then, and an outage
 * later on, in a failover.
 */
export function toStoreError(error: unknown, opening = false): Error {
  if (
    error instanceof StoreRejectedError || error instanceof StoreUnavailableError ||
    error instanceof ConfigError || error instanceof TypeError
  ) return error;
  const cause = { cause: error };
  const message = messageOf(error);
  const code = replyCode(error);
  if (code !== undefined && !(NOT_EXECUTED.has(code) && !(opening && code === "READONLY"))) {
    return new StoreRejectedError(code, `The store refused the command: ${message}`, cause);
  }
  const notSent = code !== undefined || error instanceof NotConnectedError ||
    NOT_SENT.test(`${message} ${codeOf(error)}`);
  return new StoreUnavailableError(
    code === undefined
      ? `The store cannot be reached: ${message || codeOf(error)}`
      : `The store cannot serve now (${code}): ${message}`,
    { ...cause, outcome: notSent ? "not-applied" : "unknown" },
  );
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}
