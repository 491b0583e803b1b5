/**
 * How long to wait for another connection's lock. SQLite's own waiting (`busy_timeout`) would block the
 * event loop, and starves a process among several.
 *
 * @module
 */

const FIRST_SPAN_MS = 9;
const LONGEST_SPAN_MS = 24;

/** The pause after the `attempt`-th refusal (from 0): 1 to 10 ms, growing to 1 to 25 ms. */
export function backoffMs(attempt: number, random: () => number): number {
  return 1 + random() * Math.min(LONGEST_SPAN_MS, FIRST_SPAN_MS * 1.5 ** attempt);
}
