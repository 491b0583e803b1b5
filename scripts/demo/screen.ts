/**
 * How the demo looks: colours on a terminal, plain text elsewhere.
 *
 * @module
 */

import { styleText } from "node:util";
import { print } from "../print.ts";

type Colour = "bold" | "dim" | "green" | "red" | "yellow" | "cyan";

const COLOURED = Deno.stdout.isTerminal() && !Deno.noColor;
const BAR_WIDTH = 30;
const PLAIN_WIDTH = 80;
const GAP = "   ";

/** Colours a text, where colours can be seen. */
export function paint(colour: Colour, text: string): string {
  return COLOURED ? styleText(colour, text, { validateStream: false }) : text;
}

/** The lines of the story, each with the time since it began. */
export class Story {
  readonly #startedMs = performance.now();

  /** How long it goes on, in milliseconds. */
  get elapsedMs(): number {
    return performance.now() - this.#startedMs;
  }

  /** A line of the story. */
  tell(text: string, colour?: Colour): void {
    const time = `${(this.elapsedMs / 1_000).toFixed(1).padStart(5)} s`;
    print(`${paint("dim", time)}  ${colour ? paint(colour, text) : text}`);
  }

  /** How far a pod has come. */
  progress(pod: string, done: number, goal: number): void {
    const filled = Math.min(BAR_WIDTH, Math.round(BAR_WIDTH * done / goal));
    const bar = paint("green", "█".repeat(filled)) + paint("dim", "░".repeat(BAR_WIDTH - filled));
    this.tell(`${paint("cyan", pod)} ${bar} ${number(done).padStart(6)} requests answered`);
  }
}

/** A number with its thousands apart. */
export function number(value: number): string {
  return value.toLocaleString("en");
}

/** How many columns of cells of a width fit side by side. */
export function columnsOf(cellWidth: number): number {
  const width = Deno.stdout.isTerminal() ? Deno.consoleSize().columns : PLAIN_WIDTH;
  return Math.max(1, Math.floor(width / (cellWidth + GAP.length)));
}

/** Prints cells side by side, in columns from top to bottom. */
export function printColumns(cells: readonly string[], columns: number): void {
  const rows = Math.ceil(cells.length / columns);
  for (let row = 0; row < rows; row++) {
    const line = Array.from({ length: columns }, (_, column) => cells[column * rows + row] ?? "");
    print(`  ${line.join(GAP)}`.trimEnd());
  }
}
