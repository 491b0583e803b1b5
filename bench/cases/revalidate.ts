/**
 * A held session that is asked about again, and has not changed.
 *
 * @module
 */

import { bytesPerCall } from "../bytes_per_call.ts";
import { type BenchCase, REDIS_CLIENTS } from "../case.ts";
import { openRawClient } from "../clients/open.ts";
import { idsOf, makeLarge } from "../sessions.ts";
import { TENANT } from "../store.ts";
import { atMost, rateAtLeast } from "../verdict.ts";

const SESSIONS = 50;
const CALLERS = 64;
const MOST_BYTES = 120;

/** `get` past the freshness bound (here: fresh), and GET of a small value. */
export const revalidate: BenchCase = {
  name: "revalidate",
  title: `a held session after its freshness bound, unchanged, ${CALLERS} callers`,
  backends: REDIS_CLIENTS,
  async run(bench) {
    const ids = idsOf("held", SESSIONS);
    const sessions = (await bench.open()).tenant(TENANT);
    await makeLarge(sessions, ids);
    const client = bench.use(await openRawClient(bench.backend, bench.server.url));
    for (const id of ids) await client.set(id, "1");
    const options = { callers: CALLERS };
    const race = await bench.race([
      bench.callers(
        "ours",
        (caller) => sessions.get(ids[caller % SESSIONS]!, { fresh: true }),
        options,
      ),
      bench.callers("raw GET", (caller) => client.get(ids[caller % SESSIONS]!), options),
    ]);
    const bytes = await bytesPerCall(bench, {
      prepare: (pod) => pod.get(ids[0]!),
      call: (pod) => pod.get(ids[0]!, { fresh: true }),
    });
    return {
      races: [race],
      verdicts: [
        rateAtLeast(race, { against: "raw GET", bound: 0.9 }),
        atMost("sent", { value: bytes.sent, unit: "B" }, MOST_BYTES),
        atMost("received", { value: bytes.received, unit: "B" }, MOST_BYTES),
      ],
    };
  },
};
