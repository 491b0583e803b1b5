/**
 * A run of the chaos command: which targets are tested, how each went, and what all of it comes to.
 *
 * @module
 */

import type { CampaignResult, Finding } from "../../chaos/campaign_result.ts";
import type { CorpusEntry } from "../../chaos/corpus.ts";
import {
  type BackendRunOptions,
  corpusFor,
  faultsFor,
  runReal,
  storeKindOf,
} from "../../chaos/real/backend_run.ts";
import type { LanesRun } from "../../chaos/real/lanes_run.ts";
import { PodProcesses } from "../../chaos/real/pod_processes.ts";
import type { Target } from "../../chaos/real/target.ts";
import {
  type ChaosReport,
  countSometimes,
  evidenceFolderOf,
  failureText,
  nameOf,
  reportBackend,
  type ReportedBackend,
  summaryLine,
} from "../../chaos/report.ts";
import { writeFinding } from "../../chaos/report/finding_files.ts";
import type { SampleHistory } from "../../chaos/report/page.ts";
import { EXIT_CODES, judge, type Judgement } from "../../chaos/verdict.ts";
import type { RunArguments } from "./arguments.ts";
import { caseLine, faultsIn, readCaseFile, requirePossible } from "./case_run.ts";
import type { ChaosHost } from "./host.ts";
import { replayCommand } from "./replay.ts";
import type { Terminal } from "./terminal.ts";
import { GroupProgress, inTurn, seedOf, type Turn } from "./turns.ts";
import { writeReport } from "./write_report.ts";

interface TargetRun {
  readonly target: Target;
  readonly results: readonly CampaignResult[];
  readonly reported: ReportedBackend;
}

/** What is run besides the arguments. */
type Cases = Pick<BackendRunOptions, "corpus" | "only" | "processes">;

/** One run. */
export class ChaosRun {
  readonly #args: RunArguments;
  readonly #host: ChaosHost;
  readonly #terminal: Terminal;
  readonly #signal: AbortSignal;
  readonly #runs: TargetRun[] = [];
  readonly #skipped: { readonly backend: string; readonly reason: string }[] = [];
  readonly #failures: string[] = [];

  constructor(args: RunArguments, host: ChaosHost, terminal: Terminal, signal: AbortSignal) {
    this.#args = args;
    this.#host = host;
    this.#terminal = terminal;
    this.#signal = signal;
  }

  /** Makes it; the answer is the exit code. */
  async run(): Promise<number> {
    const only = await readCaseFile(this.#args.caseFile);
    const targets = await this.#selectTargets(only);
    const corpus = await this.#host.readCorpus();
    const startedAtMs = performance.now();
    const { seed, timeLimitMs } = this.#args;
    this.#terminal.line(`Seed ${seed}; testing ${targets.map(nameOf).join(", ") || "none"}.`);
    const processes = new PodProcesses(await this.#host.armedOptions());
    for (const turn of inTurn(targets, startedAtMs + timeLimitMs)) {
      if (this.#signal.aborted) break;
      await this.#runTurn(turn, { corpus, ...(only && { only }), processes });
    }
    await processes.stop();
    return await this.#end(startedAtMs);
  }

  async #selectTargets(only: CorpusEntry | undefined): Promise<readonly Target[]> {
    const { targets, skipped } = await this.#host.selectTargets(
      // A case is simulated, if nothing else is said.
      only && this.#args.backends === undefined
        ? { ...this.#args, backends: ["memory"] }
        : this.#args,
      (line) => this.#terminal.line(line),
    );
    if (only) requirePossible(targets, only);
    this.#skipped.push(...skipped);
    return targets;
  }

  async #runTurn({ targets, leftMs }: Turn, cases: Cases): Promise<void> {
    const progress = new GroupProgress(
      leftMs,
      (line) => this.#terminal.progress(line),
      (line) => this.#terminal.milestone(line),
    );
    const { seed, path } = this.#args;
    const ended = await Promise.allSettled(targets.map((target, place) =>
      this.#runTarget(target, {
        ...{ ...cases, timeLimitMs: leftMs, signal: this.#signal },
        args: { ...this.#args, seed: seedOf(seed, place, path !== undefined) },
        onTally: (tallies) => progress.tell(target, tallies),
      })
    ));
    for (const [index, result] of ended.entries()) {
      if (result.status === "fulfilled") {
        this.#runs.push(result.value);
        continue;
      }
      const { reason: error } = result;
      const backend = nameOf(targets[index]!);
      const reason = error instanceof Error ? error.message : String(error);
      this.#skipped.push({ backend, reason });
      this.#failures.push(`${backend} could not be run: ${reason}`);
    }
  }

  async #runTarget(target: Target, options: BackendRunOptions): Promise<TargetRun> {
    const startedAtMs = performance.now();
    const { results, server } = await this.#runBackend(target, options);
    const version = target.server === null
      ? null
      : target.serverVersion ?? server?.split(" ").at(-1) ?? null;
    const named = { ...target, serverVersion: version };
    const { faults, reportDir } = this.#args;
    const replay = (finding: Finding) =>
      replayCommand(this.#host.program, target, this.#args, finding);
    const reported = reportBackend(
      { backend: named.backend, server: named.server, serverVersion: version },
      options.only ? faultsIn(options.only) : faultsFor(target, faults),
      results,
      replay,
      performance.now() - startedAtMs,
    );
    const name = nameOf(named);
    this.#terminal.line(
      options.only ? caseLine(name, options.only, results) : summaryLine(reported),
    );
    for (const { finding } of results) {
      if (finding === undefined) continue;
      await writeFinding(reportDir, reported, finding);
      const kept = `${reportDir}/${evidenceFolderOf(reported, finding)}`;
      this.#terminal.line(failureText(name, finding, replay(finding), kept));
    }
    return { target: named, results, reported };
  }

