/**
 * What one line of the audit log holds.
 *
 * @module
 */

import type { AuditLevel } from "./audit.ts";
import type { TornTail } from "./audit_log.ts";
import type { CallEnd, ObservedCall } from "./observer.ts";

/** One line of the audit log, as `JSON.parse` gives it. */
export interface AuditRecord {
  /** Version of this form. */
  readonly v: 1;
  /** Counts the lines of a chain, from 1. */
  readonly seq: number;
  /** The hash of the line before; 64 zeros in the first. */
  readonly previous: string;
  /**
   * `opened` and `closed` are the manager's, `call` is a caller's, `lost` stands for lines that found no room, `torn` for bytes
   * behind the last whole line, most likely of a line that was being written when the process before this one died.
   */
  readonly event: "opened" | "call" | "lost" | "torn" | "closed";
  /** By the pod's wall clock, when it was over. */
  readonly at: string;
  /** The pod's random id. */
  readonly pod: string;
  /** Of `opened`: what is written from here on. */
  readonly level?: AuditLevel;
  /** Of `torn`. */
  readonly torn?: TornTail;
  /** Of `lost`: how many lines there would have been. */
  readonly lines?: number;
  /** Of `call`: whose session. */
  readonly tenant?: string;
  /** Of `call`: the method. */
  readonly operation?: string;
  /** Of `call`: the hashed id; for `rotate` the old one. */
  readonly session?: string;
  /** Of `call`: for `rotate` the new hashed id. */
  readonly to?: string;
  /** Of `call`: for `recover` all hashed ids. */
  readonly sessions?: readonly string[];
  /** Of `call`: `ok`, or the error's code. */
  readonly outcome?: string;
  /** Of `call`: in milliseconds. */
  readonly tookMs?: number;
  /** Of `call`: whether memory or the store answered. */
  readonly source?: "memory" | "store";
  /** Of `call`: whether it was served without the store because that is away. */
  readonly degraded?: boolean;
  /** Of `call`, at the level `full`: what the caller gave. */
  readonly payload?: unknown;
  /** Of all that stands before it in the line. */
  readonly hash: string;
}

/** Where and when something was. */
export interface Moment {
  readonly pod: string;
  /** By the wall clock, in milliseconds since the Unix epoch. */
  readonly atMs: number;
}

/** The members of a line about the log itself, from `event` on, as JSON without braces. */
export function eventFields(
  event: Exclude<AuditRecord["event"], "call">,
  moment: Moment,
  rest: Pick<AuditRecord, "level" | "torn" | "lines"> = {},
): string {
  return members({ event, ...told(moment), ...rest });
}

/** The members of a line about a call, from `event` on; `payload` is JSON already. */
export function callFields(
  call: ObservedCall,
  end: CallEnd,
  moment: Moment,
  payload: string | undefined,
): string {
  const { operation, tenant } = call;
  const { outcome, source, degraded } = end;
  const tookMs = Math.round(end.tookMs * 1_000) / 1_000;
  const record = { event: "call", ...told(moment), tenant, operation, ...subject(call), outcome };
  const fields = members({ ...record, tookMs, source, degraded });
  return payload === undefined ? fields : `${fields},"payload":${payload}`;
}

function told({ pod, atMs }: Moment): Pick<AuditRecord, "at" | "pod"> {
  return { at: new Date(atMs).toISOString(), pod };
}

function subject(call: ObservedCall): Pick<AuditRecord, "session" | "to" | "sessions"> {
  if (call.operation === "recover") return { sessions: call.hashedIds };
  const [session, to] = call.hashedIds;
  return { ...(session !== undefined && { session }), ...(to !== undefined && { to }) };
}

function members(record: object): string {
  return JSON.stringify(record).slice(1, -1);
}
