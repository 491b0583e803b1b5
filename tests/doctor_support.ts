/** Running the doctor and `acl` as the command line does. */

import { Command } from "commander";
import { addAcl } from "../cli/acl.ts";
import { CommandContext } from "../cli/command_context.ts";
import { addDoctor } from "../cli/doctor.ts";
import type { Finding } from "../cli/doctor/finding.ts";

/** What a command printed, and what it ends with. */
export interface Outcome {
  readonly code: number;
  readonly text: string;
}

/** Runs a subcommand; rejects with what the program would tell in one sentence, and end with 2. */
export async function runCommand(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Outcome> {
  const lines: string[] = [];
  const context = new CommandContext({
    env,
    isInteractive: false,
    print: (line) => lines.push(line),
    note: (line) => lines.push(line),
    ask: () => Promise.reject(new Error("nobody is there")),
  });
  const program = new Command("hakgal-sessions").enablePositionalOptions().exitOverride();
  addDoctor(program, context);
  addAcl(program, context);
  await program.parseAsync([...args], { from: "user" });
  return { code: context.exitCode, text: lines.join("\n") };
}

/** The doctor's findings by check, and its exit code. */
export async function askDoctor(
  args: readonly string[],
  env?: Readonly<Record<string, string>>,
): Promise<{ readonly code: number; readonly found: ReadonlyMap<string, Finding>; text: string }> {
  const { code, text } = await runCommand(["doctor", "--json", ...args], env);
  const { findings } = JSON.parse(text) as { findings: Finding[] };
  return { code, text, found: new Map(findings.map((finding) => [finding.check, finding])) };
}
