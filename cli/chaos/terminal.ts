/**
 * Where the chaos command writes.
 *
 * @module
 */

import { writeSync } from "node:fs";
import process from "node:process";

const encoder = new TextEncoder();
/** Columns of a terminal that does not say how many it has. */
const COLUMNS = 80;

/** Writes lines for people; a progress line is replaced where there is a terminal. */
export class Terminal {
  readonly #isQuiet: boolean;
  readonly #isTerminal = process.stdout.isTTY === true;
  #progressLength = 0;
  #lastProgressMs = -Infinity;

  constructor(isQuiet: boolean) {
    this.#isQuiet = isQuiet;
  }

  /** A line that stays. */
  line(text: string): void {
    this.#clear();
    write(process.stdout, `${text}\n`);
  }

  /** A line that stays, of a run that goes on. */
  milestone(text: string): void {
    if (!this.#isQuiet) this.line(text);
  }

  /** A line about what is wrong. */
  error(text: string): void {
    this.#clear();
    write(process.stderr, `${text}\n`);
  }

  /** How far it is: many times a second to a terminal, every few seconds to a log. */
  progress(text: () => string): void {
    const now = performance.now();
    if (this.#isQuiet || now - this.#lastProgressMs < (this.#isTerminal ? 150 : 5_000)) return;
    this.#lastProgressMs = now;
    if (!this.#isTerminal) return write(process.stdout, `${text()}\n`);
    const line = text().slice(0, (process.stdout.columns ?? COLUMNS) - 1);
    write(process.stdout, `\r${line.padEnd(this.#progressLength)}`);
    this.#progressLength = line.length;
  }

  #clear(): void {
    if (this.#progressLength > 0) write(process.stdout, `\r${" ".repeat(this.#progressLength)}\r`);
    this.#progressLength = 0;
  }
}

/** At once, so that nothing is lost when the process exits; a pipe whose reader is slow is waited for. */
function write(stream: { readonly fd: number }, text: string): void {
  let rest = encoder.encode(text);
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(stream.fd, rest));
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "EAGAIN")) throw error;
    }
  }
}
