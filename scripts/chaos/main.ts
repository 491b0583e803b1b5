import { FAULT_KINDS } from "../../chaos/fault_kinds.ts";
import type { Progress } from "../../chaos/exhaustive/explorer.ts";
import type { CampaignResult, Finding } from "../../chaos/campaign_result.ts";
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
import { writeReports } from "../../chaos/report/files.ts";
import { writeFinding } from "../../chaos/report/finding_files.ts";
import { EXIT_CODES, judge, type Judgement } from "../../chaos/verdict.ts";
import type { SampleHistory } from "../../chaos/report/page.ts";
import { armedOptions } from "./armed_build.ts";
import { type ChaosArguments, parseArguments } from "./arguments.ts";
import {
  type BackendRunOptions,
  corpusFor,
  faultsFor,
  runReal,
  storeKindOf,
} from "../../chaos/real/backend_run.ts";
import type { LanesRun } from "../../chaos/real/lanes_run.ts";
import { caseLine, faultsIn, readCaseFile, requirePossible } from "./case_run.ts";
import { check } from "./check_command.ts";
import { readCorpus } from "./corpus_files.ts";
import { runExhaustive } from "./exhaustive_command.ts";
import { runMutants } from "./mutants.ts";
import { PodProcesses } from "../../chaos/real/pod_processes.ts";
import type { Target } from "../../chaos/real/target.ts";
import { runShards } from "./simulation_shards.ts";
import { selectTargets } from "./targets.ts";
import { Terminal } from "./terminal.ts";
import { GroupProgress, inTurn } from "./turns.ts";
import { UsageError } from "./usage_error.ts";

/** Runs the command; the answer is the exit code. */
export async function main(argv: readonly string[], signal: AbortSignal): Promise<number> {
  const terminal = new Terminal(argv.includes("--quiet"));
  try {
    if (argv.join(" ").includes("--faults list")) return listFaults(terminal);
    if (argv[0] === "check") return await check(argv.slice(1), terminal);
    const args = parseArguments(argv, (text) => terminal.line(text));
    if (args === undefined) return EXIT_CODES.held;
    if (args.exhaustive) return await exhaustive(args, terminal, signal);
    return args.mutants
      ? await mutants(args, terminal, signal)
      : await chaos(args, terminal, signal);
  } catch (error) {
    if (error instanceof UsageError) terminal.error(error.message);
    else {
      terminal.error(
        `chaos could not run: ${error instanceof Error ? error.stack : String(error)}`,
      );
    }
    return EXIT_CODES["could-not-run"];
  }
}

function listFaults(terminal: Terminal): number {
  for (const { kind, guarantee, effect, stores } of FAULT_KINDS) {
    const where = stores.join(", ");
    terminal.line(`${kind.padEnd(18)} ${guarantee.padEnd(3)}  ${where.padEnd(22)}  ${effect}`);
  }
  return EXIT_CODES.held;
}

