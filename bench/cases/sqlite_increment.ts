/**
 * Counters in a SQLite file, by one process and by four.
 *
 * @module
 */

import type { BenchCase } from "../case.ts";
import { idsOf, inTurn, makeSmall } from "../sessions.ts";
import { fourProcesses } from "../sqlite_processes.ts";
import { RawSqlite } from "../sqlite_raw.ts";
import { TENANT } from "../store.ts";
import { atMost, rateAtLeast } from "../verdict.ts";

const SESSIONS = 64;
const CALLERS = 64;
const SLOWEST_MS = 250;
const RAW = "raw UPDATE";
const ON_ONE = "ours, 64 callers on one session";
const ON_EACH = "ours, 64 callers on 64 sessions";

/**
 * `increment`, and one bare UPDATE between BEGIN IMMEDIATE and COMMIT. Callers of one session share a commit, those of
 * many sessions share a transaction alone.
 */
export const sqliteIncrement: BenchCase = {
  name: "sqlite_increment",
  title: "one counter, WAL, synchronous NORMAL; one process and four",
  backends: ["sqlite"],
  async run(bench) {
    const url = `${bench.folder}/sessions.db`;
    const ids = idsOf("small", SESSIONS);
    const sessions = (await bench.open({ url })).tenant(TENANT);
    await makeSmall(sessions, ids);
    const raw = bench.use(new RawSqlite(`${bench.folder}/raw.db`, ids, new Uint8Array(100)));
    const [mine, its] = [inTurn(ids), inTurn(ids)];
    const race = await bench.race([
      bench.callers("ours", () => sessions.increment(mine(), "n"), { callers: 1 }),
      bench.callers(ON_ONE, () => sessions.increment(ids[0]!, "n"), { callers: CALLERS }),
      bench.callers(
        ON_EACH,
        (caller) => sessions.increment(ids[caller % SESSIONS]!, "n"),
        { callers: CALLERS },
      ),
      bench.callers(RAW, () => {
        raw.update(its());
        return Promise.resolve();
      }, { callers: 1 }),
    ]);
    const processes = await fourProcesses(bench, { job: "increment", url, ids });
    return {
      races: [race, processes.race],
      verdicts: [
        rateAtLeast(race, { what: "rate, one caller", against: RAW, bound: 0.7 }),
        rateAtLeast(race, {
          ...{ what: "rate, 64 callers on one session", ours: ON_ONE, against: RAW, bound: 5 },
        }),
        rateAtLeast(race, {
          ...{ what: "rate, 64 callers on 64 sessions", ours: ON_EACH, against: RAW, bound: 5 },
        }),
        atMost("slowest call of four processes", {
          ...{ value: processes.slowestMs, unit: "ms" },
        }, SLOWEST_MS),
      ],
    };
  },
};
