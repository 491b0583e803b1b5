/**
 * How long the chaos checker takes for a long history, and ten times as long.
 *
 * @module
 */

import { checkHistory } from "../chaos/checker.ts";
import { largeHistory } from "./large_history.ts";

/** Seconds for 100,000 and for 1,000,000 calls. */
export interface CheckerFigures {
  readonly shape: string;
  readonly shortSeconds: number;
  readonly longSeconds: number;
}

const SHORT = 100_000;
const LONG = 1_000_000;

/** Checks histories of many sessions and of a hot one. */
export function checkerFigures(): CheckerFigures[] {
  const shapes = [["many sessions", 50], ["one hot session", Infinity]] as const;
  return shapes.map(([shape, callsASession]) => ({
    shape,
    shortSeconds: seconds(SHORT, callsASession),
    longSeconds: seconds(LONG, callsASession),
  }));
}

function seconds(operations: number, callsASession: number): number {
  const sessions = Math.max(1, Math.round(operations / callsASession));
  const history = largeHistory({ seed: 1, operations, sessions, lives: "many" });
  const startedAtMs = performance.now();
  const { verdict } = checkHistory(history);
  if (verdict !== "holds") throw new Error(`The history of ${operations} calls: ${verdict}.`);
  return (performance.now() - startedAtMs) / 1_000;
}
