/**
 * The parts of a run, and how far they are.
 *
 * @module
 */

import process from "node:process";
import type { Tally } from "../../chaos/campaign_result.ts";
import { nameOf } from "../../chaos/report.ts";
import type { Target } from "../../chaos/real/target.ts";

/** Targets that are run side by side. */
export interface Turn {
  readonly targets: readonly Target[];
  /** Their share of the time that is left. */
  readonly leftMs: number;
}

/**
 * What is simulated needs all of the processor, and has it alone; what is real waits most of the time, so that all of it
 * runs side by side. Each of the two gets half of the time.
 */
export function* inTurn(targets: readonly Target[], endsAtMs: number): Generator<Turn> {
  const turns = [
    targets.filter(({ store }) => store.kind === "memory"),
    targets.filter(({ store }) => store.kind !== "memory"),
  ].filter((turn) => turn.length > 0);
  for (const [index, turn] of turns.entries()) {
    yield { targets: turn, leftMs: (endsAtMs - performance.now()) / (turns.length - index) };
  }
}

/** More than a target has lanes, each of which has a seed of its own; no multiple of four, by which `failMode` is chosen. */
const SEEDS_APART = 101;

/**
 * The seed of a turn's target, by its place among them: what one of them does not meet by its cases, another may. A
 * failure names the seed of its own; `isRepeated`: it is what was given.
 */
export function seedOf(seed: number, place: number, isRepeated: boolean): number {
  return isRepeated ? seed : (seed + SEEDS_APART * place) | 0;
}

const MINUTE_MS = 60_000;

/** A line a minute on a run, so that a long one can be followed afterwards. */
export class MinuteLines {
  readonly #keep: (line: string) => void;
  readonly #nowMs: () => number;
  readonly #startedAtMs: number;
  #minutes = 0;

  constructor(keep: (line: string) => void, nowMs: () => number = () => performance.now()) {
    this.#keep = keep;
    this.#nowMs = nowMs;
    this.#startedAtMs = nowMs();
  }

  /** What was done by now. */
  tell(tallies: readonly Tally[]): void {
    const minutes = Math.floor((this.#nowMs() - this.#startedAtMs) / MINUTE_MS);
    if (minutes <= this.#minutes) return;
    this.#minutes = minutes;
    const sum = (count: (tally: Tally) => number) =>
      tallies.reduce((total, tally) => total + count(tally), 0);
    const faults = sum((tally) => tally.faults.values().reduce((total, count) => total + count, 0));
    const counts = [
      [sum(({ histories }) => histories), "histories"],
      [sum(({ operations }) => operations), "operations"],
      [faults, "faults"],
      [sum(({ deaths }) => deaths), "deaths"],
      [sum(({ undecided }) => undecided), "undecided"],
      [Math.round(process.memoryUsage.rss() / 2 ** 20), "MiB of memory"],
    ] as const;
    const said = counts.map(([count, what]) => `${count.toLocaleString("en")} ${what}`);
    this.#keep(`After ${minutes} min: ${said.join(", ")}`);
  }
}

/** How far the targets of one turn are, in one line. */
export class GroupProgress {
  readonly #startedAtMs = performance.now();
  readonly #timeLimitMs: number;
  readonly #print: (line: () => string) => void;
  readonly #tallies = new Map<Target, readonly Tally[]>();
  readonly #minutes: MinuteLines;

  /** `print` is told of every history, `keep` once a minute, with a line that is to stay. */
  constructor(
    timeLimitMs: number,
    print: (line: () => string) => void,
    keep: (line: string) => void,
  ) {
    this.#timeLimitMs = timeLimitMs;
    this.#print = print;
    this.#minutes = new MinuteLines(keep);
  }

  tell(target: Target, tallies: readonly Tally[]): void {
    this.#tallies.set(target, tallies);
    this.#print(() => this.#line());
    this.#minutes.tell([...this.#tallies.values()].flat());
  }

  #line(): string {
    const all = [...this.#tallies.values()].flat();
    const sum = (count: (tally: Tally) => number) =>
      all.reduce((total, tally) => total + count(tally), 0);
    const seconds = Math.round((performance.now() - this.#startedAtMs) / 1_000);
    return `${[...this.#tallies.keys()].map(nameOf).join(", ")}: ` +
      `${sum(({ histories }) => histories)} histories, ` +
      `${sum(({ operations }) => operations)} operations, ${seconds} of ` +
      `${Math.round(this.#timeLimitMs / 1_000)} s`;
  }
}
