/**
 * Mixed work at a fixed rate.
 *
 * @module
 */

import type { TenantSessions } from "../../mod.ts";
import { type BenchCase, REDIS_CLIENTS } from "../case.ts";
import { openRawClient } from "../clients/open.ts";
import { openLoop } from "../open_loop.ts";
import { embedding, idsOf, makeSmall } from "../sessions.ts";
import { TENANT } from "../store.ts";
import { atMost } from "../verdict.ts";

const CALLS_PER_SECOND = 20_000;
/** Turns' worth of time: 30 s of the usual ones. */
const TURNS = 30;
const RAW_TURNS = 10;
/** A prime: with {@linkcode KINDS} it has no factor in common, so that every session gets calls of every kind. */
export const MIXED_SESSIONS = 1_009;
/** Calls after which the kinds come again. */
export const KINDS = 100;
const VECTOR = embedding(384);

/** Six reads of ten calls, two increments, one update; of a hundred, six new sessions and four vectors. */
export const openLoopCase: BenchCase = {
  name: "open_loop",
  title: `${
    CALLS_PER_SECOND.toLocaleString("en")
  } calls/s of mixed work, timed from when each was due`,
  backends: REDIS_CLIENTS,
  async run(bench) {
    const ids = idsOf("mixed", MIXED_SESSIONS);
    const sessions = (await bench.open()).tenant(TENANT);
    await makeSmall(sessions, ids);
    const call = mixedWork(sessions, ids);
    let made = 0;
    const client = bench.use(await openRawClient(bench.backend, bench.server.url));
    const atRate = async (turns: number, work: () => Promise<unknown>) => {
      const { turnMs } = bench.settings;
      const atRateFor = (durationMs: number) =>
        openLoop(work, { callsPerSecond: CALLS_PER_SECOND, durationMs });
      // At the rate that is measured, as the callers of other cases warm up: functions are compiled by how often they run.
      await atRateFor(turnMs);
      return await atRateFor(turns * turnMs);
    };
    const { calls, failed, latency } = await atRate(TURNS, () => call(made++));
    // The least that calls wait at this rate, whoever makes them.
    const raw = await atRate(RAW_TURNS, () => client.incr(`raw-${made++ % MIXED_SESSIONS}`));
    return {
      races: [],
      verdicts: [
        atMost("p99", { value: latency.p99Ms, unit: "ms" }, 5),
        atMost("failed", { value: failed, unit: "" }, 0),
      ],
      figures: {
        "calls": { value: calls, unit: "" },
        "p50": { value: latency.p50Ms, unit: "ms" },
        "p99.9": { value: latency.p999Ms, unit: "ms" },
        "slowest": { value: latency.maxMs, unit: "ms" },
        "raw INCR at this rate, p99": { value: raw.latency.p99Ms, unit: "ms" },
      },
    };
  },
};

/** The calls of mixed work, by their number. */
export function mixedWork(
  sessions: TenantSessions,
  ids: readonly string[],
): (index: number) => Promise<unknown> {
  return (index) => {
    const id = ids[index % ids.length]!;
    const kind = index % KINDS;
    if (kind < 60) return sessions.get(id);
    if (kind < 80) return sessions.increment(id, "tx_count_1h");
    if (kind < 90) return sessions.updateContext(id, { risk: index % 2 ? "low" : "high" });
    if (kind < 96) return sessions.getOrCreate(`new-${index}`, { plan: "free" });
    return sessions.appendTrajectory(id, VECTOR);
  };
}
