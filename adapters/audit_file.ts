/**
 * An audit log in files of JSON lines, through the runtime's `node:fs`: for Deno, Bun and Node.
 *
 * @module
 */

import { existsSync } from "node:fs";
import { type FileHandle, open, readFile, rename, stat, writeFile } from "node:fs/promises";
import { NO_LINES } from "../core/audit_chain.ts";
import type { AuditHead, AuditLog, OpenedAudit, SealedLine } from "../core/audit_log.ts";
import { lockAudit } from "./audit_file/lock.ts";
import {
  asideFilesOf,
  auditPath,
  badSink,
  headFileOf,
  nextAsideOf,
  sinkFailure,
} from "./audit_file/place.ts";
import { readTail } from "./audit_file/tail.ts";
import type { PathLock } from "./sqlite_journal/lock.ts";

/** Payloads are nobody else's business. */
const OWNER_ONLY = 0o600;

/** Options of {@linkcode auditFile}. */
export interface AuditFileOptions {
  /** A path or a `file:` URL. The file is created when missing, its directory is not. */
  readonly path: string;
  /** A file that would grow beyond it is put aside as `path.000001` and so on, and a new one begun. */
  readonly maxFileBytes: number;
}

/**
 * Audit lines in a file, written by one process at a time. `path.head` beside it remembers how far the log went, so that
 * lines that are cut off at the end are missed. A file that somebody moves away is left alone, and the log goes on in a new
 * one. Lines are handed to the operating system and not flushed to the disk: they outlive this process, and may not outlive
 * a loss of power.
 */
export function auditFile(options: AuditFileOptions): AuditLog {
  return new AuditFileLog(options);
}

/** A file that is being written. */
interface Written {
  readonly handle: FileHandle;
  /** What it has, if nobody else writes it. */
  bytes: number;
}

class AuditFileLog implements AuditLog {
  readonly #options: AuditFileOptions;
  #path = "";
  #lock: PathLock | undefined;
  #file: Written | undefined;
  #isClosed = false;

  constructor(options: AuditFileOptions) {
    this.#options = options;
  }

  async open(): Promise<OpenedAudit> {
    return await this.#guard(async () => {
      await this.#closeFile();
      if (this.#path === "") this.#path = auditPath(this.#options.path);
      await this.#lockPath();
      const path = this.#path;
      const tail = existsSync(path) ? await readTail(path) : undefined;
      const aside = asideFilesOf(path).at(-1);
      const written = tail?.head ??
        (aside === undefined ? undefined : (await readTail(aside)).head);
      await this.#openFile();
      if (tail && !tail.isEnded) await this.#write("\n");
      const head = later(written ?? NO_LINES, await readHead(path));
      return { head, ...(tail?.torn && { torn: tail.torn }) };
    });
  }

  async append(lines: readonly SealedLine[]): Promise<void> {
    await this.#guard(async () => {
      await this.#findFile();
      let text = "";
      let bytes = 0;
      for (const { line } of lines) {
        const lineBytes = byteLength(line) + 1;
        if (this.#opened().bytes + bytes + lineBytes > this.#options.maxFileBytes) {
          await this.#write(text);
          if (this.#opened().bytes > 0) await this.#putAside();
          [text, bytes] = ["", 0];
        }
        text += `${line}\n`;
        bytes += lineBytes;
      }
      await this.#write(text);
      const last = lines.at(-1);
      if (last) await writeHead(this.#path, last.head);
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    try {
      await this.#file?.handle.datasync();
      await this.#closeFile();
    } finally {
      this.#unlock();
    }
  }

  async #lockPath(): Promise<void> {
    this.#lock ??= await lockAudit(this.#path);
    if (!this.#isClosed) return;
    // Whoever closed it had no time to wait for the lock.
    this.#unlock();
    throw new Error(`The audit log ${this.#path} is closed.`);
  }

  #unlock(): void {
    this.#lock?.release();
    this.#lock = undefined;
  }

  async #write(text: string): Promise<void> {
    if (text === "") return;
    const file = this.#opened();
    await file.handle.appendFile(text);
    file.bytes += byteLength(text);
  }

  /** Looks whether the file is where it was, and as long as it was. */
  async #findFile(): Promise<void> {
    const { handle, bytes } = this.#opened();
    const [ours, found] = await Promise.all([
      handle.stat(),
      stat(this.#path).catch(() => undefined),
    ]);
    if (found && (found.ino !== ours.ino || found.dev !== ours.dev) && found.size > 0) {
      throw this.#sharedError();
    }
    if (ours.size !== bytes) throw this.#sharedError();
    if (found?.ino !== ours.ino) await this.#openFile();
  }

  #sharedError(): Error {
    return badSink(
      `Somebody else writes into the audit log ${this.#path}: give each pod a path of its own.`,
    );
  }

  async #putAside(): Promise<void> {
    await this.#opened().handle.datasync();
    await this.#closeFile();
    await rename(this.#path, nextAsideOf(this.#path));
    await this.#openFile();
  }

  async #openFile(): Promise<void> {
    await this.#closeFile();
    const handle = await open(this.#path, "a", OWNER_ONLY);
    this.#file = { handle, bytes: (await handle.stat()).size };
  }

  async #closeFile(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.handle.close();
  }

  #opened(): Written {
    if (this.#file) return this.#file;
    throw new Error(`The audit log ${this.#options.path} is not open.`);
  }

  async #guard<Result>(body: () => Promise<Result>): Promise<Result> {
    try {
      return await body();
    } catch (error) {
      throw sinkFailure(this.#path || this.#options.path, error);
    }
  }
}

/** The one that went further. */
function later(one: AuditHead, other: AuditHead | undefined): AuditHead {
  return other && other.seq > one.seq ? other : one;
}

/** How far the log under a path went, as it remembers; undefined when it does not. */
export async function readHead(path: string): Promise<AuditHead | undefined> {
  let text: string;
  try {
    text = await readFile(headFileOf(path), "utf8");
  } catch {
    return undefined;
  }
  const [, seq, hash] = /^(\d{1,15}):([0-9a-f]{64})\n$/.exec(text) ?? [];
  return seq === undefined || hash === undefined ? undefined : { seq: Number(seq), hash };
}

/** In one step, so that it is never half written. */
async function writeHead(path: string, { seq, hash }: AuditHead): Promise<void> {
  const file = headFileOf(path);
  await writeFile(`${file}.new`, `${seq}:${hash}\n`, { mode: OWNER_ONLY });
  await rename(`${file}.new`, file);
}

const encoder = new TextEncoder();

function byteLength(text: string): number {
  return encoder.encode(text).length;
}
