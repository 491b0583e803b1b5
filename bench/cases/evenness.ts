/**
 * How evenly the machine works that all else is measured on.
 *
 * @module
 */

import type { BenchCase } from "../case.ts";
import { evennessOf, SLOW, timedPieces } from "../evenness.ts";

/** A loop that looks at memory: nothing of the library takes part. */
export const evenness: BenchCase = {
  name: "evenness",
  title: "of the machine: 64 MB of memory looked at page by page, and nothing else done",
  backends: ["none"],
  run({ settings: { turnMs, rounds } }) {
    const { usualMs, slowestMs, slowShare } = evennessOf(timedPieces(2 * rounds * turnMs));
    return Promise.resolve({
      races: [],
      verdicts: [],
      figures: {
        "slowest piece, in parts of the usual": { value: slowestMs / usualMs, unit: "×" },
        [`time in pieces of more than ${SLOW} × the usual, %`]: {
          value: 100 * slowShare,
          unit: "",
        },
      },
    });
  },
};
