/**
 * The terminal of this process.
 *
 * @module
 */

import process from "node:process";
import { createInterface } from "node:readline/promises";
import type { Terminal } from "./terminal.ts";

/** Results go to the standard output, everything else to the standard error. */
export class ProcessTerminal implements Terminal {
  readonly env: Readonly<Record<string, string | undefined>> = process.env;

  get isInteractive(): boolean {
    return Boolean(process.stdin.isTTY && process.stderr.isTTY);
  }

  print(line: string): void {
    process.stdout.write(`${line}\n`);
  }

  note(line: string): void {
    process.stderr.write(`${line}\n`);
  }

  async ask(question: string): Promise<string> {
    const asking = createInterface({ input: process.stdin, output: process.stderr });
    try {
      return await asking.question(question);
    } finally {
      asking.close();
    }
  }
}
