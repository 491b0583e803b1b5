/**
 * What the doctor says of a server.
 *
 * @module
 */

/** What is looked at, in the order in which it is. */
export type CheckName =
  | "connection"
  | "version"
  | "tls"
  | "acl"
  | "eviction"
  | "memory"
  | "persistence"
  | "replication"
  | "latency"
  | "clock";

/**
 * How bad it is. `error`: sessions are lost, or cannot be served. `warning`: they may be. `unknown`: the server does not
 * tell, as managed ones do not tell everything. `ok`: nothing to do.
 */
export type Severity = "error" | "warning" | "unknown" | "ok";

/** What was found, and what to do about it. */
export interface Finding {
  readonly check: CheckName;
  readonly severity: Severity;
  readonly message: string;
  /** What to do; present unless all is well. */
  readonly advice?: string;
}

/** What is found, before it is known by which check. */
export type Verdict = Omit<Finding, "check">;

export function ok(message: string): Verdict {
  return { severity: "ok", message };
}

export function warning(message: string, advice: string): Verdict {
  return { severity: "warning", message, advice };
}

export function failure(message: string, advice: string): Verdict {
  return { severity: "error", message, advice };
}

export function unknown(message: string, advice: string): Verdict {
  return { severity: "unknown", message, advice };
}
