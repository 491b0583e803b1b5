/** Running the doctor and `acl` as the command line does. */

import type { Finding } from "../cli/doctor/finding.ts";
import { command } from "./cli_support.ts";

/** What a command printed, and what it ends with. */
export interface Outcome {
  readonly code: number;
  readonly text: string;
}

/** Runs a subcommand; the text is what it answered, or the one sentence that says what is wrong. */
export async function runCommand(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Outcome> {
  const { code, lines, notes } = await command(args, { env });
  return { code, text: [...lines, ...notes].join("\n") };
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
