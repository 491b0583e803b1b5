/**
 * The regression guard: ratios that were reached once, and what is left of them. Ratios and not times, since they are
 * about the same on every machine.
 *
 * @module
 */

import type { CaseResult, Results } from "./results.ts";

/** Version of the file's form. */
const BASELINE_FORMAT = 1;

/** What is left of a ratio below this share counts as lost. */
export const KEPT_SHARE = 0.7;

/** Ratios by case, backend and what they are of. */
export type Ratios = Readonly<Record<string, number>>;

/** One ratio, as it was and as it is. */
export interface Compared {
  readonly name: string;
  readonly recorded: number;
  /** Undefined when it was not measured this time. */
  readonly measured: number | undefined;
  readonly state: "kept" | "lost" | "unmeasured";
}

/** The ratios of rates that a run reached. */
export function ratiosOf({ cases }: Pick<Results, "cases">): Ratios {
  return Object.fromEntries(cases.flatMap(rateRatios));
}

/** Compares with what was recorded. A ratio that is recorded and was not measured is told, never passed over. */
export function compare(recorded: Ratios, measured: Ratios): Compared[] {
  return Object.entries(recorded).map(([name, ratio]) => {
    const now = measured[name];
    const state = now === undefined ? "unmeasured" : now < KEPT_SHARE * ratio ? "lost" : "kept";
    return { name, recorded: ratio, measured: now, state };
  });
}

/** The text of a baseline's file. */
export function baselineText(ratios: Ratios): string {
  const rounded = Object.entries(ratios).map((
    [name, ratio],
  ) => [name, Number(ratio.toPrecision(3))]);
  return JSON.stringify({ format: BASELINE_FORMAT, ratios: Object.fromEntries(rounded) }, null, 2) +
    "\n";
}

/** Reads a baseline. Throws, with what to do, on anything else. */
export function readBaseline(text: string, path: string): Ratios {
  let read: { readonly format?: unknown; readonly ratios?: unknown };
  try {
    read = JSON.parse(text);
  } catch (cause) {
    throw new Error(`${path} is no JSON: ${ADVICE}`, { cause });
  }
  const { format, ratios } = read ?? {};
  const isWhole = format === BASELINE_FORMAT && typeof ratios === "object" && ratios !== null &&
    Object.values(ratios).every((ratio) => typeof ratio === "number" && ratio > 0);
  if (!isWhole || Object.keys(ratios).length === 0) {
    throw new Error(`${path} is no baseline of format ${BASELINE_FORMAT}: ${ADVICE}`);
  }
  return ratios as Ratios;
}

const ADVICE = "record it anew with deno task bench --quick --write-baseline";

function rateRatios({ case: name, backend, verdicts, figures }: CaseResult): [string, number][] {
  const judged = verdicts.flatMap(({ ours, against, ratio }): [string, number][] =>
    ratio !== undefined && ours.unit === "/s" ? [[`ours / ${against!.name}`, ratio]] : []
  );
  // A cached read has no target but against peers; what it is of a bare look-up is to stay all the same.
  const unjudged = Object.entries(figures).flatMap(([what, { value, unit }]): [string, number][] =>
    unit === "×" ? [[what, value]] : []
  );
  return [...judged, ...unjudged].map(([what, ratio]) => [`${name} ${backend}: ${what}`, ratio]);
}
