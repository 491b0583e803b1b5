/**
 * How calls and memory grow with the number of sessions.
 *
 * @module
 */

import type { TenantSessions } from "../../mod.ts";
import { type Bench, type BenchCase, REDIS_CLIENTS } from "../case.ts";
import { openRawClient } from "../clients/open.ts";
import { memoryFigures } from "../memory_figures.ts";
import type { Contestant, Race } from "../rounds.ts";
import { COLD_CACHE, inTurn } from "../sessions.ts";
import { fill, type SessionSize, type Stage, stageIds, stagesFor } from "../stages.ts";
import { TENANT } from "../store.ts";
import { wholeJob } from "../turns.ts";
import { atMost, type Quantity, rateAtLeast, type Verdict } from "../verdict.ts";

const CALLERS = 64;
/** Sessions that calls go to, spread over all. */
const CALLED = 50;
/** Latency may be a fifth longer: rates a sixth lower. */
const FLAT = 1 / 1.2;
const MEMORY_BOUND = 1.3;

/** A stage, and a pod on its store. */
interface Filled extends Stage {
  readonly name: string;
  readonly pod: TenantSessions;
  /** A pod that holds nothing. */
  readonly coldPod: TenantSessions;
}

/** Stores of 1,000, 10,000, 100,000 and 1,000,000 sessions side by side, each on a server of its own. */
export const growth: BenchCase = {
  name: "growth",
  title: "increment, load and list with more and more sessions; memory a session",
  backends: REDIS_CLIENTS,
  async run(bench) {
    const { available } = Deno.systemMemoryInfo();
    const stages: Filled[] = [];
    for (const stage of stagesFor(available, bench.settings.mostSessions)) {
      stages.push(await filled(bench, stage));
    }
    const large = stages.filter(({ size }) => size === "large");
    const increments = await bench.race(stages.map((stage) => incrementing(bench, stage)));
    const loads = await bench.race(large.map((stage) => loading(bench, stage)));
    const lists = await bench.race(stages.map(listing));
    const memory = await memoryVerdicts(bench);
    return {
      races: [increments, loads, lists],
      verdicts: [
        ...flat("increment", increments),
        ...flat("load", loads),
        ...flat("list, entries", lists),
        ...memory.verdicts,
      ],
      figures: memory.figures,
      notes: stages.filter(({ size }) => size === "small").map(({ name }) =>
        `${name} are small: large ones would not leave half of the machine's memory.`
      ),
    };
  },
};

async function filled(bench: Bench, stage: Stage): Promise<Filled> {
  const server = await bench.startServer();
  const client = bench.use(await openRawClient(bench.backend, server.url));
  const pod = (await bench.open({ url: server.url })).tenant(TENANT);
  const coldPod = (await bench.open({ url: server.url, cache: COLD_CACHE })).tenant(TENANT);
  await fill(pod, client, stage);
  const name = `${stage.sessions.toLocaleString("en")} sessions`;
  return { ...stage, name, pod, coldPod };
}

function incrementing(bench: Bench, stage: Filled): Contestant {
  const ids = calledIds(stage);
  const work = (caller: number) => stage.pod.increment(ids[caller % CALLED]!, "n");
  return bench.callers(`increment, ${stage.name}`, work, { callers: CALLERS });
}

function loading(bench: Bench, stage: Filled): Contestant {
  const next = inTurn(calledIds(stage));
  const work = () => stage.coldPod.loadFromStore(next());
  return bench.callers(`load, ${stage.name}`, work, { callers: 16 });
}

function listing(stage: Filled): Contestant {
  return wholeJob(`list, ${stage.name}`, async () => {
    let entries = 0;
    for await (const _ of stage.pod.list()) entries++;
    return entries;
  });
}

function calledIds(stage: Stage): string[] {
  const ids = stageIds(stage);
  return Array.from(
    { length: CALLED },
    (_, index) => ids[Math.floor(index * ids.length / CALLED)]!,
  );
}

/** Each stage against the smallest one. */
function flat(what: string, race: Race): Verdict[] {
  const [first, ...others] = race.standings;
  return others.map(({ name }) =>
    rateAtLeast(race, {
      ...{ what: `${what}, ${name.split(", ")[1]}`, ours: name, against: first!.name, bound: FLAT },
    })
  );
}

async function memoryVerdicts(
  bench: Bench,
): Promise<{ readonly verdicts: Verdict[]; readonly figures: Record<string, Quantity> }> {
  const client = bench.use(await openRawClient(bench.backend, bench.server.url));
  const verdicts: Verdict[] = [];
  const figures: Record<string, Quantity> = {};
  for (const size of ["large", "small"] as const satisfies readonly SessionSize[]) {
    const { store, pod, bare } = await memoryFigures(bench, client, size);
    const against = { name: "a bare hash", value: bare, unit: "B" } as const;
    verdicts.push(
      atMost(`store, ${size} session`, { value: store, unit: "B" }, MEMORY_BOUND, against),
      atMost(`pod, ${size} session`, { value: pod, unit: "B" }, MEMORY_BOUND, against),
    );
    figures[`a bare hash, ${size}`] = { value: bare, unit: "B" };
  }
  return { verdicts, figures };
}
