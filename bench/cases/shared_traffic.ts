/**
 * Sessions that eight pods read and one writes: how old what they see is.
 *
 * @module
 */

import { type BenchCase, REDIS_CLIENTS } from "../case.ts";
import type { TenantSessions } from "../../mod.ts";
import { LatencyRecorder } from "../latency.ts";
import { idsOf, makeSmall } from "../sessions.ts";
import { quantile } from "../statistics.ts";
import { TENANT } from "../store.ts";
import { atMost } from "../verdict.ts";

const READERS = 8;
const SESSIONS = 20;
const WRITE_EVERY_MS = 5;
/** The manager's own default. */
const MAX_STALENESS_MS = 1_000;
/** Turns' worth of time that is watched. */
const TURNS = 10;

/** One version of a session, and what the readers saw of it. */
interface Written {
  readonly n: number;
  readonly answeredAtMs: number;
}

/**
 * Reads without a pause by eight pods of this process, writes every 5 ms. Staleness is told for each pod and write: from
 * the writer's answer to the beginning of the last read that did not show it; 0 when none failed to.
 */
export const sharedTraffic: BenchCase = {
  name: "shared_traffic",
  title: "sessions read by 8 pods, written by one every 5 ms",
  backends: REDIS_CLIENTS,
  async run(bench) {
    const ids = idsOf("shared", SESSIONS);
    const writer = (await bench.open()).tenant(TENANT);
    await makeSmall(writer, ids);
    for (const id of ids) await writer.increment(id, "n");
    const readers: TenantSessions[] = [];
    for (let pod = 0; pod < READERS; pod++) readers.push((await bench.open()).tenant(TENANT));
    await Promise.all(readers.flatMap((reader) => ids.map((id) => reader.get(id))));

    const written = new Map<string, Written>(ids.map((id) => [id, { n: 1, answeredAtMs: 0 }]));
    const staleness: number[] = [];
    const endsAtMs = performance.now() + TURNS * bench.settings.turnMs;
    let reads = 0;
    const write = async () => {
      for (let turn = 0; performance.now() < endsAtMs; turn++) {
        const id = ids[turn % SESSIONS]!;
        const n = await writer.increment(id, "n");
        written.set(id, { n, answeredAtMs: performance.now() });
        await pause(WRITE_EVERY_MS);
      }
    };
    const latencies = new LatencyRecorder();
    const read = async (reader: TenantSessions) => {
      const lastStaleMs = new Map<string, number>();
      const seen = new Map<string, number>(ids.map((id) => [id, 1]));
      while (performance.now() < endsAtMs) {
        for (const id of ids) {
          const { n, answeredAtMs } = written.get(id)!;
          const beganAtMs = performance.now();
          const found = Number((await reader.get(id))!.context.n);
          latencies.record(performance.now() - beganAtMs);
          reads++;
          if (found < n) lastStaleMs.set(id, Math.max(0, beganAtMs - answeredAtMs));
          else if (found > seen.get(id)!) {
            staleness.push(lastStaleMs.get(id) ?? 0);
            lastStaleMs.delete(id);
            seen.set(id, found);
          }
        }
        await pause(0);
      }
    };
    const startedAtMs = performance.now();
    await Promise.all([write(), ...readers.map(read)]);
    const tookS = (performance.now() - startedAtMs) / 1_000;
    const latency = latencies.summary();
    return {
      races: [],
      verdicts: [
        atMost("staleness, median", { value: quantile(staleness, 0.5), unit: "ms" }, 2),
        atMost("staleness, max", { value: Math.max(...staleness), unit: "ms" }, MAX_STALENESS_MS),
      ],
      figures: {
        "reads": { value: reads / tookS, unit: "/s" },
        "writes seen, of each pod": { value: staleness.length, unit: "" },
        "read, p99": { value: latency?.p99Ms ?? 0, unit: "ms" },
      },
      notes: [
        "All nine pods share one process, so that one clock times them; its event loop's turns are in the figures.",
      ],
    };
  },
};

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
