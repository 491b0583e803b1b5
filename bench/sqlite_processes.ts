/**
 * Four processes on one SQLite file.
 *
 * @module
 */

import type { Bench } from "./case.ts";
import { perSecond, Pod, together } from "./pods/pod.ts";
import type { PodJobName } from "./pods/protocol.ts";
import type { Contestant, Race } from "./rounds.ts";

const PROCESSES = 4;
const CALLERS_EACH = 16;

/** What they reached together, and the slowest call of any of them, in milliseconds. */
export interface ProcessesFigures {
  readonly race: Race;
  readonly slowestMs: number;
}

/** Lets four processes do the same work at once on the file at `url`. */
export async function fourProcesses(
  bench: Bench,
  { job, url, ids }: {
    readonly job: PodJobName;
    readonly url: string;
    readonly ids: readonly string[];
  },
): Promise<ProcessesFigures> {
  const pods: Pod[] = [];
  for (let index = 0; index < PROCESSES; index++) {
    const settings = { job, backend: bench.backend, url, callers: CALLERS_EACH, ids };
    pods.push(bench.use(await Pod.start(settings)));
  }
  let slowestMs = 0;
  const contestant: Contestant = {
    name: "ours, four processes",
    async turn() {
      const turn = await together(pods, bench.settings.turnMs);
      slowestMs = Math.max(slowestMs, turn.slowestMs);
      return perSecond(turn);
    },
  };
  const race = await bench.race([contestant]);
  return { race, slowestMs };
}
