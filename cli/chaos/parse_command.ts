/**
 * Reading a command line by a description of it.
 *
 * @module
 */

import { type Command, CommanderError } from "commander";
import { UsageError } from "../usage_error.ts";

/**
 * The options that were given; undefined when help was asked for and `print` has given it.
 *
 * @throws {UsageError} when the command line is not as described
 */
export function parseCommand<Options extends object>(
  command: Command,
  argv: readonly string[],
  print: (text: string) => void,
): Options | undefined {
  command
    .allowExcessArguments(false)
    .exitOverride()
    .configureOutput({ writeOut: (text) => print(text.trimEnd()), writeErr: () => {} });
  try {
    command.parse([...argv], { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.code === "commander.helpDisplayed") return undefined;
    const message = error.message.replace(/^error: /, "");
    throw new UsageError(`${message} (see ${command.name()} --help)`, { cause: error });
  }
  return command.opts<Options>();
}
