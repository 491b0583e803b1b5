/**
 * `chaos`: hands over to the chaos command.
 *
 * @module
 */

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import type { Command } from "commander";
import type { CommandContext } from "./command_context.ts";
import { UsageError } from "./usage_error.ts";

/** Where it is in a clone of the repository; no package has it. */
const PROGRAM = new URL("../scripts/chaos.ts", import.meta.url);

/** Adds the command. */
export function addChaos(program: Command, context: CommandContext): void {
  program.command("chaos")
    .description("Looks for broken guarantees: kills pods and stores, and checks what is left.")
    .helpOption(false)
    .allowUnknownOption()
    .passThroughOptions()
    .argument("[args...]", "as of deno task chaos; --help tells them")
    .action(async (args: string[]) => {
      context.exitCode = await handOver(args);
    });
}

/** Runs the program in this one's place; the answer is its exit code. */
async function handOver(args: readonly string[]): Promise<number> {
  if (PROGRAM.protocol !== "file:" || !existsSync(PROGRAM) || !process.versions.deno) {
    throw new UsageError(
      "Chaos needs Deno and a clone of the repository: run deno task chaos there; over an adapter of your own, runChaos of " +
        "@hakgal/sessions/chaos runs anywhere.",
    );
  }
  const child = spawn(process.execPath, ["run", "-A", fileURLToPath(PROGRAM), ...args], {
    stdio: "inherit",
  });
  // The terminal interrupts both: the program says what it has found so far.
  const wait = () => {};
  process.on("SIGINT", wait);
  try {
    return await new Promise((resolve, reject) => {
      child.once("error", reject);
      child.once("exit", (code) => resolve(code ?? 2));
    });
  } finally {
    process.off("SIGINT", wait);
  }
}
