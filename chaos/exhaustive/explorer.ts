/**
 * All schedules of a small world, one after the other: depth first, by running each from its beginning, since promises
 * cannot be taken back. A schedule ends early where it comes to a state that an earlier one went on from.
 *
 * @module
 */

import { checkHistory, type Violation } from "../checker.ts";
import type { History } from "../history.ts";
import type { World } from "./world.ts";
import { WorldRun, type WorldRunOptions } from "./world_run.ts";

/** How far the search of one world has come. */
export interface Progress {
  readonly world: string;
  /** Different sequences of choices that were run. */
  readonly schedules: number;
  /** Those of them that were run to their end; the others met a state that was known. */
  readonly ended: number;
  /** Different states. */
  readonly states: number;
  /** Whether all were run. */
  readonly isComplete: boolean;
}

/** A schedule that breaks a guarantee. */
export interface BadSchedule {
  readonly world: string;
  /** The choices, as {@linkcode runSchedule} takes them. */
  readonly schedule: readonly number[];
  readonly violation: Violation;
  readonly history: History;
}

/** Choices that no schedule of a small world needs. */
const MOST_CHOICES = 1_000;

/** A choice that was made, and those that there were. */
interface Turn {
  index: number;
  readonly count: number;
}

/** Searches one world, a slice of time after the other. */
export class Explorer {
  readonly world: World;
  readonly #options: WorldRunOptions;
  readonly #known = new Set<number>();
  readonly #turns: Turn[] = [];
  #schedules = 0;
  #ended = 0;
  #isComplete = false;

  constructor(world: World, options: WorldRunOptions) {
    this.world = world;
    this.#options = options;
  }

  get progress(): Progress {
    return {
      world: this.world.name,
      schedules: this.#schedules,
      ended: this.#ended,
      states: this.#known.size,
      isComplete: this.#isComplete,
    };
  }

  /** Goes on until all is run, `isOver` says so, or a schedule breaks a guarantee, which is the answer. */
  async search(isOver: () => boolean): Promise<BadSchedule | undefined> {
    while (!this.#isComplete && !isOver()) {
      const history = await this.#runNext();
      this.#schedules++;
      const schedule = this.#turns.map(({ index }) => index);
      this.#isComplete = !this.#turnBack();
      if (history === undefined) continue;
      this.#ended++;
      const violation = violationOf(history);
      if (violation) return { world: this.world.name, schedule, violation, history };
    }
    return undefined;
  }

  /** The history of the next schedule; undefined where it came to a state that is known. */
  async #runNext(): Promise<History | undefined> {
    const run = new WorldRun(this.world, this.#options);
    await run.begin();
    for (let depth = 0;; depth++) {
      const choices = run.choices();
      if (choices.length === 0) return await run.end();
      if (depth === this.#turns.length) {
        if (depth > MOST_CHOICES) throw new Error(`${this.world.name} does not come to rest`);
        const state = run.fingerprint();
        if (this.#known.has(state)) return undefined;
        this.#known.add(state);
        this.#turns.push({ index: 0, count: choices.length });
      }
      await run.choose(choices[this.#turns[depth]!.index]!);
    }
  }

  /** To the last turn where there is another choice; whether there is one. */
  #turnBack(): boolean {
    for (let turn; (turn = this.#turns.at(-1)) !== undefined; this.#turns.pop()) {
      if (++turn.index < turn.count) return true;
    }
    return false;
  }
}

/** What happened in a schedule. */
export interface ScheduleRun {
  readonly history: History;
  /** The choices in words. */
  readonly steps: readonly string[];
}

/**
 * Runs one schedule; where it ends, the first choice is made each time.
 *
 * @throws RangeError where there is no such choice
 */
export async function runSchedule(
  world: World,
  schedule: readonly number[],
  options: WorldRunOptions,
): Promise<ScheduleRun> {
  const run = new WorldRun(world, options);
  const steps: string[] = [];
  await run.begin();
  for (let depth = 0; depth <= MOST_CHOICES; depth++) {
    const choices = run.choices();
    if (choices.length === 0) return { history: await run.end(), steps };
    const choice = choices[schedule[depth] ?? 0];
    if (!choice) {
      throw new RangeError(
        `choice ${depth + 1} of the schedule is ${schedule[depth]}, and there are ${choices.length}`,
      );
    }
    steps.push(choice.text());
    await run.choose(choice);
  }
  throw new Error(`${world.name} does not come to rest`);
}

/** Makes a schedule as plain as it can while it breaks the same rule: the first choice wherever that does. */
export async function shrink(
  world: World,
  bad: BadSchedule,
  options: WorldRunOptions,
): Promise<BadSchedule> {
  let best = { ...bad, schedule: trimmed(bad.schedule) };
  for (let index = best.schedule.length - 1; index >= 0; index--) {
    if (best.schedule[index] === 0) continue;
    const schedule = trimmed(best.schedule.with(index, 0));
    // What comes after another choice may not be there any more.
    const ran = await runSchedule(world, schedule, options).catch((error: unknown) => {
      if (error instanceof RangeError) return undefined;
      throw error;
    });
    const violation = ran && violationOf(ran.history);
    if (violation?.rule !== bad.violation.rule) continue;
    best = { ...best, schedule, violation, history: ran!.history };
    index = Math.min(index, best.schedule.length);
  }
  return best;
}

function trimmed(schedule: readonly number[]): number[] {
  return schedule.slice(0, schedule.findLastIndex((index) => index > 0) + 1);
}

function violationOf(history: History): Violation | undefined {
  const verdict = checkHistory(history, { maxViolations: 1 });
  if (verdict.verdict === "undecided") throw new Error(verdict.reason);
  return verdict.verdict === "violated" ? verdict.violations[0] : undefined;
}
