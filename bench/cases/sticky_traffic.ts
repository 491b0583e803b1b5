/**
 * A pod among many, whose calls go mostly to sessions that only it serves.
 *
 * @module
 */

import { type BenchCase, REDIS_CLIENTS } from "../case.ts";
import { Pod } from "../pods/pod.ts";
import type { Contestant } from "../rounds.ts";
import { forEach, idsOf, makeSmall } from "../sessions.ts";
import { TENANT } from "../store.ts";
import { rateAtLeast } from "../verdict.ts";

const OWN_SESSIONS = 900;
const SHARED_SESSIONS = 100;
const CALLERS = 64;
/** Pods connected, this one among them. */
const PODS = [1, 10, 100];

/**
 * `increment` by one pod: nine of ten calls go to sessions of its own, the tenth to one of those that every pod holds.
 * The others live in another process, and read the shared sessions, 500 times a second together; where there are none, a
 * raw client does.
 */
export const stickyTraffic: BenchCase = {
  name: "sticky_traffic",
  title: "90 % of calls to sessions that only this pod serves; 1, 10, 100 pods connected",
  backends: REDIS_CLIENTS,
  async run(bench) {
    const { backend, server: { url } } = bench;
    const own = idsOf("own", OWN_SESSIONS);
    const shared = idsOf("shared", SHARED_SESSIONS);
    const sessions = (await bench.open()).tenant(TENANT);
    await makeSmall(sessions, [...own, ...shared]);
    const others = bench.use(
      await Pod.start({ job: "read-shared", backend, url, callers: 1, ids: shared }),
    );
    let calls = 0;
    const call = () => {
      const turn = calls++;
      const id = turn % 10 === 9
        ? shared[(turn - 9) / 10 % SHARED_SESSIONS]!
        : own[turn % OWN_SESSIONS]!;
      return sessions.increment(id, "n");
    };
    const among = (pods: number): Contestant => {
      const { name, turn } = bench.callers(nameOf(pods), call, { callers: CALLERS });
      return {
        name,
        async turn(latencies) {
          await others.obey({ pods: pods - 1 });
          // All of them have just loaded every shared session: that is their start, and no traffic.
          await forEach(shared, (id) => sessions.increment(id, "n"));
          return await turn(latencies);
        },
      };
    };
    const race = await bench.race(PODS.map(among));
    await others.obey({ pods: 0 });
    const [alone, ten, hundred] = PODS.map(nameOf);
    return {
      races: [race],
      verdicts: [ten, hundred].map((name) =>
        rateAtLeast(race, { what: `rate, ${name}`, ours: name!, against: alone!, bound: 0.95 })
      ),
    };
  },
};

function nameOf(pods: number): string {
  return pods === 1 ? "1 pod" : `${pods} pods`;
}
