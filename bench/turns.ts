/**
 * The turns that contestants take: callers at once for a while, or whole jobs.
 *
 * @module
 */

import type { LatencyRecorder } from "./latency.ts";
import type { Contestant } from "./rounds.ts";

/** Between two looks at the clock no more time is to pass than this. */
const LOOK_EVERY_MS = 0.5;
const MOST_UNSEEN = 4_096;

/** How callers take a turn. */
export interface CallersOptions {
  /** Callers at once. */
  readonly callers: number;
  /** Length of the turn; calls under way at its end are waited for and counted. */
  readonly turnMs: number;
  /** Times every call; left out where a look at the clock costs as much as the call. */
  readonly isTimed?: boolean;
  /** The time, in milliseconds. @default performance.now */
  readonly now?: () => number;
}

/** One piece of work of a caller. */
export type Work = (caller: number) => Promise<unknown>;

/** A contestant whose callers each make one call after the other. */
export function callers(name: string, work: Work, options: CallersOptions): Contestant {
  return {
    name,
    async turn(latencies) {
      const { pieces, elapsedMs } = await callAtOnce(work, options, latencies);
      return pieces / elapsedMs * 1_000;
    },
  };
}

/** Callers that each make one call after the other, for one turn: how many calls that was, and how long it took. */
export async function callAtOnce(
  work: Work,
  { callers, turnMs, isTimed = true, now = () => performance.now() }: CallersOptions,
  latencies: LatencyRecorder,
): Promise<{ pieces: number; elapsedMs: number }> {
  const startedAtMs = now();
  const endsAtMs = startedAtMs + turnMs;
  const call = (_: unknown, caller: number) =>
    isTimed
      ? timed(() => work(caller), { endsAtMs, now, latencies })
      : untimed(() => work(caller), { endsAtMs, now });
  const pieces = await Promise.all(Array.from({ length: callers }, call));
  return { pieces: sum(pieces), elapsedMs: now() - startedAtMs };
}

/** How whole jobs are timed. */
export interface WholeJobOptions {
  /** Done before each turn, and not timed. */
  readonly before?: () => void;
  /** The time, in milliseconds. @default performance.now */
  readonly now?: () => number;
}

/** A contestant that does one whole job a turn; `job` answers the pieces of work in it. */
export function wholeJob(
  name: string,
  job: () => Promise<number>,
  { before, now = () => performance.now() }: WholeJobOptions = {},
): Contestant {
  return {
    name,
    async turn() {
      before?.();
      const startedAtMs = now();
      const pieces = await job();
      return pieces / (now() - startedAtMs) * 1_000;
    },
  };
}

interface Until {
  readonly endsAtMs: number;
  readonly now: () => number;
}

async function timed(
  work: () => Promise<unknown>,
  { endsAtMs, now, latencies }: Until & { readonly latencies: LatencyRecorder },
): Promise<number> {
  let pieces = 0;
  for (let begunAtMs = now(); begunAtMs < endsAtMs; pieces++) {
    await work();
    const endedAtMs = now();
    latencies.record(endedAtMs - begunAtMs);
    begunAtMs = endedAtMs;
  }
  return pieces;
}

async function untimed(
  work: () => Promise<unknown>,
  { endsAtMs, now }: Until,
): Promise<number> {
  let pieces = 0;
  let unseen = 1;
  for (let lookedAtMs = now(); lookedAtMs < endsAtMs;) {
    for (let piece = 0; piece < unseen; piece++) await work();
    pieces += unseen;
    const atMs = now();
    if (atMs - lookedAtMs < LOOK_EVERY_MS && unseen < MOST_UNSEEN) unseen *= 2;
    lookedAtMs = atMs;
  }
  return pieces;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
