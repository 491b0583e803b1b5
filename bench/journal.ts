/**
 * The journal on disk: what it costs to write records down before they are sent.
 *
 * @module
 */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sqliteJournal } from "../adapters/sqlite_journal.ts";

const RECORDS = 10_000;
const SINGLE_WRITES = 500;
const RECORD = "x".repeat(500);

/** Figures of the journal on disk, in milliseconds. */
export interface JournalFigures {
  /** 10,000 records of 500 bytes, written at once. */
  readonly manyMs: number;
  /** One record, each written by itself. */
  readonly oneMs: number;
}

/** Writes records to a journal in the folder for temporary files. */
export async function journalFigures(): Promise<JournalFigures> {
  const directory = await mkdtemp(join(tmpdir(), "hakgal-bench-"));
  const journal = sqliteJournal({ path: join(directory, "journal.db") });
  try {
    await journal.open();
    const many = new Map(Array.from({ length: RECORDS }, (_, i) => [`key-${i}`, RECORD]));
    const startedAt = performance.now();
    await journal.write(many);
    const writtenAt = performance.now();
    for (let i = 0; i < SINGLE_WRITES; i++) await journal.write(new Map([[`key-${i}`, "y"]]));
    return {
      manyMs: writtenAt - startedAt,
      oneMs: (performance.now() - writtenAt) / SINGLE_WRITES,
    };
  } finally {
    await journal.close();
    await rm(directory, { recursive: true });
  }
}
