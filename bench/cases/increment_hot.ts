/**
 * One counter of one session, wanted by a thousand callers: group commit.
 *
 * @module
 */

import { type BenchCase, REDIS_CLIENTS } from "../case.ts";
import { openRawClient } from "../clients/open.ts";
import { TENANT } from "../store.ts";
import { rateAtLeast } from "../verdict.ts";

const CALLERS = 1_000;

/** `increment` of one counter, and INCR of one key. */
export const incrementHot: BenchCase = {
  name: "increment_hot",
  title: "one counter of one session, 1,000 callers",
  backends: REDIS_CLIENTS,
  isGuarded: true,
  async run(bench) {
    const sessions = (await bench.open()).tenant(TENANT);
    await sessions.getOrCreate("hot", { n: 0 });
    const client = bench.use(await openRawClient(bench.backend, bench.server.url));
    // A look at the clock costs as much as a call that joins a batch.
    const options = { callers: CALLERS, isTimed: false };
    const race = await bench.race([
      bench.callers("ours", () => sessions.increment("hot", "n"), options),
      bench.callers("raw INCR", () => client.incr("hot"), options),
    ]);
    return {
      races: [race],
      verdicts: [rateAtLeast(race, { against: "raw INCR", bound: 8 })],
    };
  },
};
