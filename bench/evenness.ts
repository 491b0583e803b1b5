/**
 * How evenly a machine works, whatever is measured on it.
 *
 * A virtual machine may be slowed by what its host does: a process is not kept from running then, and no statistic of
 * the system tells of it, but each look at memory takes longer. What is measured in milliseconds meanwhile is of that.
 *
 * @module
 */

import { median } from "./statistics.ts";

/** How long the same piece of work took, again and again. */
export interface Evenness {
  readonly usualMs: number;
  readonly slowestMs: number;
  /** Part of the time that went into pieces which took more than {@linkcode SLOW} × the usual. */
  readonly slowShare: number;
}

/** From where on a piece is a slow one, in parts of the usual. */
export const SLOW = 2;

/** More than the caches of a core hold. */
const NUMBERS = 8_000_000;
/** One number a page of 4 KiB. */
const STEP = 512;
const PASSES = 4;

/** Looks at a number of each page of 64 MB, again and again, and does nothing else; the time of each piece. */
export function timedPieces(durationMs: number, now = () => performance.now()): number[] {
  const memory = new Float64Array(NUMBERS);
  touch(memory);
  const pieces: number[] = [];
  const startedAtMs = now();
  for (let atMs = startedAtMs; atMs - startedAtMs < durationMs;) {
    touch(memory);
    const endedAtMs = now();
    pieces.push(endedAtMs - atMs);
    atMs = endedAtMs;
  }
  return pieces;
}

/** What the times of equal pieces tell. Throws on none. */
export function evennessOf(pieces: readonly number[]): Evenness {
  const usualMs = median(pieces);
  const slow = pieces.filter((ms) => ms > SLOW * usualMs);
  return { usualMs, slowestMs: Math.max(...slow, usualMs), slowShare: sum(slow) / sum(pieces) };
}

function touch(memory: Float64Array): void {
  for (let pass = 0; pass < PASSES; pass++) {
    for (let place = 0; place < memory.length; place += STEP) memory[place]! += 1;
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
