/**
 * The chaos command of the package.
 *
 * @module
 */

import process from "node:process";
import { EXIT_CODES } from "../../chaos/verdict.ts";
import { UsageError } from "../usage_error.ts";
import { describeRun, type GivenOptions, readRun } from "./arguments.ts";
import { ChaosRun } from "./chaos_run.ts";
import { runCommand } from "./command.ts";
import { PackageHost } from "./package_host.ts";
import { parseCommand } from "./parse_command.ts";

/** Options of `deno task chaos` that the package has no parts for. */
const OF_A_CLONE = /^--(provision|mutants|jobs|exhaustive|world|schedule)(=|$)/;

/** Runs it; the answer is the exit code. */
export async function runPackagedChaos(argv: readonly string[]): Promise<number> {
  const stop = new AbortController();
  const interrupt = () => stop.abort();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, interrupt);
  const host = new PackageHost();
  try {
    return await runCommand(host.program, argv, async (terminal) => {
      refuseStrangers(argv);
      const command = describeRun(host.program, host.serverKinds)
        .addHelpText("after", "\nMutants and exhaustive runs need a clone of the repository.");
      const options = parseCommand<GivenOptions>(command, argv, (text) => terminal.line(text));
      if (options === undefined) return EXIT_CODES.held;
      const args = readRun(options, host.serverKinds);
      return await new ChaosRun(args, host, terminal, stop.signal).run();
    });
  } finally {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.off(signal, interrupt);
  }
}

function refuseStrangers(argv: readonly string[]): void {
  if (!("withResolvers" in Promise)) {
    throw new UsageError("Chaos cannot run here: use Node 22 or newer, Deno or Bun.");
  }
  const option = argv.find((word) => OF_A_CLONE.test(word));
  if (option === undefined) return;
  throw new UsageError(
    `${option} needs a clone of the repository: run deno task chaos ${option} there.`,
  );
}
