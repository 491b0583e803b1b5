import { type CampaignOptions, type CampaignResult, runCampaign, type Tally } from "../campaign.ts";
import { type FaultKind, faultKindsOf, isOutage } from "../fault_kinds.ts";
import { runSimulated } from "../simulated_runner.ts";
import { RealLane } from "./real_lane.ts";
import { openRealStore } from "./real_store.ts";
import type { Target } from "./target.ts";

export interface BackendRunOptions {
  readonly args: {
    readonly seed: number;
    readonly path: string | undefined;
    readonly runs: number | undefined;
    /** Undefined: all. */
    readonly faults: readonly FaultKind[] | undefined;
  };
  readonly timeLimitMs: number;
  readonly signal: AbortSignal;
  readonly onTally: (tallies: readonly Tally[]) => void;
}

export interface BackendRun {
  readonly results: readonly CampaignResult[];
  /** The server's version as it said it. */
  readonly server: string | undefined;
}

/** Lanes side by side at most: what is real waits most of the time. */
const LANES = 3;
/** Each lane starts three processes, which must be worth it. */
const LEAST_MS_A_LANE = 10_000;
/** Tries of a real case that failed before: its timing differs each time. */
const REAL_TRIES = 20;

/**
 * The faults that a run makes on a target: what is selected and can be made there. Outages of servers take long, so on
 * them they are made only where they are selected.
 */
export function faultsFor(
  target: Target,
  selected: readonly FaultKind[] | undefined,
): readonly FaultKind[] {
  const { kind } = target.store;
  const possible = kind === "redis-url"
    ? faultKindsOf("redis").filter((fault) => fault !== "server-restart")
    : faultKindsOf(kind);
  return selected === undefined
    ? possible.filter((fault) => kind === "memory" || !isOutage(fault))
    : possible.filter((fault) => selected.includes(fault));
}

export async function runBackend(target: Target, options: BackendRunOptions): Promise<BackendRun> {
  const { store } = target;
  if (store.kind !== "memory") return await runReal(target, options);
  const tallies: Tally[] = [];
  const result = await runCampaign({
    ...common(options, 0, tallies),
    runner: (chaosCase) => runSimulated(chaosCase),
    cases: { faults: faultsFor(target, options.args.faults), time: "virtual" },
    isDeterministic: true,
  });
  return { results: [result], server: undefined };
}

async function runReal(target: Target, options: BackendRunOptions): Promise<BackendRun> {
  const { path, runs } = options.args;
  const startedAtMs = performance.now();
  const affordable = Math.max(1, Math.floor(options.timeLimitMs / LEAST_MS_A_LANE));
  const count = path === undefined ? Math.min(LANES, affordable, runs ?? LANES) : 1;
  const lanes: RealLane[] = [];
  const tallies: Tally[] = [];
  const found = new AbortController();
  const signal = AbortSignal.any([found.signal, options.signal]);
  try {
    await Promise.all(
      Array.from({ length: count }, async (_, index) => {
        const lane = await openLane(target, `h${index}`, failModeOf(options.args.seed + index));
        lanes.push(lane);
        await lane.open();
      }),
    );
    const timeLimitMs = options.timeLimitMs - (performance.now() - startedAtMs);
    const results = await Promise.all(lanes.map(async (lane, index) => {
      const share = runs === undefined ? {} : { runs: Math.ceil((runs - index) / count) };
      const result = await runCampaign({
        ...common({ ...options, signal, timeLimitMs }, index, tallies),
        ...share,
        runner: (chaosCase) => lane.run(chaosCase),
        cases: { faults: faultsFor(target, options.args.faults), time: "real" },
        isDeterministic: false,
        tries: path === undefined ? 2 : REAL_TRIES,
      });
      if (result.finding) found.abort();
      return result;
    }));
    return { results, server: lanes[0]?.server };
  } finally {
    await Promise.all(lanes.map((lane) => lane.stop()));
  }
}

/** Pods are kept across histories, so a lane's share one: the same for the same seed. */
function failModeOf(seed: number): "open" | "closed" {
  return seed % 4 === 3 ? "closed" : "open";
}

async function openLane(
  target: Target,
  name: string,
  failMode: "open" | "closed",
): Promise<RealLane> {
  const { backend, store } = target;
  if (backend === "memory" || store.kind === "memory") {
    throw new Error("memory is simulated: it has no processes");
  }
  // Names that no other run on the same server has.
  const unique = `${name}-${Date.now().toString(36)}`;
  return new RealLane(backend, await openRealStore(store), unique, failMode);
}

function common(
  { args, timeLimitMs, signal, onTally }: BackendRunOptions,
  lane: number,
  tallies: Tally[],
): Pick<CampaignOptions, "seed" | "timeLimitMs" | "signal" | "onHistory"> & {
  path?: string;
  runs?: number;
} {
  return {
    // Each lane its own seed, so that a failure names one that repeats it alone.
    seed: (args.seed + lane) | 0,
    timeLimitMs,
    signal,
    ...(args.path === undefined ? {} : { path: args.path }),
    ...(args.runs === undefined ? {} : { runs: args.runs }),
    onHistory(tally) {
      tallies[lane] = tally;
      onTally(tallies.filter((known) => known !== undefined));
    },
  };
}
