/**
 * `deno task chaos` over an adapter of one's own, from a test of one's own.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import { ConfigError } from "../mod.ts";
import { type AdapterModule, loadAdapterModule } from "./adapter_module.ts";
import type { CampaignResult, Finding, Tally } from "./campaign_result.ts";
import { type CaseSettings, REAL_SETTINGS } from "./case.ts";
import type { FaultKind } from "./fault_kinds.ts";
import { failModeOf, runLanes } from "./real/lanes_run.ts";
import { ModuleStore } from "./real/module_store.ts";
import { PodProcesses } from "./real/pod_processes.ts";
import { RealLane } from "./real/real_lane.ts";
import {
  type ChaosReport,
  evidenceFolderOf,
  failureText,
  reportBackend,
  summaryLine,
} from "./report.ts";
import { writeReports } from "./report/files.ts";
import { writeFinding } from "./report/finding_files.ts";
import { runModuleSimulated, SIMULATED_MODULE_FAULTS } from "./simulated_module.ts";
import { EXIT_CODES, judge } from "./verdict.ts";

/** Options of {@linkcode runChaos}. */
export interface RunChaosOptions {
  /** The module that exports `createAdapter`: see {@linkcode AdapterModule}. Pods in other processes load it too. */
  readonly adapterModule: URL | string;
  /**
   * `processes`: pods are processes that are killed, time is real. `simulated`: all in this process on a virtual clock,
   * thousands of histories a minute, the same for the same seed; for stores that live in one process, and go by the
   * clock that they are given.
   * @default "processes"
   */
  readonly where?: "processes" | "simulated";
  /** Kinds of faults. @default all that can be made */
  readonly faults?: readonly FaultKind[];
  /** Repeats a run. @default random */
  readonly seed?: number;
  /** With `seed`, begins with the case that a violation names. */
  readonly path?: string;
  /** Histories at most. @default until the time is up */
  readonly runs?: number;
  /** Longest time, in milliseconds. @default 60000 */
  readonly timeLimitMs?: number;
  /** Of that, the longest time for making a failing case smaller, in milliseconds. @default 30000 */
  readonly shrinkMs?: number;
  /** The managers' options where they are to differ; short ones make for more histories. @default {@linkcode REAL_SETTINGS} */
  readonly settings?: Partial<CaseSettings>;
  /** How far the pods' wall clocks are off, ahead and behind, in milliseconds; for `processes`. @default 0 */
  readonly clockSkewMs?: number;
  /** Ends it early. */
  readonly signal?: AbortSignal;
  /** Hears of every history. */
  readonly onProgress?: (progress: ChaosProgress) => void;
  /** Folder that the reports are written to: `chaos.json` and the others. @default none is written */
  readonly reportDir?: URL | string;
}

/** How far a run is. */
export interface ChaosProgress {
  /** Histories that were made. */
  readonly histories: number;
  /** Calls that were made in them. */
  readonly operations: number;
}

/** What a run came to: the report, as in `chaos.json`, and whether it is good. */
export interface ChaosResult extends ChaosReport {
  /** As `deno task chaos` ends with: 0 to 3, in that order. */
  readonly exitCode: 0 | 1 | 2 | 3;
  /** For people: what was run, each violation with its history, or why it is no good. */
  readonly explanation: string;
}

const TIME_LIMIT_MS = 60_000;
/** Of a store that is not known no more is asked than of a file: its replies are not seen, and it may have no outages. */
const MODULE_STORE = "sqlite";

/**
 * Runs chaos over an adapter. Everything that it starts is gone when it resolves.
 *
 * @throws {ConfigError} when the module cannot be loaded or exports no `createAdapter`, or a fault cannot be made there,
 * or the runtime is older than Node 22.
 *
 * @example A test of one's own
 * ```ts ignore
 * import { runChaos } from "@hakgal/sessions/chaos";
 *
 * Deno.test("my adapter keeps its promises", async () => {
 *   const result = await runChaos({ adapterModule: new URL("./my_adapter.ts", import.meta.url) });
 *   if (result.verdict !== "held") throw new Error(result.explanation);
 * });
 * ```
 */
export async function runChaos(options: RunChaosOptions): Promise<ChaosResult> {
  if (!("withResolvers" in Promise)) {
    throw new ConfigError("where", "Chaos cannot run here: use Node 22 or newer, Deno or Bun.");
  }
  const startedAtMs = performance.now();
  const url = new URL(options.adapterModule).href;
  const module = await loadAdapterModule(url);
  const run = new ModuleRun(url, module, options);
  const { results, faults, server } = options.where === "simulated"
    ? await run.simulate()
    : await run.inProcesses();
  const name = new URL(url).pathname.split("/").at(-1)!;
  const replay = (finding: Finding) => run.replay(finding);
  const target = { backend: name, server: null, serverVersion: server ?? null };
  const backend = reportBackend(
    target,
    faults,
    results,
    replay,
    performance.now() - startedAtMs,
  );
  const judgement = judge([{ name, store: MODULE_STORE, faults, results }], {
    selected: options.faults,
    isReplay: options.path !== undefined,
    failures: options.signal?.aborted
      ? ["interrupted: what was not run by then was not tested"]
      : [],
  });
  const findings = results.flatMap(({ finding }) => finding ?? []);
  const report: ChaosReport = {
    version: 1,
    seed: run.seed,
    durationMs: Math.round(performance.now() - startedAtMs),
    startedAt: new Date(performance.timeOrigin + startedAtMs).toISOString(),
    ...{ backends: [backend], skipped: [], mutants: [] },
    ...judgement,
  };
  const { reportDir } = options;
  if (reportDir !== undefined) {
    const dir = reportDir instanceof URL ? fileURLToPath(reportDir) : reportDir;
    for (const finding of findings) await writeFinding(dir, target, finding);
    await writeReports(dir, report);
  }
  const texts = findings.map((finding) => {
    const kept = reportDir === undefined
      ? undefined
      : `${reportDir}/${evidenceFolderOf(target, finding)}`;
    return failureText(name, finding, replay(finding), kept);
  });
  return {
    ...report,
    exitCode: EXIT_CODES[judgement.verdict],
    explanation: [summaryLine(backend), ...judgement.problems, ...texts].join("\n"),
  };
}

