/**
 * Runs one backend whose pods are processes.
 *
 * @module
 */

import { REAL_SETTINGS } from "../case.ts";
import type { Tally } from "../campaign_result.ts";
import type { CorpusEntry } from "../corpus.ts";
import { type FaultKind, faultKindsOf, isOutage, type StoreKind } from "../fault_kinds.ts";
import type { Profile } from "../profiles.ts";
import { failModeOf, type LanesRun, runLanes } from "./lanes_run.ts";
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
    /** Undefined: a mixture. */
    readonly profile: Profile | undefined;
  };
  /** Run before all others; those of them that the target can run. */
  readonly corpus: readonly CorpusEntry[];
  /** Run alone. */
  readonly only?: CorpusEntry;
  readonly timeLimitMs: number;
  readonly signal: AbortSignal;
  /** Where pods come from: one for all backends of a run. */
  readonly processes: PodProcesses;
  readonly onTally: (tallies: readonly Tally[]) => void;
}

/** A corpus's cases take seconds each where time is real. */
const LEAST_MS_FOR_CORPUS = 60_000;

/** The kind of a target's store, as far as faults are concerned. */
export function storeKindOf({ store: { kind } }: Target): StoreKind {
  return kind === "redis-url" ? "redis" : kind;
}

/** The faults that a run makes on a target: what is selected and can be made there. */
export function faultsFor(
  target: Target,
  selected: readonly FaultKind[] | undefined,
): readonly FaultKind[] {
  const { store, store: { kind } } = target;
  const possible = kind === "redis-url"
    ? faultKindsOf("redis").filter((fault) =>
      isOutage(fault) ? OUTAGES_OF_LINKS.includes(fault) : fault !== "server-restart"
    )
    : faultKindsOf(kind);
  const canJump = store.kind === "memory" || store.kind === "redis" && store.hasClock === true;
  return possible.filter((fault) => canJump || fault !== "store-clock-jump")
    .filter((fault) => selected === undefined || selected.includes(fault));
}

/** The cases that are run before all others: those whose faults can be made on a target. */
export function corpusFor(
  target: Target,
  { corpus, only, args, timeLimitMs }: BackendRunOptions,
): readonly CorpusEntry[] {
  if (only) return [only];
  // A path repeats one case.
  if (args.path !== undefined) return [];
  if (target.store.kind !== "memory" && timeLimitMs < LEAST_MS_FOR_CORPUS) return [];
  const possible = faultsFor(target, undefined);
  return corpus.filter((entry) => entry.case.faults.every(({ kind }) => possible.includes(kind)));
}

/** Runs a backend. */
export async function runReal(target: Target, options: BackendRunOptions): Promise<LanesRun> {
  const { args, processes } = options;
  return await runLanes({
    ...args,
    ...options,
    faults: faultsFor(target, args.faults),
    corpus: corpusFor(target, options),
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
