/**
 * What a run found, and the file that keeps it.
 *
 * @module
 */

import type { CaseBackend } from "./case.ts";
import type { Machine, Versions } from "./machine.ts";
import type { Standing } from "./rounds.ts";
import type { Quantity, Verdict } from "./verdict.ts";

/** Version of the file's form; a reader refuses others. */
export const RESULTS_FORMAT = 1;

/** One contest of a case. */
export interface RaceResult {
  readonly standings: readonly Standing[];
  /** Whether the figures of each contestant lie within 15 % of each other. */
  readonly isSteady: boolean;
  /** How often it was run for that. */
  readonly attempts: number;
}

/** A case on one backend. */
export interface CaseResult {
  readonly case: string;
  readonly title: string;
  readonly backend: CaseBackend;
  readonly races: readonly RaceResult[];
  readonly verdicts: readonly Verdict[];
  readonly figures: Readonly<Record<string, Quantity>>;
  readonly notes: readonly string[];
  /** Why it could not be measured. */
  readonly error?: string;
}

/** How it was measured. */
export interface UsedSettings {
  readonly turnMs: number;
  readonly rounds: number;
  readonly withPeers: boolean;
  readonly isFull: boolean;
}

/** A run: what `--json` writes. */
export interface Results {
  readonly format: typeof RESULTS_FORMAT;
  /** When it began, in ISO 8601. */
  readonly startedAt: string;
  readonly settings: UsedSettings;
  readonly machine: Machine;
  readonly versions: Versions;
  readonly cases: readonly CaseResult[];
}

/** How a run ends: 0, 1 when a target was missed, 2 when something could not be measured. */
export function exitCodeOf({ cases }: Results): 0 | 1 | 2 {
  if (cases.some(({ error }) => error !== undefined)) return 2;
  const isMissed = cases.some(({ verdicts }) => verdicts.some(({ state }) => state === "missed"));
  return isMissed ? 1 : 0;
}

/** The text of a file of results. */
export function toText(results: Results): string {
  return JSON.stringify(results, rounded, 2) + "\n";
}

/** Reads what {@linkcode toText} wrote. Throws, with what to do, on anything else. */
export function fromText(text: string, path: string): Results {
  let read: Partial<Results>;
  try {
    read = JSON.parse(text);
  } catch (cause) {
    throw new Error(`${path} is no JSON: write it anew with deno task bench --json ${path}`, {
      cause,
    });
  }
  if (read?.format !== RESULTS_FORMAT || !Array.isArray(read.cases)) {
    throw new Error(
      `${path} is of format ${read?.format}, and this version reads ${RESULTS_FORMAT} only: write it anew with ` +
        `deno task bench --json ${path}`,
    );
  }
  return read as Results;
}

/** More digits than a measurement has are noise in a file that is compared. */
function rounded(_: string, value: unknown): unknown {
  return typeof value === "number" && !Number.isInteger(value)
    ? Number(value.toPrecision(6))
    : value;
}
