/**
 * The file for records that nobody can make use of: a line of JSON for each.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { appendFileSync } from "node:fs";
import { fileFailure, nextAside } from "./place.ts";
import type { Row } from "./row.ts";

/** Gets its name with the first record. */
export class SetAsideFile {
  readonly #path: string;
  #file: string | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  /** Appends a record, and answers the file's path. */
  append(key: string, record: string, reason: string): string {
    return this.#appendLines([{ key, record, reason }]);
  }

  /** Appends rows whose bytes are not what was written, as text and as they are. */
  appendRows(rows: readonly Row[], reason: string): string {
    return this.#appendLines(rows.map(({ key, record }) => ({
      key: Buffer.from(key).toString(),
      record: Buffer.from(record).toString(),
      reason,
      keyBase64: Buffer.from(key).toString("base64"),
      recordBase64: Buffer.from(record).toString("base64"),
    })));
  }

  #appendLines(entries: readonly object[]): string {
    this.#file ??= nextAside(this.#path);
    try {
      appendFileSync(this.#file, entries.map((entry) => `${JSON.stringify(entry)}\n`).join(""));
    } catch (error) {
      throw fileFailure(this.#file, error);
    }
    return this.#file;
  }
}
