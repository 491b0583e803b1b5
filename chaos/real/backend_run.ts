/**
 * Runs one backend whose pods are processes.
 *
 * @module
 */

import { REAL_SETTINGS } from "../case.ts";
import type { CampaignResult, Tally } from "../campaign.ts";
import { type FaultKind, faultKindsOf, isOutage } from "../fault_kinds.ts";
import { failModeOf, runLanes } from "./lanes_run.ts";
import type { PodProcesses } from "./pod_processes.ts";
import { RealLane } from "./real_lane.ts";
import { OUTAGES_OF_LINKS } from "./real_outages.ts";
import { openRealStore } from "./real_store.ts";
import type { Target } from "./target.ts";

/** What is run. */
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

/** What came of it. */
export interface BackendRun {
  readonly results: readonly CampaignResult[];
  /** The server's version as it said it. */
  readonly server: string | undefined;
}

/** The faults that a run makes on a target: what is selected and can be made there. */
export function faultsFor(
  target: Target,
  selected: readonly FaultKind[] | undefined,
): readonly FaultKind[] {
  const { kind } = target.store;
  const possible = kind === "redis-url"
    ? faultKindsOf("redis").filter((fault) =>
      isOutage(fault) ? OUTAGES_OF_LINKS.includes(fault) : fault !== "server-restart"
    )
    : faultKindsOf(kind);
  return possible.filter((fault) => selected === undefined || selected.includes(fault));
}

/** Runs a backend. */
export async function runReal(target: Target, options: BackendRunOptions): Promise<BackendRun> {
  const { args, processes } = options;
  return await runLanes({
    ...args,
    ...options,
    faults: faultsFor(target, args.faults),
    open: (index) => openLane(target, processes, index, args.seed),
  });
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
  return await RealLane.open({
    adapter: { kind: "built-in", backend },
    processes,
    // Names that no other run on the same server has.
    name: `h${index}-${Date.now().toString(36)}`,
    settings: { ...REAL_SETTINGS, failMode: failModeOf(seed + index) },
    openStore: (folder) => openRealStore(store, folder),
  });
}
