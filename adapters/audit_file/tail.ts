/**
 * The end of a file of audit lines.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { type FileHandle, open } from "node:fs/promises";
import { hashOfTorn, readLine } from "../../core/audit_chain.ts";
import type { AuditHead, TornTail } from "../../core/audit_log.ts";
import type { AuditRecord } from "../../core/audit_record.ts";
import { badSink } from "./place.ts";

const CHUNK_BYTES = 64 * 1_024;
const NEWLINE = 10;
/** What every line begins with. */
const BEGINNING = `{"v":1,"seq":`;

/** How a file ends. */
export interface FileTail {
  /** The last line of an audit log; undefined when there is none. */
  readonly head: AuditHead | undefined;
  /** What follows it. */
  readonly torn: TornTail | undefined;
  /** Whether the file ends with an end of line, or is empty. */
  readonly isEnded: boolean;
}

/**
 * Reads a file from its end to the last line of an audit log.
 *
 * @throws ConfigError when it is something else
 */
export async function readTail(path: string): Promise<FileTail> {
  const file = await open(path, "r");
  try {
    return await readBackwards(file, path);
  } finally {
    await file.close();
  }
}

async function readBackwards(file: FileHandle, path: string): Promise<FileTail> {
  const { size } = await file.stat();
  let tail = Buffer.alloc(0);
  for (let at = size; at > 0;) {
    const bytes = Math.min(at, Math.max(CHUNK_BYTES, tail.length));
    at -= bytes;
    const chunk = Buffer.alloc(bytes);
    await file.read(chunk, 0, bytes, at);
    tail = Buffer.concat([chunk, tail]);
    const found = lastLineOf(tail, at === 0);
    if (found) return found;
  }
  // The very first line may have been cut off.
  const beginning = tail.toString("utf8", 0, BEGINNING.length);
  if (!BEGINNING.startsWith(beginning)) {
    throw badSink(`${path} is no audit log: name a file of its own, or move this one away.`);
  }
  return { head: undefined, torn: tornIn(tail), isEnded: endsLine(tail) };
}

/** The tail, if a whole line of an audit log is in it. */
function lastLineOf(tail: Buffer, isWhole: boolean): FileTail | undefined {
  for (let end = tail.lastIndexOf(NEWLINE); end >= 0;) {
    const start = end === 0 ? 0 : tail.lastIndexOf(NEWLINE, end - 1) + 1;
    if (start === 0 && !isWhole) return undefined;
    const record = readLine(tail.toString("utf8", start, end));
    if (record) return tailAfter(record, tail.subarray(end + 1));
    end = start - 1;
  }
  return undefined;
}

function tailAfter({ seq, hash }: AuditRecord, rest: Buffer): FileTail {
  // A line that lacks its end alone is a line.
  const unended = readLine(rest.toString("utf8"));
  return unended
    ? { head: { seq: unended.seq, hash: unended.hash }, torn: undefined, isEnded: false }
    : { head: { seq, hash }, torn: tornIn(rest), isEnded: endsLine(rest) };
}

function tornIn(rest: Buffer): TornTail | undefined {
  if (rest.length === 0) return undefined;
  const bytes = rest.length - (endsLine(rest) ? 1 : 0);
  return { bytes, hash: hashOfTorn(rest.toString("utf8", 0, bytes)) };
}

function endsLine(bytes: Buffer): boolean {
  return bytes.length === 0 || bytes.at(-1) === NEWLINE;
}
