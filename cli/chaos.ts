/**
 * `chaos`: the chaos command; in a clone of the repository that of `deno task chaos`, which can do more.
 *
 * @module
 */

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import type { Command } from "commander";
import type { CommandContext } from "./command_context.ts";

/** The command of a clone; no package has it. */
const PROGRAM = new URL("../scripts/chaos.ts", import.meta.url);

/** Adds the command. */
export function addChaos(program: Command, context: CommandContext): void {
  program.command("chaos")
    .description("Looks for broken guarantees: kills pods and stores, and checks what is left.")
    .helpOption(false)
    .allowUnknownOption()
    .passThroughOptions()
    .argument("[args...]", "its own; chaos --help tells them")
    .action(async (args: string[]) => {
      context.exitCode = isClone() ? await handOver(args) : await runInProcess(args);
    });
}

function isClone(): boolean {
  return PROGRAM.protocol === "file:" && existsSync(PROGRAM) && Boolean(process.versions.deno);
}

/** Loaded by whoever calls it alone. */
async function runInProcess(args: readonly string[]): Promise<number> {
  const { runPackagedChaos } = await import("./chaos/main.ts");
  return await runPackagedChaos(args);
}

/** Runs the program in this one's place; the answer is its exit code. */
async function handOver(args: readonly string[]): Promise<number> {
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
