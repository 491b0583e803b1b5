/**
 * All schedules of a small world, each run from its beginning, since promises cannot be taken back. First the one in
 * which nothing is in the way, then those that leave it once, then those that leave these once more, and so on. A
 * schedule ends early where it comes to a state that an earlier one went on from: see `fingerprint` in `world_run.ts`
 * for what makes two states the same.
 *
 * @module
 */

import { checkHistory, type Violation } from "../checker.ts";
import type { History } from "../history.ts";
import type { World } from "./world.ts";
import { WorldRun, type WorldRunOptions } from "./world_run.ts";

/** How far the search of one world has come. */
export interface Progress {
  /** The world's name. */
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

/** A schedule to be run: another one up to a choice, and there another choice. */
interface Departure {
  readonly from: readonly number[];
  readonly depth: number;
  readonly choice: number;
}

/** How a schedule ended. */
interface Ran {
  readonly schedule: readonly number[];
  /** Undefined where it came to a state that is known. */
  readonly history: History | undefined;
}

/** Searches one world, a slice of time after the other. */
export class Explorer {
  readonly world: World;
  readonly #options: WorldRunOptions;
  readonly #Run: typeof WorldRun;
  readonly #known = new Set<number>();
  /** Those of the round under way, and of the next one. */
  #departures: Departure[] = [{ from: [], depth: 0, choice: 0 }];
  #next: Departure[] = [];
  #schedules = 0;
  #ended = 0;

  /** `Run`: what runs a schedule. */
  constructor(world: World, options: WorldRunOptions, Run: typeof WorldRun = WorldRun) {
    this.world = world;
    this.#Run = Run;
    this.#options = options;
  }

  get progress(): Progress {
    return {
      world: this.world.name,
      schedules: this.#schedules,
      ended: this.#ended,
      states: this.#known.size,
      isComplete: this.#departures.length === 0,
    };
  }

  /** Goes on until all is run, `isOver` says so, or a schedule breaks a guarantee, which is the answer. */
  async search(isOver: () => boolean): Promise<BadSchedule | undefined> {
    for (let departure; !isOver() && (departure = this.#departures.pop());) {
      const { history, schedule } = await this.#run(departure);
      this.#schedules++;
      if (this.#departures.length === 0) {
        this.#departures = this.#next.reverse();
        this.#next = [];
      }
      if (history === undefined) continue;
      this.#ended++;
      const violation = violationOf(history);
      if (violation) return { world: this.world.name, schedule, violation, history };
    }
    return undefined;
  }

  async #run({ from, depth, choice }: Departure): Promise<Ran> {
    const run = new this.#Run(this.world, this.#options);
    const schedule = [...from.slice(0, depth), choice];
    await run.begin();
    for (let turn = 0; turn <= MOST_CHOICES; turn++) {
      const choices = run.choices();
      if (choices.length === 0) return { schedule, history: await run.end() };
      const isNew = turn > depth || from.length === 0;
      if (isNew) {
        const state = run.fingerprint();
        if (this.#known.has(state)) return { schedule, history: undefined };
        this.#known.add(state);
        if (turn > depth) schedule.push(0);
        for (let other = 1; other < choices.length; other++) {
          this.#next.push({ from: schedule, depth: turn, choice: other });
        }
      }
      await run.choose(choices[schedule[turn]!]!);
    }
    throw new Error(`${this.world.name} does not come to rest`);
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
        `choice ${depth + 1} of the schedule is ${
          schedule[depth]
        }, and there are ${choices.length}`,
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