interface RunOutcomes {
  readonly results: readonly CampaignResult[];
  readonly faults: readonly FaultKind[];
  readonly server?: string | undefined;
}

class ModuleRun {
  readonly seed: number;
  readonly #url: string;
  readonly #module: AdapterModule;
  readonly #options: RunChaosOptions;

  constructor(url: string, module: AdapterModule, options: RunChaosOptions) {
    this.#url = url;
    this.#module = module;
    this.#options = options;
    this.seed = options.seed ?? Math.floor(Math.random() * 0x7fff_ffff);
  }

  async simulate(): Promise<RunOutcomes> {
    const { timeLimitMs = TIME_LIMIT_MS, path, runs, shrinkMs, signal, settings } = this.#options;
    const faults = this.#chosen(SIMULATED_MODULE_FAULTS);
    const result = await runModuleSimulated(this.#module, {
      ...{ seed: this.seed, timeLimitMs, faults },
      ...(shrinkMs === undefined ? {} : { shrinkMs }),
      ...(path === undefined ? {} : { path }),
      ...(runs === undefined ? {} : { runs }),
      ...(signal === undefined ? {} : { signal }),
      ...(settings === undefined ? {} : { settings }),
      onHistory: (tally) => this.#tell([tally]),
    });
    return { results: [result], faults };
  }

  async inProcesses(): Promise<RunOutcomes> {
    const { timeLimitMs = TIME_LIMIT_MS, path, runs, shrinkMs, signal } = this.#options;
    const processes = new PodProcesses();
    const first = Promise.withResolvers<ModuleStore>();
    let lane: RealLane | undefined;
    try {
      const opened = lane = await this.#open(0, processes, first.resolve);
      const faults = this.#chosen((await first.promise).faults);
      const { results, server } = await runLanes({
        ...{ seed: this.seed, path, runs, faults, timeLimitMs },
        ...(shrinkMs === undefined ? {} : { shrinkMs }),
        signal: signal ?? new AbortController().signal,
        onTally: (tallies) => this.#tell(tallies),
        open: async (index) => index === 0 ? opened : await this.#open(index, processes),
      });
      return { results, faults, server };
    } finally {
      await lane?.stop();
      await processes.stop();
    }
  }

  async #open(
    index: number,
    processes: PodProcesses,
    onStore: (store: ModuleStore) => void = () => {},
  ): Promise<RealLane> {
    const name = `h${index}-${Date.now().toString(36)}`;
    return await RealLane.open({
      ...{ adapter: { kind: "module", url: this.#url }, processes, name },
      clockSkewMs: this.#options.clockSkewMs ?? 0,
      settings: {
        ...REAL_SETTINGS,
        failMode: failModeOf(this.seed + index),
        ...this.#options.settings,
      },
      openStore: async (folder) => {
        const store = await ModuleStore.open(this.#module, { store: name, folder });
        onStore(store);
        return store;
      },
    });
  }

  #chosen(possible: readonly FaultKind[]): readonly FaultKind[] {
    const wrong = this.#options.faults?.find((kind) => !possible.includes(kind));
    if (wrong === undefined) return this.#options.faults ?? possible;
    throw new ConfigError(
      "faults",
      `The fault "${wrong}" cannot be made on this store. These can: ${possible.join(", ")}.`,
    );
  }

  #tell(tallies: readonly Tally[]): void {
    const sum = (count: (tally: Tally) => number) =>
      tallies.reduce((total, tally) => total + count(tally), 0);
    this.#options.onProgress?.({
      histories: sum(({ histories }) => histories),
      operations: sum(({ operations }) => operations),
    });
  }

  /** The call that shows a violation again. */
  replay({ seed, path }: Finding): string {
    const { where, faults, settings, clockSkewMs } = this.#options;
    const again = {
      ...(where === undefined ? {} : { where }),
      ...(faults === undefined ? {} : { faults }),
      ...(settings === undefined ? {} : { settings }),
      ...(clockSkewMs === undefined ? {} : { clockSkewMs }),
      ...{ seed, path, runs: 1 },
    };
    return `runChaos({ adapterModule, ...${JSON.stringify(again)} })`;
  }
}
