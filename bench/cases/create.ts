/**
 * New sessions.
 *
 * @module
 */

import { type BenchCase, REDIS_CLIENTS } from "../case.ts";
import { openRawClient } from "../clients/open.ts";
import { RawCommits, recordCommits } from "../recorded_commits.ts";
import { TENANT } from "../store.ts";
import { rateAtLeast } from "../verdict.ts";

const CALLERS = 64;
const CONTEXT = { plan: "free", tx_count_1h: 0, risk: "low" };

/** `getOrCreate` of ids that nobody had before. */
export const create: BenchCase = {
  name: "create",
  title: `new sessions of three fields, ${CALLERS} callers`,
  backends: REDIS_CLIENTS,
  async run(bench) {
    const sessions = (await bench.open()).tenant(TENANT);
    const [recorded] = await recordCommits(bench, {
      calls: [(pod) => pod.getOrCreate("recorded", CONTEXT)],
    });
    const commits = await RawCommits.load(
      bench.use(await openRawClient(bench.backend, bench.server.url)),
    );
    const raw = commits.recreate(recorded!);
    let made = 0;
    const options = { callers: CALLERS };
    const race = await bench.race([
      bench.callers("ours", () => sessions.getOrCreate(`new-${made++}`, CONTEXT), options),
      bench.callers("raw EVALSHA", raw, options),
    ]);
    return {
      races: [race],
      verdicts: [rateAtLeast(race, { against: "raw EVALSHA", bound: 0.8 })],
    };
  },
};
