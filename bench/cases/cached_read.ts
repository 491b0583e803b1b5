/**
 * A read that memory answers.
 *
 * @module
 */

import { type BenchCase, REDIS_CLIENTS } from "../case.ts";
import { median } from "../statistics.ts";
import { TENANT } from "../store.ts";
import { atMost, rateAtLeast, rateAtLeastBest } from "../verdict.ts";

const ID = "read";
const ALLOCATION_SAMPLES = 31;
const READS_A_SAMPLE = 5_000;
/** What the measuring itself cannot tell apart. */
const ALLOCATION_TOLERANCE_BYTES = 16;

/** `get` of one session that is held, one call after the other. */
export const cachedRead: BenchCase = {
  name: "cached_read",
  title: "get of a held session, one after the other",
  backends: REDIS_CLIENTS,
  isGuarded: true,
  async run(bench) {
    const sessions = (await bench.open()).tenant(TENANT);
    await sessions.getOrCreate(ID, { plan: "free", tx_count_1h: 5, risk: "low" });
    const ours = () => sessions.get(ID);
    const bare = bareLookup();
    // Of the peers only this one has a memory tier.
    const bentocache = (await bench.peers()).find(({ name }) => name === "bentocache");
    await bentocache?.set(ID, { context: { tx_count_1h: 5 }, trajectory: [] });
    const alone = { callers: 1, isTimed: false };
    const race = await bench.race([
      bench.callers("ours", ours, alone),
      bench.callers("ours, with the context", async () => (await ours())!.context, alone),
      bench.callers("bare lookup", bare, alone),
      ...bentocache ? [bench.callers("bentocache", () => bentocache.get(ID), alone)] : [],
    ]);
    const bytes = { value: await allocatedPerCall(ours), unit: "B" } as const;
    const bareBytes = { value: await allocatedPerCall(bare), unit: "B" } as const;
    return {
      races: [race],
      verdicts: [
        rateAtLeastBest(race, {
          ...{ what: "rate", names: ["bentocache"], of: "bentocache's memory tier", bound: 8 },
        }),
        atMost("allocated beyond the promise", {
          value: Math.max(0, bytes.value - bareBytes.value),
          unit: "B",
        }, ALLOCATION_TOLERANCE_BYTES),
      ],
      figures: {
        "allocated by a read": bytes,
        "allocated by a bare lookup": bareBytes,
        "share of a bare lookup": {
          value: rateAtLeast(race, { against: "bare lookup", bound: 0 }).ratio!,
          unit: "×",
        },
      },
    };
  },
};

/** The limit: a look-up and a clock check, in a promise. */
function bareLookup(): () => Promise<unknown> {
  const held = new Map([[ID, { value: { tx_count_1h: 5 }, expiresAtMs: Infinity }]]);
  // deno-lint-ignore require-await -- the promise is what is measured
  return async () => {
    const entry = held.get(ID);
    return entry && performance.now() < entry.expiresAtMs ? entry.value : undefined;
  };
}

/** Bytes of heap that a call takes: the median, since the garbage collector empties some samples. */
async function allocatedPerCall(call: () => Promise<unknown>): Promise<number> {
  const samples: number[] = [];
  for (let sample = 0; sample < ALLOCATION_SAMPLES; sample++) {
    const before = Deno.memoryUsage().heapUsed;
    for (let made = 0; made < READS_A_SAMPLE; made++) await call();
    const grown = Deno.memoryUsage().heapUsed - before;
    if (grown > 0) samples.push(grown / READS_A_SAMPLE);
  }
  return Math.round(median(samples));
}
