/**
 * Where audit lines are kept: the contract between the trail and a sink.
 *
 * @module
 */

import type { AuditSink } from "./audit.ts";
import { NO_LINES } from "./audit_chain.ts";

/** Bytes behind the last whole line of a file. */
export interface TornTail {
  /** How many. */
  readonly bytes: number;
  /** The SHA-256 of their text, 64 hex digits. */
  readonly hash: string;
}

/** Where a chain ends. */
export interface AuditHead {
  /** Number of the last line; 0 before the first. */
  readonly seq: number;
  /** Its hash. */
  readonly hash: string;
}

/** A line with its place in the chain. */
export interface SealedLine {
  /** Without its end of line. */
  readonly line: string;
  /** Where the chain ends with it. */
  readonly head: AuditHead;
}

/** A place for audit lines, held by one manager at a time. */
export interface AuditLog {
  /**
   * Opens it, or after a failed `append` finds out what of it was kept.
   *
   * @throws ConfigError when the place cannot be written, or somebody else holds it
   */
  open(): Promise<OpenedAudit>;
  /** Appends lines in their order. */
  append(lines: readonly SealedLine[]): Promise<void>;
  /** Lets go of the place. */
  close(): Promise<void>;
}

/** What is there already. */
export interface OpenedAudit {
  /** Where the chain ends that is to be continued. */
  readonly head: AuditHead;
  /** Bytes that are no line, if there were any behind it; they have been given an end of line. */
  readonly torn?: TornTail;
}

/** Makes the place for audit lines under a path; nothing is opened yet. */
export type AuditAt = (
  path: string,
  options: { readonly maxFileBytes: number },
) => AuditLog | Promise<AuditLog>;

/** A sink of the user's own: a chain of its own for each manager. */
export class FunctionLog implements AuditLog {
  readonly #sink: AuditSink;
  #head = NO_LINES;

  constructor(sink: AuditSink) {
    this.#sink = sink;
  }

  open(): Promise<OpenedAudit> {
    return Promise.resolve({ head: this.#head });
  }

  async append(lines: readonly SealedLine[]): Promise<void> {
    for (const { line, head } of lines) {
      await this.#sink(line);
      this.#head = head;
    }
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
