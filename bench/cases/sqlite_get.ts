/**
 * Whole sessions read from a SQLite file, by one process and by four.
 *
 * @module
 */

import type { BenchCase } from "../case.ts";
import { COLD_CACHE, idsOf, inTurn, makeLarge } from "../sessions.ts";
import { fourProcesses } from "../sqlite_processes.ts";
import { RawSqlite } from "../sqlite_raw.ts";
import { TENANT } from "../store.ts";
import { atMost } from "../verdict.ts";
import { pairedRatio } from "../statistics.ts";
import { standingOf } from "../rounds.ts";

const SESSIONS = 64;
/** Bytes of a session's vectors. */
const VALUE_BYTES = 61_440;
const SLOWEST_MS = 250;
const RAW = "raw SELECT";

/** `loadFromStore` of what memory does not hold, and a bare SELECT of one row of as many bytes. */
export const sqliteGet: BenchCase = {
  name: "sqlite_get",
  title: "a whole session of 10 × 1,536 vectors, not cached; one process and four",
  backends: ["sqlite"],
  async run(bench) {
    const url = `${bench.folder}/sessions.db`;
    const ids = idsOf("large", SESSIONS);
    await makeLarge((await bench.open({ url })).tenant(TENANT), ids);
    const sessions = (await bench.open({ url, cache: COLD_CACHE })).tenant(TENANT);
    const value = new Uint8Array(VALUE_BYTES);
    const raw = bench.use(new RawSqlite(`${bench.folder}/raw.db`, ids, value));
    const [mine, its] = [inTurn(ids), inTurn(ids)];
    const race = await bench.race([
      bench.callers("ours", () => sessions.loadFromStore(mine()), { callers: 1 }),
      bench.callers(RAW, () => Promise.resolve(raw.select(its())), { callers: 1 }),
    ]);
    const processes = await fourProcesses(bench, { job: "get", url, ids });
    const share = pairedRatio(standingOf(race, "ours").rounds, standingOf(race, RAW).rounds);
    return {
      races: [race, processes.race],
      verdicts: [
        atMost("slowest call of four processes", {
          ...{ value: processes.slowestMs, unit: "ms" },
        }, SLOWEST_MS),
      ],
      figures: { "share of a raw SELECT": { value: share, unit: "×" } },
    };
  },
};
