/**
 * `deno task chaos`: the command, with all that needs a clone of the repository.
 *
 * @module
 */

import { ChaosRun } from "../../cli/chaos/chaos_run.ts";
import { runCommand } from "../../cli/chaos/command.ts";
import type { Terminal } from "../../cli/chaos/terminal.ts";
import { writeReport } from "../../cli/chaos/write_report.ts";
import type { Progress } from "../../chaos/exhaustive/explorer.ts";
import type { ChaosReport } from "../../chaos/report.ts";
import { EXIT_CODES, type Judgement } from "../../chaos/verdict.ts";
import { type ChaosArguments, parseArguments, PROGRAM } from "./arguments.ts";
import { CloneHost } from "./clone_host.ts";
import { runExhaustive } from "./exhaustive_command.ts";
import { runMutants } from "./mutants.ts";

/** Runs the command; the answer is the exit code. */
export async function main(argv: readonly string[], signal: AbortSignal): Promise<number> {
  return await runCommand(PROGRAM, argv, async (terminal) => {
    const args = parseArguments(argv, (text) => terminal.line(text));
    if (args === undefined) return EXIT_CODES.held;
    if (args.exhaustive) return await exhaustive(args, terminal, signal);
    if (args.mutants) return await mutants(args, terminal, signal);
    return await new ChaosRun(args, new CloneHost(args), terminal, signal).run();
  });
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