  async #runBackend(target: Target, options: BackendRunOptions): Promise<LanesRun> {
    if (target.store.kind !== "memory") return await runReal(target, options);
    const { args: { seed, path, runs, faults, profile }, timeLimitMs, signal, onTally } = options;
    const results = await this.#host.simulate({
      task: {
        ...{ seed, timeLimitMs, isDeterministic: true },
        cases: { faults: faultsFor(target, faults), time: "virtual", ...(profile && { profile }) },
        corpus: corpusFor(target, options),
        ...(path === undefined ? {} : { path }),
        ...(runs === undefined ? {} : { runs }),
        ...(options.only && { runs: 0 }),
      },
      ...{ signal, onTally },
    });
    return { results, server: undefined };
  }

  async #end(startedAtMs: number): Promise<number> {
    this.#sayWhatWasNotTested();
    const judgement = this.#judge();
    for (const problem of judgement.problems) this.#terminal.error(problem);
    const report: Omit<ChaosReport, "version" | "seed" | "durationMs" | "startedAt"> = {
      backends: this.#runs.map(({ reported }) => reported),
      skipped: this.#skipped,
      mutants: [],
      sometimes: countSometimes(this.#runs.flatMap(({ results }) => results)),
      ...judgement,
    };
    const samples = this.#runs.flatMap(sampleOf);
    await writeReport(this.#args, { startedAtMs, ...report }, samples);
    return EXIT_CODES[judgement.verdict];
  }

  #sayWhatWasNotTested(): void {
    const backendsByReason = new Map<string, string[]>();
    for (const { backend, reason } of this.#skipped) {
      backendsByReason.set(reason, [...backendsByReason.get(reason) ?? [], backend]);
    }
    for (const [reason, backends] of backendsByReason) {
      this.#terminal.line(`Not tested: ${backends.join(", ")}: ${reason}`);
    }
    const { advice } = this.#host;
    if (this.#skipped.length > 0 && advice !== undefined) {
      this.#terminal.line(`To test them too: ${advice}`);
    }
  }

  #judge(): Judgement {
    const { faults, path, caseFile } = this.#args;
    const outcomes = this.#runs.map(({ target, results }) => ({
      ...{ name: nameOf(target), store: storeKindOf(target), results },
      faults: faultsFor(target, faults),
    }));
    const interrupted = this.#signal.aborted
      ? ["Interrupted: what was not run by then was not tested."]
      : [];
    return judge(outcomes, {
      selected: faults,
      failures: [...this.#failures, ...interrupted],
      isReplay: path !== undefined || caseFile !== undefined,
    });
  }
}

/** The history of a backend's lanes that shows most. */
function sampleOf({ target, results }: TargetRun): SampleHistory[] {
  const [best] = results.flatMap(({ sample }) => sample ?? [])
    .sort((one, other) => other.faults - one.faults);
  return best === undefined ? [] : [{ backend: nameOf(target), history: best.history }];
}
