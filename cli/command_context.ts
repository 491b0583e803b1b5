/**
 * What the subcommands share: their options, how they answer, how they end.
 *
 * @module
 */

import type { Command } from "commander";
import type { Terminal } from "./terminal.ts";

/**
 * How a command ends. `no` is an answer, not a failure: nothing was there, the log is not intact, no go. `failed`: it could
 * not be found out, or bad input.
 */
export const EXIT_CODES = { yes: 0, no: 1, failed: 2 } as const;

/** Options of every command. */
export interface GlobalOptions {
  readonly json?: boolean;
  readonly backend?: string;
  readonly url?: string;
  readonly username?: string;
  readonly password?: string;
  readonly keyPrefix?: string;
  readonly idSecret?: string;
}

/** Options that more than one command has: flags and what they are. */
const OPTIONS: Readonly<
  Record<keyof GlobalOptions, readonly [flags: string, description: string]>
> = {
  json: ["--json", "answers as JSON: one line, or one for each session"],
  backend: ["--backend <name>", "sqlite, ioredis, node-redis or valkey-glide"],
  url: ["--url <url>", "the store: redis://…, rediss://…, or SQLite's file"],
  username: ["--username <name>", "the server's user"],
  password: ["--password <text>", "its password; better given by the environment"],
  keyPrefix: ["--key-prefix <text>", "what the managers' keys begin with"],
  idSecret: ["--id-secret <text>", "the managers' idSecret; better given by the environment"],
};

/** Adds options of more than one command; all of them when none is named. */
export function addOptions(
  command: Command,
  names = Object.keys(OPTIONS) as readonly (keyof GlobalOptions)[],
): Command {
  for (const name of names) command.option(...OPTIONS[name]);
  return command;
}

/** One run of the program. */
export class CommandContext {
  readonly terminal: Terminal;
  /** What the process ends with. */
  exitCode: number = EXIT_CODES.yes;

  constructor(terminal: Terminal) {
    this.terminal = terminal;
  }

  /** Writes a result: as one line of JSON when that is asked for, else for people. */
  answer(options: GlobalOptions, result: unknown, text: () => string): void {
    this.terminal.print(options.json ? JSON.stringify(result) : text());
  }
}

/** Adds a subcommand to the program. */
export type Registrar = (program: Command, context: CommandContext) => void;
