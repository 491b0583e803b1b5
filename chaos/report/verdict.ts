/**
 * A run in a sentence.
 *
 * @module
 */

import type { ChaosReport } from "../report.ts";
import { count, seconds } from "./words.ts";

/** What the run came to. */
export function headline({ verdict, backends, mutants }: ChaosReport): string {
  if (mutants.length > 0) {
    const killed = mutants.filter(({ killed }) => killed).length;
    return `${killed} of ${count(mutants.length, "mutant")} killed`;
  }
  switch (verdict) {
    case "held":
      return "Every guarantee held";
    case "violated": {
      const broken = new Set(
        backends.flatMap(({ violations }) => violations)
          .map(({ guarantee }) => guarantee),
      );
      const names = [...broken].sort((a, b) => Number(a.slice(1)) - Number(b.slice(1)));
      return `${names.join(", ")} ${broken.size === 1 ? "was" : "were"} violated`;
    }
    case "could-not-run":
      return "The run could not be finished";
    case "proved-nothing":
      return "This run proves nothing";
  }
}

/** How much was done. */
export function extent({ backends, mutants, durationMs, seed }: ChaosReport): string {
  const sum = (value: (backend: ChaosReport["backends"][number]) => number) =>
    backends.reduce((total, backend) => total + value(backend), 0);
  const done = mutants.length > 0 ? [] : [
    count(sum(({ histories }) => histories), "history", "histories"),
    count(sum(({ operations }) => operations), "operation"),
    count(sum(({ deaths }) => deaths), "pod death"),
    count(sum(({ outages }) => outages), "outage"),
  ];
  return [...done, seconds(durationMs), `seed ${seed}`].join(" · ");
}
