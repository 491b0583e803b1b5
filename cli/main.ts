#!/usr/bin/env node
/**
 * The command `hakgal-sessions`: the entry of the package's bin, of `deno task cli`, and of `deno run jsr:@hakgal/sessions/cli`.
 * It runs on Deno, Node and Bun, and nothing else imports it. In the package for npm the bin is this module as JavaScript.
 *
 * @module
 */

import process from "node:process";
import { ProcessTerminal } from "./process_terminal.ts";
import { runCommand } from "./program.ts";

// Whoever reads the output may have had enough of it.
process.stdout.on("error", (error: Error & { readonly code?: string }) => {
  process.exit(error.code === "EPIPE" ? 0 : 2);
});
process.exitCode = await runCommand(process.argv.slice(2), new ProcessTerminal());
