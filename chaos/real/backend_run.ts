import { type CampaignOptions, type CampaignResult, runCampaign, type Tally } from "../campaign.ts";
import { type FaultKind, faultKindsOf } from "../fault_kinds.ts";
import { runSimulated } from "../simulated_runner.ts";
import type { PodProcesses } from "./pod_processes.ts";
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
  /** Where pods come from: one for all backends of a run. */
  readonly processes: PodProcesses;
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

/** The faults that a run makes on a target: what is selected and can be made there. */
export function faultsFor(
  target: Target,
  selected: readonly FaultKind[] | undefined,
): readonly FaultKind[] {
  const { kind } = target.store;
  const possible = kind === "redis-url"
    ? faultKindsOf("redis").filter((fault) => fault !== "server-restart")
    : faultKindsOf(kind);
  return possible.filter((fault) => selected === undefined || selected.includes(fault));
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
  const endsAtMs = performance.now() + options.timeLimitMs;
  const affordable = Math.max(1, Math.floor(options.timeLimitMs / LEAST_MS_A_LANE));
  const count = path === undefined ? Math.min(LANES, affordable, runs ?? LANES) : 1;
  const lanes: RealLane[] = [];
  const tallies: Tally[] = [];
  const found = new AbortController();
  const signal = AbortSignal.any([found.signal, options.signal]);
  const campaign = async (lane: RealLane, index: number, onHistory: () => void) => {
    const timeLimitMs = endsAtMs - performance.now();
    const share = runs === undefined ? {} : { runs: Math.ceil((runs - index) / count) };
    const result = await runCampaign({
      ...common({ ...options, signal, timeLimitMs }, index, tallies, onHistory),
      ...share,
      runner: (chaosCase) => lane.run(chaosCase),
      cases: { faults: weighted(faultsFor(target, options.args.faults)), time: "real" },
      isDeterministic: false,
      tries: path === undefined ? 2 : REAL_TRIES,
    });
    if (result.finding) found.abort();
    return result;
  };
  try {
    const campaigns: Promise<CampaignResult>[] = [];
    while (lanes.length < count && !signal.aborted) {
      const lane = await openLane(target, options.processes, lanes.length, options.args.seed);
      lanes.push(lane);
      await lane.open();
      // The next one once this one has its pods: many at once keep each other from starting.
      const { promise: hasRun, resolve } = Promise.withResolvers<void>();
      const running = campaign(lane, lanes.length - 1, resolve);
      campaigns.push(running);
      await Promise.race([hasRun, running]);
    }
    return { results: await Promise.all(campaigns), server: lanes[0]?.server };
  } finally {
    await Promise.all(lanes.map((lane) => lane.stop()));
  }
}

/** Deaths are what it is about, and lost or late commands take no time: both come more often than what takes long. */
function weighted(kinds: readonly FaultKind[]): FaultKind[] {
  return kinds.flatMap((kind) => Array<FaultKind>(WEIGHTS[kind] ?? 1).fill(kind));
}

const WEIGHTS: Readonly<Partial<Record<FaultKind, number>>> = {
  "pod-kill": 5,
  "reply-cut": 3,
  "request-cut": 3,
  "late-execution": 3,
};

/** Pods are kept across histories, so a lane's share one: the same for the same seed. */
function failModeOf(seed: number): "open" | "closed" {
  return seed % 4 === 3 ? "closed" : "open";
}

async function openLane(
  { backend, store }: Target,
  processes: PodProcesses,
  index: number,
  seed: number,
): Promise<RealLane> {
  if (backend === "memory" || store.kind === "memory") {
    throw new Error("memory is simulated: it has no processes");
  }
  // Names that no other run on the same server has.
  const unique = `h${index}-${Date.now().toString(36)}`;
  const adapter = { kind: "built-in", backend } as const;
  const opened = await openRealStore(store, processes.keeper);
  return new RealLane(adapter, opened, processes, unique, failModeOf(seed + index));
}

function common(
  { args, timeLimitMs, signal, onTally }: BackendRunOptions,
  lane: number,
  tallies: Tally[],
  onFirst: () => void = () => {},
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
      if (tallies[lane] === undefined) onFirst();
      tallies[lane] = tally;
      onTally(tallies.filter((known) => known !== undefined));
    },
  };
}
