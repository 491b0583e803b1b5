/**
 * A pod takes over the sessions of another one that died.
 *
 * @module
 */

import { type BenchCase, REDIS_CLIENTS } from "../case.ts";
import { openRawClient } from "../clients/open.ts";
import { storeKeyOf } from "../keys.ts";
import { forEach, idsOf } from "../sessions.ts";
import { median } from "../statistics.ts";
import { TENANT } from "../store.ts";
import { wholeJob } from "../turns.ts";
import { atMost, rateAtLeast } from "../verdict.ts";

const SESSIONS = 10_000;
const PIPELINE = 256;

/** `recover` of ten thousand small sessions, and HGETALL of the same records in pipelines. */
export const recover10000: BenchCase = {
  name: "recover_10000",
  title: "10,000 small sessions recovered",
  backends: REDIS_CLIENTS,
  async run(bench) {
    const ids = idsOf("recover", SESSIONS);
    const sessions = (await bench.open()).tenant(TENANT);
    await forEach(ids, (id) => sessions.getOrCreate(id, { request_count: 42 }));
    const heir = await bench.open();
    const client = bench.use(await openRawClient(bench.backend, bench.server.url));
    const keys = ids.map(storeKeyOf);
    const firstMs: number[] = [];
    const race = await bench.race([
      wholeJob("ours", async () => {
        const startedAtMs = performance.now();
        let isFirst = true;
        const found = await heir.tenant(TENANT).recover(ids, {
          onSession() {
            if (isFirst) firstMs.push(performance.now() - startedAtMs);
            isFirst = false;
          },
        });
        return found.size;
      }, { before: () => heir.clearCache() }),
      wholeJob("raw pipelined HGETALL", async () => {
        for (let start = 0; start < SESSIONS; start += PIPELINE) {
          await client.hgetallMany(keys.slice(start, start + PIPELINE));
        }
        return SESSIONS;
      }),
    ]);
    return {
      races: [race],
      verdicts: [
        rateAtLeast(race, { against: "raw pipelined HGETALL", bound: 0.8 }),
        // The first of all was the one that warmed up.
        atMost("first onSession", { value: median(firstMs.slice(1)), unit: "ms" }, 20),
      ],
    };
  },
};
