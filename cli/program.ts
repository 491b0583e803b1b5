/**
 * The command line: its subcommands, its options, its exit codes.
 *
 * @module
 */

import { Command, CommanderError } from "commander";
import { SessionError, StoreUnavailableError } from "../core/errors.ts";
import { addAcl } from "./acl.ts";
import { addAudit } from "./audit.ts";
import { addChaos } from "./chaos.ts";
import { addOptions, CommandContext, EXIT_CODES, type Registrar } from "./command_context.ts";
import { addDestroy } from "./destroy.ts";
import { addDoctor } from "./doctor.ts";
import { addInspect } from "./inspect.ts";
import { addList } from "./list.ts";
import { addRollout } from "./rollout.ts";
import { addStats } from "./stats.ts";
import type { Terminal } from "./terminal.ts";
import { UsageError } from "./usage_error.ts";

/** What there is, in the order of the help. */
const REGISTRARS: readonly Registrar[] = [
  addDoctor,
  addList,
  addInspect,
  addDestroy,
  addStats,
  addAcl,
  addAudit,
  addRollout,
  addChaos,
];

const HELP = `
Where the options are silent, the environment is read as the library reads it: HAKGAL_SESSION_BACKEND, _URL, _ID_SECRET,
_TTL_MS, or REDIS_CLOUD_HOST, _PORT, _USERNAME, _PASSWORD, _TLS, _CA.

Exit codes: 0 done, or yes · 1 not there, not intact, no go · 2 bad input, or it could not be found out`;

/** Runs the program; the answer is the exit code. */
export async function runCommand(args: readonly string[], terminal: Terminal): Promise<number> {
  const context = new CommandContext(terminal);
  try {
    await programFor(context).parseAsync([...args], { from: "user" });
    return context.exitCode;
  } catch (error) {
    // Commander has said it.
    if (error instanceof CommanderError) {
      return error.exitCode === 0 ? EXIT_CODES.yes : EXIT_CODES.failed;
    }
    terminal.note(explain(error, terminal.env.DEBUG));
    return EXIT_CODES.failed;
  }
}

function programFor(context: CommandContext): Command {
  const program = new Command("hakgal-sessions")
    .description("Looks after the sessions of @hakgal/sessions.")
    .enablePositionalOptions() // Chaos has options of the same names.
    .addHelpText("after", HELP)
    .showHelpAfterError("(see --help)")
    .exitOverride()
    .configureOutput({
      writeOut: (text) => context.terminal.print(text.trimEnd()),
      writeErr: (text) => context.terminal.note(text.trimEnd()),
    });
  addOptions(program);
  for (const register of REGISTRARS) register(program, context);
  return program;
}

/** One sentence that says what to do; where it came from only for whoever looks for that. */
function explain(error: unknown, debug: string | undefined): string {
  if (!(error instanceof Error)) return String(error);
  if (debug) return error.stack ?? error.message;
  if (error instanceof StoreUnavailableError) {
    return `${
      error.message.replace(/\.$/, "")
    }: check --url or HAKGAL_SESSION_URL, and that the server runs.`;
  }
  if (error instanceof UsageError || error instanceof SessionError) return error.message;
  return `${error.name}: ${error.message} (DEBUG=1 shows where)`;
}
