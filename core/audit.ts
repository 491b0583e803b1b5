/**
 * The options of the audit log.
 *
 * @module
 */

import { ConfigError } from "./errors.ts";

/** How much is written down: nothing, who did what to which session and how it ended, or the payload too. */
export type AuditLevel = "off" | "metadata" | "full";

/**
 * A sink of one's own: takes one line, without its end of line. What it throws or rejects with means that the line was not
 * kept: it gets the same line again later, and no other one before.
 */
export type AuditSink = (line: string) => void | Promise<void>;

/** Options of the audit log. */
export interface AuditOptions {
  /**
   * In lower or upper case. @default `AUDIT_LEVEL` with `SessionManager.open`, else `metadata` if a sink is given, else `off`
   */
  readonly level?: AuditLevel | Uppercase<AuditLevel>;
  /**
   * Where the lines go: a file of this pod's own (a path or `file:` URL), or a function.
   * @default `HAKGAL_SESSION_AUDIT_PATH` with `SessionManager.open`
   */
  readonly sink?: string | AuditSink;
  /**
   * Names of fields whose values are written as `[redacted]`, at any depth of the payload, in any case of letters; `vector`
   * and `append` name the trajectory's. @default none
   */
  readonly redact?: readonly string[];
  /** A file that would grow beyond it is put aside, and a new one begun, in bytes. @default 67108864 */
  readonly maxFileBytes?: number;
}

/** The options with every default filled in. */
export interface AuditSettings {
  readonly level: Exclude<AuditLevel, "off">;
  readonly sink: string | AuditSink;
  readonly redact: readonly string[];
  readonly maxFileBytes: number;
}

/** A level in any case of letters; `name` is the option or variable that gave it. */
export function checkAuditLevel(name: string, level: unknown): AuditLevel {
  const lower = typeof level === "string" ? level.toLowerCase() : undefined;
  if (lower === "off" || lower === "metadata" || lower === "full") return lower;
  const got = typeof level === "string" ? JSON.stringify(level.slice(0, 80)) : String(level);
  throw new ConfigError(name, `"${name}" is off, metadata or full; got ${got}.`);
}
