/**
 * A long time at half of the peak rate: what the garbage collector makes of it.
 *
 * @module
 */

import { type BenchCase, REDIS_CLIENTS } from "../case.ts";
import { usedBytes } from "../garbage.ts";
import { LoopLag } from "../loop_lag.ts";
import { openLoop } from "../open_loop.ts";
import { idsOf, makeSmall } from "../sessions.ts";
import { median } from "../statistics.ts";
import { TENANT } from "../store.ts";
import { atMost } from "../verdict.ts";

const SESSIONS = 1_000;
const CALLERS = 64;
const FULL_MS = 600_000;
/** Turns' worth of time when it is not run in full. */
const TURNS = 20;
const PARTS = 10;
/** Growth of the heap that counts as none. */
const FLAT = 1.1;
const LONGEST_BLOCK_MS = 20;

/** Increments at half of the rate that was just reached; the heap is looked at between parts, its garbage collected. */
export const gc: BenchCase = {
  name: "gc",
  title: "increments at half of the peak rate for long: heap, latency, event loop",
  backends: REDIS_CLIENTS,
  async run(bench) {
    const { turnMs, isFull } = bench.settings;
    const ids = idsOf("gc", SESSIONS);
    const sessions = (await bench.open()).tenant(TENANT);
    await makeSmall(sessions, ids);
    const call = (index: number) => sessions.increment(ids[index % SESSIONS]!, "n");
    let made = 0;
    const peak = await bench.race([
      bench.callers("peak", () => call(made++), { callers: CALLERS, isTimed: false }),
    ]);
    const callsPerSecond = peak.standings[0]!.median / 2;
    const totalMs = isFull ? FULL_MS : TURNS * turnMs;
    const heaps: number[] = [];
    const blocks: number[] = [];
    const p999: number[] = [];
    for (let part = 0; part < PARTS; part++) {
      const lag = new LoopLag();
      const { latency } = await openLoop(call, { callsPerSecond, durationMs: totalMs / PARTS });
      blocks.push(lag.stop());
      p999.push(latency.p999Ms);
      heaps.push(usedBytes());
    }
    const [early, late] = [heaps.slice(0, 3), heaps.slice(-3)].map(median);
    return {
      races: [peak],
      verdicts: [
        atMost("heap at the end", { value: late!, unit: "B" }, FLAT, {
          ...{ name: "the heap at the beginning", value: early!, unit: "B" },
        }),
        atMost(
          "event loop blocked, longest",
          { value: Math.max(...blocks), unit: "ms" },
          LONGEST_BLOCK_MS,
        ),
      ],
      figures: {
        "rate": { value: callsPerSecond, unit: "/s" },
        "p99.9, median of the parts": { value: median(p999), unit: "ms" },
        "p99.9, worst part": { value: Math.max(...p999), unit: "ms" },
      },
      notes: isFull ? [] : ["Short: --full makes it 10 minutes."],
    };
  },
};
