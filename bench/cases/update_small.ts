/**
 * Two fields of a small session.
 *
 * @module
 */

import { type BenchCase, REDIS_CLIENTS } from "../case.ts";
import { openRawClient } from "../clients/open.ts";
import { RawCommits, recordCommits } from "../recorded_commits.ts";
import { idsOf, inTurn, makeSmall } from "../sessions.ts";
import { TENANT } from "../store.ts";
import { rateAtLeast } from "../verdict.ts";

const SESSIONS = 1_000;
const CALLERS = 64;
const PATCH = { risk: "high", tx_count_1h: 6 };

/** `updateContext` of two fields, each caller going from session to session. */
export const updateSmall: BenchCase = {
  name: "update_small",
  title: `two fields, ${SESSIONS.toLocaleString("en")} sessions, ${CALLERS} callers`,
  backends: REDIS_CLIENTS,
  isGuarded: true,
  async run(bench) {
    const ids = idsOf("small", SESSIONS);
    const rawIds = idsOf("raw", SESSIONS);
    const sessions = (await bench.open()).tenant(TENANT);
    await makeSmall(sessions, ids);
    const recorded = await recordCommits(bench, {
      prepare: (pod) => makeSmall(pod, rawIds),
      calls: rawIds.map((id) => (pod) => pod.updateContext(id, PATCH)),
    });
    const commits = await RawCommits.load(
      bench.use(await openRawClient(bench.backend, bench.server.url)),
    );
    const send = recorded.map((commit) => commits.resend(commit));
    const [mine, raw] = [inTurn(ids), inTurn(send)];
    const options = { callers: CALLERS };
    const race = await bench.race([
      bench.callers("ours", () => sessions.updateContext(mine(), PATCH), options),
      bench.callers("raw EVALSHA", () => raw()(), options),
    ]);
    return {
      races: [race],
      verdicts: [rateAtLeast(race, { against: "raw EVALSHA", bound: 0.8 })],
    };
  },
};
