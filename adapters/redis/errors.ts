/**
 * From a client's error to what it means for a command.
 *
 * @module
 */

import { ConfigError, StoreRejectedError, StoreUnavailableError } from "../../core/errors.ts";
import { NotConnectedError } from "./driver.ts";
import { tlsAdvice, tlsFaultOf } from "./tls_fault.ts";

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
  if (/user executing the script can't|no permissions to/i.test(message)) return "NOPERM";
  return /^([A-Z][A-Z0-9]+)[: ]/.exec(message)?.[1];
}

/** What to do about a refusal. */
const ADVICE: Readonly<Record<string, string>> = {
  WRONGPASS: "Check username and password, and that the server's user is on.",
  NOAUTH: "The server asks for a login: give username and password.",
  NOPERM:
    "Grant what is missing: tenantAclRules() and `hakgal-sessions acl` tell what a user needs.",
  READONLY: "This is a replica: give the primary's URL.",
  OOM: "The server's memory is full: raise its maxmemory, or shorten ttlMs.",
};

/**
 * The error that a caller gets. `opening`: a read-only server, and a certificate that is not trusted, is an operator's
 * error then, and an outage later on: in a failover, or when a certificate runs out.
 */
export function toStoreError(error: unknown, opening = false): Error {
  if (
    error instanceof StoreRejectedError || error instanceof StoreUnavailableError ||
    error instanceof ConfigError || error instanceof TypeError
  ) return error;
  const cause = { cause: error };
  const message = messageOf(error);
  const fault = tlsFaultOf(error);
  if (fault !== undefined && opening) {
    return new StoreRejectedError("TLS", `${tlsAdvice(fault)} (${message})`, cause);
  }
  const code = fault === undefined ? replyCode(error) : undefined;
  if (code !== undefined && !(NOT_EXECUTED.has(code) && !(opening && code === "READONLY"))) {
    const refusal = `The store refused the command: ${message}`;
    return new StoreRejectedError(code, withAdvice(refusal, ADVICE[code]), cause);
  }
  const notSent = code !== undefined || error instanceof NotConnectedError ||
    NOT_SENT.test(`${message} ${codeOf(error)}`);
  const reason = code === undefined
    ? `The store cannot be reached: ${message || codeOf(error)}`
    : `The store cannot serve now (${code}): ${message}`;
  return new StoreUnavailableError(withAdvice(reason, fault && tlsAdvice(fault)), {
    ...cause,
    outcome: notSent ? "not-applied" : "unknown",
  });
}

/** A message, and after it what to do. */
function withAdvice(message: string, advice: string | undefined): string {
  return advice === undefined ? message : `${message.replace(/\.$/, "")}. ${advice}`;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}
