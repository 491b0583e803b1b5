/**
 * One counter of one session, wanted by a thousand callers in two processes; none of its increments may be lost.
 *
 * @module
 */

import { type BenchCase, REDIS_CLIENTS } from "../case.ts";
import { perSecond, Pod, together } from "../pods/pod.ts";
import type { PodJob } from "../pods/protocol.ts";
import type { Contestant } from "../rounds.ts";
import { TENANT } from "../store.ts";
import { atMost, rateAtLeast } from "../verdict.ts";

const PODS = 2;
const CALLERS = 1_000;
const ID = "hot";

/** The same as `increment_hot`, from two processes at once. */
export const incrementHot2Pods: BenchCase = {
  name: "increment_hot_2pods",
  title: "one counter of one session, 1,000 callers in two processes, nothing lost",
  backends: REDIS_CLIENTS,
  async run(bench) {
    const { backend, server: { url }, settings: { turnMs } } = bench;
    const sessions = (await bench.open()).tenant(TENANT);
    await sessions.getOrCreate(ID, { n: 0 });
    const start = async (job: PodJob["job"]) => {
      const pods: Pod[] = [];
      for (let index = 0; index < PODS; index++) {
        const callers = CALLERS / PODS;
        const settings = { job, backend, url, callers, isTimed: false, ids: [ID] };
        pods.push(bench.use(await Pod.start(settings)));
      }
      return pods;
    };
    const [ours, raw] = [await start("increment"), await start("raw-incr")];
    let answered = 0;
    const contestant = (name: string, pods: readonly Pod[]): Contestant => ({
      name,
      async turn() {
        const turn = await together(pods, turnMs);
        if (pods === ours) answered += turn.pieces;
        return perSecond(turn);
      },
    });
    const race = await bench.race([contestant("ours", ours), contestant("raw INCR", raw)]);
    const counted = Number((await sessions.loadFromStore(ID))?.context.n);
    return {
      races: [race],
      verdicts: [
        rateAtLeast(race, { against: "raw INCR", bound: 6 }),
        atMost("lost increments", { value: answered - counted, unit: "" }, 0),
      ],
      figures: { "increments answered": { value: answered, unit: "" } },
    };
  },
};
