/**
 * A whole session of 61 kB that memory does not hold.
 *
 * @module
 */

import { type BenchCase, REDIS_CLIENTS } from "../case.ts";
import { openRawClient } from "../clients/open.ts";
import { storeKeyOf } from "../keys.ts";
import { PEER_NAMES, type PeerName } from "../peer.ts";
import type { Contestant } from "../rounds.ts";
import { COLD_CACHE, embedding, idsOf, inTurn, makeLarge, VECTORS } from "../sessions.ts";
import { TENANT } from "../store.ts";
import { rateAtLeast, rateAtLeastBest } from "../verdict.ts";

const SESSIONS = 50;
const CALLERS = 16;
/** The one with a memory tier would answer without its store. */
const WITHOUT_MEMORY: readonly PeerName[] = PEER_NAMES.filter((name) => name !== "bentocache");

/** `loadFromStore` with its vectors looked at, HGETALL of the same record, and the peers' JSON. */
export const loadLarge: BenchCase = {
  name: "load_large",
  title: `a whole session of ${VECTORS} × 1,536 vectors (61 kB), not cached, ${CALLERS} callers`,
  backends: REDIS_CLIENTS,
  isGuarded: true,
  async run(bench) {
    const ids = idsOf("large", SESSIONS);
    const sessions = (await bench.open()).tenant(TENANT);
    await makeLarge(sessions, ids);
    const client = bench.use(await openRawClient(bench.backend, bench.server.url));
    const keys = ids.map(storeKeyOf);
    const options = { callers: CALLERS };
    // Another pod, that holds nothing: of a version that it knew it would be told only that it is the same.
    const reader = (await bench.open({ cache: COLD_CACHE })).tenant(TENANT);
    const [mine, looked, its] = [inTurn(ids), inTurn(ids), inTurn(keys)];
    const race = await bench.race([
      bench.callers("ours", () => reader.loadFromStore(mine()), options),
      bench.callers(
        "ours, vectors looked at",
        async () => (await reader.loadFromStore(looked()))!.trajectory,
        options,
      ),
      bench.callers("raw HGETALL", () => client.hgetall(its()), options),
      ...await peers(),
    ]);
    return {
      races: [race],
      verdicts: [
        rateAtLeast(race, { what: "rate, raw", against: "raw HGETALL", bound: 0.8 }),
        rateAtLeastBest(race, {
          ...{ what: "rate, peers", names: WITHOUT_MEMORY, of: "the best JSON peer", bound: 8 },
        }),
      ],
    };

    async function peers(): Promise<Contestant[]> {
      const trajectory = Array.from({ length: VECTORS }, () => Array.from(embedding()));
      const found = (await bench.peers()).filter(({ name }) => WITHOUT_MEMORY.includes(name));
      for (const peer of found) {
        for (const id of ids) await peer.set(id, { context: { n: 0 }, trajectory });
      }
      return found.map((peer) =>
        bench.callers(peer.name, (caller) => peer.get(ids[caller % SESSIONS]!), options)
      );
    }
  },
};