async function mutants(
  args: ChaosArguments,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<number> {
  const startedAtMs = performance.now();
  const { reported, failures } = await runMutants(args, terminal, signal);
  const ended = verdictOnMutants(reported, failures, signal);
  for (const problem of ended.problems) terminal.error(problem);
  const backends = { backends: [], skipped: [], mutants: reported };
  await writeReport(args, { startedAtMs, ...backends, ...ended });
  return EXIT_CODES[ended.verdict];
}

function verdictOnMutants(
  reported: ChaosReport["mutants"],
  failures: readonly string[],
  signal: AbortSignal,
): Judgement {
  if (failures.length > 0) return { verdict: "could-not-run", problems: failures };
  const run = reported.filter(({ skipped }) => skipped === undefined);
  if (run.some(({ killed }) => !killed)) return { verdict: "violated", problems: [] };
  if (signal.aborted) {
    const problem = "Interrupted: the mutants that were not run by then are not known to be found.";
    return { verdict: "could-not-run", problems: [problem] };
  }
  if (run.length > 0) return { verdict: "held", problems: [] };
  const problem = "No mutant was run: tests/mutants has none, or their backends are missing.";
  return { verdict: "proved-nothing", problems: [problem] };
}

async function exhaustive(
  args: ChaosArguments,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<number> {
  const startedAtMs = performance.now();
  const { progress, bad } = await runExhaustive(args, terminal, signal);
  const ended = verdictOnWorlds(progress, bad !== undefined, signal);
  for (const problem of ended.problems) terminal.error(problem);
  const nothing = { backends: [], skipped: [], mutants: [] };
  await writeReport(args, { startedAtMs, ...nothing, exhaustive: progress, ...ended });
  return EXIT_CODES[ended.verdict];
}

function verdictOnWorlds(
  progress: readonly Progress[],
  isBad: boolean,
  signal: AbortSignal,
): Judgement {
  if (isBad) return { verdict: "violated", problems: [] };
  if (signal.aborted) {
    const problem = "Interrupted: what was not run by then was not tested.";
    return { verdict: "could-not-run", problems: [problem] };
  }
  if (progress.some(({ ended }) => ended > 0)) return { verdict: "held", problems: [] };
  const problem = "This run proves nothing: no schedule came to its end; raise --time-limit.";
  return { verdict: "proved-nothing", problems: [problem] };
}

interface TargetRun {
  readonly target: Target;
  readonly results: readonly CampaignResult[];
  readonly reported: ReportedBackend;
}

async function chaos(
  args: ChaosArguments,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<number> {
  const only = await readCaseFile(args.caseFile);
  const selection = await selectTargets(
    // A case is simulated, if nothing else is said.
    only && args.backends === undefined ? { ...args, backends: ["memory"] } : args,
    (line) => terminal.line(line),
  );
  if (only) requirePossible(selection.targets, only);
  const corpus = await readCorpus();
  const startedAtMs = performance.now();
  terminal.line(
    `Seed ${args.seed}; testing ${selection.targets.map(nameOf).join(", ") || "none"}.`,
  );
  const skipped = [...selection.skipped];
  const runs: TargetRun[] = [];
  const processes = new PodProcesses(await armedOptions());
  const failures: string[] = [];
  for (const { targets, leftMs } of inTurn(selection.targets, startedAtMs + args.timeLimitMs)) {
    if (signal.aborted) break;
    const progress = new GroupProgress(
      leftMs,
      (line) => terminal.progress(line),
      (line) => terminal.milestone(line),
    );
    const ended = await Promise.allSettled(
      targets.map((target) =>
        runTarget(target, args, terminal, {
          ...{ args, corpus, ...(only && { only }), timeLimitMs: leftMs, signal, processes },
          onTally: (tallies) => progress.tell(target, tallies),
        })
      ),
    );
    for (const [index, result] of ended.entries()) {
      if (result.status === "fulfilled") {
        runs.push(result.value);
        continue;
      }
      const { reason: error } = result;
      const backend = nameOf(targets[index]!);
      const reason = error instanceof Error ? error.message : String(error);
      skipped.push({ backend, reason });
      failures.push(`${backend} could not be run: ${reason}`);
    }
  }
  await processes.stop();
  sayWhatWasNotTested(skipped, args, terminal);
  const backends = runs.map(({ reported }) => reported);
  const ended = verdict(args, runs, failures, signal);
  for (const problem of ended.problems) terminal.error(problem);
  const samples = runs.flatMap(({ target, results }) => sampleOf(target, results));
  const sometimes = countSometimes(runs.flatMap(({ results }) => results));
  const parts = { backends, skipped, mutants: [], sometimes, ...ended };
  await writeReport(args, { startedAtMs, ...parts }, samples);
  return EXIT_CODES[ended.verdict];
}

function sayWhatWasNotTested(
  skipped: ChaosReport["skipped"],
  args: ChaosArguments,
  terminal: Terminal,
): void {
  for (const [reason, same] of Map.groupBy(skipped, ({ reason }) => reason)) {
    const names = same.map(({ backend }) => backend).join(", ");
    terminal.line(`Not tested: ${names}: ${reason}`);
  }
  if (skipped.length > 0 && !args.provision) {
    terminal.line("To test them too: deno task chaos --provision fetches what is missing.");
  }
}

async function runTarget(
  target: Target,
  args: ChaosArguments,
  terminal: Terminal,
  options: BackendRunOptions,
): Promise<TargetRun> {
  const startedAtMs = performance.now();
  const { results, server } = await runBackend(target, options);
  const version = target.server === null
    ? null
    : target.serverVersion ?? server?.split(" ").at(-1) ?? null;
  const named = { ...target, serverVersion: version };
  const reported = reportBackend(
    { backend: named.backend, server: named.server, serverVersion: version },
    options.only ? faultsIn(options.only) : faultsFor(target, args.faults),
    results,
    (finding) => replayCommand(target, args, finding),
    performance.now() - startedAtMs,
  );
  terminal.line(
    options.only ? caseLine(nameOf(named), options.only, results) : summaryLine(reported),
  );
  for (const { finding } of results) {
    if (finding === undefined) continue;
    await writeFinding(args.reportDir, reported, finding);
    const kept = `${args.reportDir}/${evidenceFolderOf(reported, finding)}`;
    terminal.line(failureText(nameOf(named), finding, replayCommand(target, args, finding), kept));
  }
  return { target: named, results, reported };
}

async function runBackend(target: Target, options: BackendRunOptions): Promise<LanesRun> {
  if (target.store.kind !== "memory") return await runReal(target, options);
  const { args: { seed, path, runs, faults, profile }, timeLimitMs, signal, onTally } = options;
  const results = await runShards({
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

function replayCommand(
  target: Target,
  args: ChaosArguments,
  { seed, path, entry }: Finding,
): string {
  const server = target.store.kind === "redis-url" && args.servers && "url" in args.servers
    ? args.servers.url
    : target.server;
  return [
    `deno task chaos --backend ${target.backend}`,
    server === null ? "" : ` --server ${server}`,
    ...(entry === undefined ? repeated(args, seed, path) : [` --case ${entry}`]),
  ].join("");
}

function repeated(args: ChaosArguments, seed: number, path: string): string[] {
  return [
    args.faults === undefined ? "" : ` --faults ${args.faults.join(",") || "none"}`,
    args.profile === undefined ? "" : ` --profile ${args.profile}`,
    ` --seed ${seed} --path ${path} --runs 1`,
  ];
}

/** The history of a backend's lanes that shows most. */
function sampleOf(target: Target, results: readonly CampaignResult[]): SampleHistory[] {
  const [best] = results.flatMap(({ sample }) => sample ?? [])
    .sort((one, other) => other.faults - one.faults);
  return best === undefined ? [] : [{ backend: nameOf(target), history: best.history }];
}

async function writeReport(
  args: ChaosArguments,
  { startedAtMs, ...parts }:
    & Omit<ChaosReport, "version" | "seed" | "durationMs" | "startedAt">
    & { readonly startedAtMs: number },
  samples: readonly SampleHistory[] = [],
): Promise<void> {
  const report: ChaosReport = {
    version: 1,
    seed: args.seed,
    durationMs: Math.round(performance.now() - startedAtMs),
    startedAt: new Date(performance.timeOrigin + startedAtMs).toISOString(),
    ...parts,
  };
  await writeReports(args.reportDir, report, samples);
}

function verdict(
  args: ChaosArguments,
  runs: readonly TargetRun[],
  failures: readonly string[],
  signal: AbortSignal,
): Judgement {
  const outcomes = runs.map(({ target, results }) => ({
    ...{ name: nameOf(target), store: storeKindOf(target), results },
    faults: faultsFor(target, args.faults),
  }));
  const interrupted = signal.aborted
    ? ["Interrupted: what was not run by then was not tested."]
    : [];
  return judge(outcomes, {
    selected: args.faults,
    failures: [...failures, ...interrupted],
    isReplay: args.path !== undefined || args.caseFile !== undefined,
  });
}
