const encoder = new TextEncoder();

/** Writes lines for people; a progress line is replaced where there is a terminal. */
export class Terminal {
  readonly #isQuiet: boolean;
  readonly #isTerminal = Deno.stdout.isTerminal();
  #progressLength = 0;
  #lastProgressMs = -Infinity;

  constructor(isQuiet: boolean) {
    this.#isQuiet = isQuiet;
  }

  /** A line that stays. */
  line(text: string): void {
    this.#clear();
    write(Deno.stdout, `${text}\n`);
  }

  /** A line that stays, of a run that goes on. */
  milestone(text: string): void {
    if (!this.#isQuiet) this.line(text);
  }

  /** A line about what is wrong. */
  error(text: string): void {
    this.#clear();
    write(Deno.stderr, `${text}\n`);
  }

  /** How far it is: many times a second to a terminal, every few seconds to a log. */
  progress(text: () => string): void {
    const now = performance.now();
    if (this.#isQuiet || now - this.#lastProgressMs < (this.#isTerminal ? 150 : 5_000)) return;
    this.#lastProgressMs = now;
    if (!this.#isTerminal) return write(Deno.stdout, `${text()}\n`);
    const line = text().slice(0, Deno.consoleSize().columns - 1);
    write(Deno.stdout, `\r${line.padEnd(this.#progressLength)}`);
    this.#progressLength = line.length;
  }

  #clear(): void {
    if (this.#progressLength > 0) write(Deno.stdout, `\r${" ".repeat(this.#progressLength)}\r`);
    this.#progressLength = 0;
  }
}

function write(stream: { writeSync(bytes: Uint8Array): number }, text: string): void {
  let rest = encoder.encode(text);
  while (rest.length > 0) rest = rest.subarray(stream.writeSync(rest));
}
