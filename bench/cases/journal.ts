/**
 * The journal on disk: what it costs to write records down before they are sent.
 *
 * @module
 */

import { sqliteJournal } from "../../adapters/sqlite_journal.ts";
import type { BenchCase } from "../case.ts";
import { atMost } from "../verdict.ts";

const RECORDS = 10_000;
const SINGLE_WRITES = 500;
const RECORD = "x".repeat(500);

/** Records of 500 bytes, many at once and one by one. */
export const journal: BenchCase = {
  name: "journal",
  title: "the journal on disk, records of 500 bytes",
  backends: ["none"],
  async run({ folder }) {
    const store = sqliteJournal({ path: `${folder}/journal.db` });
    try {
      await store.open();
      const many = new Map(Array.from({ length: RECORDS }, (_, i) => [`key-${i}`, RECORD]));
      const startedAtMs = performance.now();
      await store.write(many);
      const writtenAtMs = performance.now();
      for (let i = 0; i < SINGLE_WRITES; i++) await store.write(new Map([[`key-${i}`, "y"]]));
      const oneMs = (performance.now() - writtenAtMs) / SINGLE_WRITES;
      return {
        races: [],
        verdicts: [
          atMost("10,000 records at once", { value: writtenAtMs - startedAtMs, unit: "ms" }, 1_000),
          atMost("one record by itself", { value: oneMs, unit: "ms" }, 5),
        ],
      };
    } finally {
      await store.close();
    }
  },
};
