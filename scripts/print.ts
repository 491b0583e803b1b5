/**
 * Lines on the terminal.
 *
 * @module
 */

const encoder = new TextEncoder();

/** Writes a line to the standard output. */
export function print(line = ""): void {
  Deno.stdout.writeSync(encoder.encode(line + "\n"));
}

/** Writes a line to the standard error. */
export function printError(line: string): void {
  Deno.stderr.writeSync(encoder.encode(line + "\n"));
}
