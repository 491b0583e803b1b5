/**
 * The regression guard: measures, and measures again what seems lost. A ratio that really fell stays low; one that the
 * machine disturbed comes back.
 *
 * @module
 */

import { compare, type Compared, type Ratios } from "./baseline.ts";

/** How often what seems lost is measured again. */
const RETRIES = 2;

/** After this no measuring is begun: the guard is to end within a minute. */
const LAST_BEGIN_MS = 45_000;

/** What the guard works with. */
export interface GuardOptions {
  readonly recorded: Ratios;
  /** Measures cases by name; answers their ratios. */
  readonly measure: (cases: readonly string[]) => Promise<Ratios>;
  /** The time, in milliseconds. @default performance.now */
  readonly now?: () => number;
}

/** Compares what is measured with what was recorded; of several measurements the best counts. */
export async function guard(options: GuardOptions): Promise<Compared[]> {
  const { recorded, measure, now = () => performance.now() } = options;
  const startedAtMs = now();
  let best = await measure(casesOf(Object.keys(recorded)));
  for (let retry = 0; retry < RETRIES && now() - startedAtMs < LAST_BEGIN_MS; retry++) {
    const lost = compare(recorded, best).filter(({ state }) => state === "lost");
    if (lost.length === 0) break;
    best = bestOf(best, await measure(casesOf(lost.map(({ name }) => name))));
  }
  return compare(recorded, best);
}

/** The cases that ratios are of: the first word of their names. */
function casesOf(names: readonly string[]): string[] {
  return [...new Set(names.map((name) => name.split(" ")[0]!))];
}

function bestOf(one: Ratios, other: Ratios): Ratios {
  const best: Record<string, number> = { ...one };
  for (const [name, ratio] of Object.entries(other)) best[name] = Math.max(ratio, best[name] ?? 0);
  return best;
}
