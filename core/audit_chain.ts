/**
 * The chain of an audit log: each line holds the hash of the line before it, and its own.
 *
 * @module
 */

import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import type { AuditHead, SealedLine } from "./audit_log.ts";
import type { AuditRecord } from "./audit_record.ts";

/** Before the first line. */
export const NO_LINES: AuditHead = { seq: 0, hash: "0".repeat(64) };

/** JSON may hold any character but a line feed, U+2028 too. */
const LINE = /^(\{"v":1,"seq":\d+,"previous":"[0-9a-f]{64}",[^\n]+),"hash":"([0-9a-f]{64})"\}$/;

/**
 * Hashes lines: HMAC-SHA-256 under a key of its own, derived from the secret, so that who can write the file and does not
 * know the secret cannot make a line; plain SHA-256 without a secret.
 */
export class LineHash {
  readonly #key: Uint8Array | undefined;

  constructor(secret: string | Uint8Array | undefined) {
    const bytes = typeof secret === "string" ? utf8ToBytes(secret) : secret;
    this.#key = bytes && hmac(sha256, bytes, utf8ToBytes("hakgal audit chain 1"));
  }

  of(text: string): string {
    const bytes = utf8ToBytes(text);
    return bytesToHex(this.#key ? hmac(sha256, this.#key, bytes) : sha256(bytes));
  }
}

/** The line that follows `head`; `fields` are the record's members from `event` on, as JSON without braces. */
export function sealLine(fields: string, head: AuditHead, hash: LineHash): SealedLine {
  const seq = head.seq + 1;
  const body = `{"v":1,"seq":${seq},"previous":"${head.hash}",${fields}`;
  const own = hash.of(body);
  return { line: `${body},"hash":"${own}"}`, head: { seq, hash: own } };
}

/** A line's record; undefined when it is no line of an audit log. */
export function readLine(line: string): AuditRecord | undefined {
  if (!LINE.test(line)) return undefined;
  try {
    const record = JSON.parse(line) as AuditRecord;
    return Number.isSafeInteger(record.seq) ? record : undefined;
  } catch {
    return undefined; // Cut off, or written over.
  }
}

/** Whether a line is as it was written. */
export function isSealed(line: string, hash: LineHash): boolean {
  const [, body = "", own] = LINE.exec(line) ?? [];
  return hash.of(body) === own;
}

/** The plain SHA-256 of what is no line. */
export function hashOfTorn(text: string): string {
  return bytesToHex(sha256(utf8ToBytes(text)));
}
