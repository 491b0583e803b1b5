/**
 * How long the chaos checker takes for a long history, and for one ten times as long.
 *
 * @module
 */

import { checkHistory } from "../../chaos/checker.ts";
import type { BenchCase } from "../case.ts";
import { largeHistory } from "../large_history.ts";
import { atMost, type Verdict } from "../verdict.ts";

const SHORT = { operations: 100_000, mostMs: 2_000 };
const LONG = { operations: 1_000_000, mostMs: 15_000 };

/** Histories of many sessions, and of a hot one. */
export const checker: BenchCase = {
  name: "checker",
  title: "the chaos checker, histories of 100,000 calls and of 1,000,000",
  backends: ["none"],
  run() {
    const shapes = [["many sessions", 50], ["one hot session", Infinity]] as const;
    const verdicts = shapes.flatMap(([shape, callsASession]): Verdict[] =>
      [SHORT, LONG].map(({ operations, mostMs }) => {
        const value = checkedInMs(operations, callsASession);
        const what = `${shape}, ${operations.toLocaleString("en")}`;
        return atMost(what, { value, unit: "ms" }, mostMs);
      })
    );
    return Promise.resolve({ races: [], verdicts });
  },
};

function checkedInMs(operations: number, callsASession: number): number {
  const sessions = Math.max(1, Math.round(operations / callsASession));
  const history = largeHistory({ seed: 1, operations, sessions, lives: "many" });
  const startedAtMs = performance.now();
  const { verdict } = checkHistory(history);
  if (verdict !== "holds") throw new Error(`The history of ${operations} calls: ${verdict}.`);
  return performance.now() - startedAtMs;
}
