import { FAULT_KINDS } from "../../chaos/fault_kinds.ts";
import type { CampaignResult, Finding, Tally } from "../../chaos/campaign.ts";
import {
  type ChaosReport,
  failureText,
  nameOf,
  reportBackend,
  type ReportedBackend,
  summaryLine,
} from "../../chaos/report.ts";
import { type ChaosArguments, parseArguments } from "./arguments.ts";
import { faultsFor, runBackend } from "../../chaos/real/backend_run.ts";
import { runMutants } from "./mutants.ts";
import type { Target } from "../../chaos/real/target.ts";
import { selectTargets } from "./targets.ts";
import { Terminal } from "./terminal.ts";
import { UsageError } from "./usage_error.ts";
import { type TargetTally, whyWorthless } from "./worth.ts";

/** What a run's exit code says. */
export const EXIT = { held: 0, violated: 1, couldNotRun: 2, provedNothing: 3 } as const;

/** Runs the command; the answer is the exit code. */
export async function main(argv: readonly string[], signal: AbortSignal): Promise<number> {
  const terminal = new Terminal(argv.includes("--quiet"));
  try {
    if (argv.join(" ").includes("--faults list")) return listFaults(terminal);
    const args = parseArguments(argv, (text) => terminal.line(text));
    if (args === undefined) return EXIT.held;
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
    return EXIT.couldNotRun;
  }
}

function listFaults(terminal: Terminal): number {
  for (const { kind, guarantee, effect } of FAULT_KINDS) {
    terminal.line(`${kind.padEnd(16)} ${guarantee}  ${effect}`);
  }
  return EXIT.held;
}

async function mutants(
  args: ChaosArguments,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<number> {
  const startedAtMs = performance.now();
  const { reported, failures } = await runMutants(args, terminal, signal);
  await writeReport(args, { startedAtMs, backends: [], skipped: [], mutants: reported });
  for (const failure of failures) terminal.error(failure);
  if (failures.length > 0) return EXIT.couldNotRun;
  if (reported.length === 0) {
    terminal.error("There are no mutants: put patches into tests/mutants.");
    return EXIT.provedNothing;
  }
  return reported.every(({ killed }) => killed) ? EXIT.held : EXIT.violated;
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
  const selection = await selectTargets(args, (line) => terminal.line(line));
  const startedAtMs = performance.now();
  terminal.line(
    `Seed ${args.seed}; testing ${selection.targets.map(nameOf).join(", ") || "none"}.`,
  );
  const skipped = [...selection.skipped];
  const runs: TargetRun[] = [];
  const failures: string[] = [];
  for (const [index, target] of selection.targets.entries()) {
    if (signal.aborted) break;
    const leftMs = startedAtMs + args.timeLimitMs - performance.now();
    const shareMs = leftMs / (selection.targets.length - index);
    try {
      runs.push(await runTarget(target, args, shareMs, terminal, signal));
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      skipped.push({ backend: nameOf(target), reason });
      failures.push(`${nameOf(target)} could not be run: ${reason}`);
    }
  }
  sayWhatWasNotTested(skipped, args, terminal);
  const backends = runs.map(({ reported }) => reported);
  await writeReport(args, { startedAtMs, backends, skipped, mutants: [] });
  const code = verdict(args, runs, failures, terminal);
  if (!signal.aborted || code === EXIT.violated) return code;
  terminal.error("Interrupted: what was not run by then was not tested.");
  return EXIT.couldNotRun;
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
  timeLimitMs: number,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<TargetRun> {
  const startedAtMs = performance.now();
  const { results, server } = await runBackend(target, {
    args,
    timeLimitMs,
    signal,
    onTally: (tallies) =>
      terminal.progress(() => progressLine(nameOf(target), tallies, startedAtMs, timeLimitMs)),
  });
  const version = target.server === null
    ? null
    : target.serverVersion ?? server?.split(" ").at(-1) ?? null;
  const named = { ...target, serverVersion: version };
  const reported = reportBackend(
    { backend: named.backend, server: named.server, serverVersion: version },
    faultsFor(target, args.faults),
    results,
    (finding) => replayCommand(target, args, finding),
  );
  terminal.line(summaryLine(reported));
  for (const { finding } of results) {
    if (finding === undefined) continue;
    terminal.line(failureText(nameOf(named), finding, replayCommand(target, args, finding)));
  }
  return { target: named, results, reported };
}

function progressLine(
  name: string,
  tallies: readonly Tally[],
  startedAtMs: number,
  timeLimitMs: number,
): string {
  const sum = (count: (tally: Tally) => number) =>
    tallies.reduce((total, tally) => total + count(tally), 0);
  const seconds = Math.round((performance.now() - startedAtMs) / 1_000);
  return `${name}: ${sum(({ histories }) => histories)} histories, ` +
    `${sum(({ operations }) => operations)} operations, ${seconds} of ` +
    `${Math.round(timeLimitMs / 1_000)} s`;
}

function replayCommand(target: Target, args: ChaosArguments, { seed, path }: Finding): string {
  const server = target.store.kind === "redis-url" && args.servers && "url" in args.servers
    ? args.servers.url
    : target.server;
  return [
    `deno task chaos --backend ${target.backend}`,
    server === null ? "" : ` --server ${server}`,
    args.faults === undefined ? "" : ` --faults ${args.faults.join(",") || "none"}`,
    ` --seed ${seed} --path ${path} --runs 1`,
  ].join("");
}

async function writeReport(
  args: ChaosArguments,
  parts: Pick<ChaosReport, "backends" | "skipped" | "mutants"> & { startedAtMs: number },
): Promise<void> {
  const { startedAtMs, backends, skipped, mutants } = parts;
  const durationMs = Math.round(performance.now() - startedAtMs);
  const report: ChaosReport = {
    version: 1,
    seed: args.seed,
    durationMs,
    backends,
    skipped,
    mutants,
  };
  await Deno.mkdir(args.reportDir, { recursive: true });
  await Deno.writeTextFile(
    `${args.reportDir}/chaos.json`,
    `${JSON.stringify(report, undefined, 2)}\n`,
  );
}

function verdict(
  args: ChaosArguments,
  runs: readonly TargetRun[],
  failures: readonly string[],
  terminal: Terminal,
): number {
  if (runs.some(({ reported }) => reported.violations.length > 0)) return EXIT.violated;
  const problems = [
    ...failures,
    ...runs.flatMap(({ target, results }) =>
      results.flatMap(({ toolFailure, tally }) => [
        ...(toolFailure === undefined ? [] : [`${nameOf(target)}: ${toolFailure}`]),
        ...(tally.undecided === 0 ? [] : [`${nameOf(target)}: ${tally.undecided} undecided`]),
      ])
    ),
  ];
  for (const problem of problems) terminal.error(problem);
  if (problems.length > 0) return EXIT.couldNotRun;
  // A repeated case proves nothing by itself, and need not.
  if (args.path !== undefined) return EXIT.held;
  const tallies = runs.map(({ target, results }): TargetTally => ({
    name: nameOf(target),
    faults: faultsFor(target, args.faults),
    tallies: results.map(({ tally }) => tally),
  }));
  const reasons = whyWorthless(tallies, args.faults);
  for (const reason of reasons) terminal.error(`This run proves nothing: ${reason}.`);
  return reasons.length > 0 ? EXIT.provedNothing : EXIT.held;
}
