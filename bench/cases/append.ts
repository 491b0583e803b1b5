/**
 * A vector that joins a session's trajectory.
 *
 * @module
 */

import { bytesPerCall } from "../bytes_per_call.ts";
import { type BenchCase, REDIS_CLIENTS } from "../case.ts";
import { openRawClient } from "../clients/open.ts";
import { RawCommits, recordCommits } from "../recorded_commits.ts";
import { DIMENSION, embedding, idsOf, makeLarge } from "../sessions.ts";
import { TENANT } from "../store.ts";
import { atMost, rateAtLeast } from "../verdict.ts";

const SESSIONS = 50;
const CALLERS = 64;
const VECTOR_BYTES = 4 * DIMENSION;

/** `appendTrajectory` to sessions that hold ten vectors: the oldest goes. */
export const append: BenchCase = {
  name: "append",
  title: `a vector of 1,536, ${SESSIONS} sessions, ${CALLERS} callers`,
  backends: REDIS_CLIENTS,
  async run(bench) {
    const ids = idsOf("large", SESSIONS);
    const rawIds = idsOf("raw", SESSIONS);
    const vector = embedding();
    const sessions = (await bench.open()).tenant(TENANT);
    await makeLarge(sessions, ids);
    const recorded = await recordCommits(bench, {
      prepare: (pod) => makeLarge(pod, rawIds),
      calls: rawIds.map((id) => (pod) => pod.appendTrajectory(id, vector)),
    });
    const commits = await RawCommits.load(
      bench.use(await openRawClient(bench.backend, bench.server.url)),
    );
    const raw = recorded.map((commit) => commits.resend(commit));
    const options = { callers: CALLERS };
    const race = await bench.race([
      bench.callers(
        "ours",
        (caller) => sessions.appendTrajectory(ids[caller % SESSIONS]!, vector),
        options,
      ),
      bench.callers("raw EVALSHA", (caller) => raw[caller % SESSIONS]!(), options),
    ]);
    const bytes = await bytesPerCall(bench, {
      prepare: (pod) => pod.getOrCreate("wire"),
      call: (pod) => pod.appendTrajectory("wire", vector),
    });
    return {
      races: [race],
      verdicts: [
        rateAtLeast(race, { against: "raw EVALSHA", bound: 0.8 }),
        atMost("sent", { value: bytes.sent, unit: "B" }, Math.floor(1.02 * VECTOR_BYTES + 250)),
      ],
      figures: { "received": { value: bytes.received, unit: "B" } },
    };
  },
};
