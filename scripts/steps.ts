/**
 * Runs commands one after the other and says how each went.
 *
 * @module
 */

import { print } from "./print.ts";

/** A command of this very deno. */
export interface Step {
  readonly name: string;
  /** Arguments for deno. */
  readonly command: readonly string[];
  /** What to do when it fails. */
  readonly advice: string;
}

/** Runs the steps; the output of one is shown only when it fails. */
export async function runSteps(
  steps: readonly Step[],
): Promise<{ passed: number; failed: number }> {
  let failed = 0;
  for (const { name, command, advice } of steps) {
    const started = performance.now();
    const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [...command],
      stdin: "null",
    }).output();
    const seconds = ((performance.now() - started) / 1_000).toFixed(1);
    if (success) {
      print(`ok      ${name} (${seconds} s)`);
    } else {
      failed++;
      const decoder = new TextDecoder();
      print(decoder.decode(stdout) + decoder.decode(stderr));
      print(`FAILED  ${name} (${seconds} s). ${advice}`);
    }
  }
  const passed = steps.length - failed;
  print(`${passed} passed, ${failed} failed`);
  return { passed, failed };
}
