/**
 * The audit lines that wait for their sink, bounded in number and size.
 *
 * @module
 */

/** Lines that wait, at most. */
const MOST_LINES = 10_000;
/** What they take, at most, in characters. */
const MOST_CHARACTERS = 32 * 2 ** 20;

/** A line whose place in the chain is not known yet, or the place of lines that found no room. */
export type WaitingLine = string | Gap;

/** Lines that found no room. */
export interface Gap {
  /** When the first of them did not, by the wall clock, in milliseconds since the Unix epoch. */
  readonly sinceMs: number;
  lines: number;
  /** Whether it is on its way as it is, so that it must not grow. */
  isSent: boolean;
}

/** First in, first out. */
export class AuditQueue {
  readonly #waiting: WaitingLine[] = [];
  #characters = 0;
  #lost = 0;

  get size(): number {
    return this.#waiting.length;
  }

  /** Lines that found no room, and those given up, in all. */
  get lost(): number {
    return this.#lost;
  }

  /** Takes a line in; false when it finds no room and is the first such one for a while. */
  push(line: string, nowMs: number): boolean {
    const isFull = this.#waiting.length >= MOST_LINES ||
      this.#characters + line.length > MOST_CHARACTERS;
    if (!isFull) {
      this.#waiting.push(line);
      this.#characters += line.length;
      return true;
    }
    this.#lost++;
    const last = this.#waiting.at(-1);
    if (typeof last === "object" && !last.isSent) {
      last.lines++;
      return true;
    }
    this.#waiting.push({ sinceMs: nowMs, lines: 1, isSent: false });
    return false;
  }

  /** Puts a line before all others. */
  unshift(line: string): void {
    this.#waiting.unshift(line);
    this.#characters += line.length;
  }

  /** The first lines, which are to be sent as they are now. */
  first(count: number): readonly WaitingLine[] {
    const first = this.#waiting.slice(0, count);
    for (const waiting of first) if (typeof waiting === "object") waiting.isSent = true;
    return first;
  }

  /** The first lines are kept. */
  shift(count: number): void {
    for (const waiting of this.#waiting.splice(0, count)) {
      if (typeof waiting === "string") this.#characters -= waiting.length;
    }
  }

  /** Nobody will take what waits any more. */
  giveUp(): void {
    this.#lost += this.#waiting.filter((waiting) => typeof waiting === "string").length;
    this.shift(this.#waiting.length);
  }
}
