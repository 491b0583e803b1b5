/**
 * Measuring contestants side by side: in turns, so that what the machine does meanwhile hits all alike.
 *
 * @module
 */

import { type Latency, LatencyRecorder } from "./latency.ts";
import { median, spread } from "./statistics.ts";

/** Above this a race is run again: its figures lie too far apart. */
export const STEADY_SPREAD = 0.15;

/** Fewest rounds that say something of how far figures lie apart. */
export const FEWEST_ROUNDS = 5;

/** Somebody who does the same work as the others. */
export interface Contestant {
  readonly name: string;
  /** Works for one turn; answers pieces of work a second. */
  readonly turn: (latencies: LatencyRecorder) => Promise<number>;
}

/** How a race is run. */
export interface RaceOptions {
  /** Turns of each contestant; at least {@linkcode FEWEST_ROUNDS} make figures worth writing down. */
  readonly rounds: number;
  /** How often a race whose figures lie too far apart is run again. */
  readonly repeats: number;
}

/** What one contestant reached. */
export interface Standing {
  readonly name: string;
  /** Pieces of work a second, by round. */
  readonly rounds: readonly number[];
  readonly median: number;
  /** Interquartile range in parts of the median. */
  readonly spread: number;
  /** Where calls were timed one by one. */
  readonly latency?: Latency;
}

/** A race that was run. */
export interface Race {
  readonly standings: readonly Standing[];
  /** Whether every contestant's figures lie close enough together. */
  readonly isSteady: boolean;
  /** How often it was run. */
  readonly attempts: number;
}

/**
 * Lets the contestants work in turns: a turn of each to warm up, then the rounds, each begun by the next contestant.
 * When figures lie too far apart, all is run again, and the attempt in which they lie closest counts.
 */
export async function race(
  contestants: readonly Contestant[],
  { rounds, repeats }: RaceOptions,
): Promise<Race> {
  for (const { turn } of contestants) await turn(new LatencyRecorder());
  let best: readonly Standing[] | undefined;
  for (let attempt = 1;; attempt++) {
    const standings = await run(contestants, rounds);
    if (!best || widest(standings) < widest(best)) best = standings;
    const isSteady = widest(best) <= STEADY_SPREAD;
    if (isSteady || attempt > repeats) return { standings: best, isSteady, attempts: attempt };
  }
}

/** The standing of one contestant. Throws when it did not take part. */
export function standingOf({ standings }: Race, name: string): Standing {
  const found = standings.find((standing) => standing.name === name);
  if (!found) throw new RangeError(`"${name}" took no part in this race.`);
  return found;
}

async function run(contestants: readonly Contestant[], rounds: number): Promise<Standing[]> {
  const taken = contestants.map(({ name, turn }) => ({
    ...{ name, turn, rates: [] as number[], latencies: new LatencyRecorder() },
  }));
  for (let round = 0; round < rounds; round++) {
    for (let place = 0; place < taken.length; place++) {
      const { turn, rates, latencies } = taken[(round + place) % taken.length]!;
      rates.push(await turn(latencies));
    }
  }
  return taken.map(({ name, rates, latencies }) => {
    const latency = latencies.summary();
    return {
      name,
      rounds: rates,
      median: median(rates),
      spread: spread(rates),
      ...(latency && { latency }),
    };
  });
}

function widest(standings: readonly Standing[]): number {
  return Math.max(...standings.map((standing) => standing.spread));
}
