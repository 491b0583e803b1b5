/**
 * What the chaos command does first, wherever it runs.
 *
 * @module
 */

import { EXIT_CODES } from "../../chaos/verdict.ts";
import { UsageError } from "../usage_error.ts";
import { check } from "./check_command.ts";
import { faultLines } from "./faults_list.ts";
import { Terminal } from "./terminal.ts";

/**
 * Runs the command that is called `program`: what is asked for in words of its own, or `body`, which answers the exit
 * code. Bad input is a sentence and 2.
 */
export async function runCommand(
  program: string,
  argv: readonly string[],
  body: (terminal: Terminal) => Promise<number>,
): Promise<number> {
  const terminal = new Terminal(argv.includes("--quiet"));
  try {
    if (argv.join(" ").includes("--faults list")) {
      for (const line of faultLines()) terminal.line(line);
      return EXIT_CODES.held;
    }
    if (argv[0] === "check") return await check(argv.slice(1), program, terminal);
    return await body(terminal);
  } catch (error) {
    if (error instanceof UsageError) terminal.error(error.message);
    else {
      const reason = error instanceof Error ? error.stack : String(error);
      terminal.error(`chaos could not run: ${reason}`);
    }
    return EXIT_CODES["could-not-run"];
  }
}
