/**
 * What a run reports: `chaos.json`, and lines for people.
 *
 * @module
 */

import type { CampaignResult, Finding, Seen } from "./campaign_result.ts";
import type { ChaosCase } from "./case.ts";
import type { Progress } from "./exhaustive/explorer.ts";
import {
  FaultLatencies,
  type FaultLatency,
  type SlowCall,
  takesStoreAway,
} from "./fault_latency.ts";
import type { HistoryEvent, HistorySettings } from "./history.ts";
import { caseLines } from "./report/history_text.ts";
import { SOMETIMES } from "./sometimes.ts";

/** A violation, as reported. */
export interface ReportedViolation {
  /** `G1` … `G10`. */
  readonly guarantee: string;
  /** Name of the rule that found it. */
  readonly rule: string;
  /** What was expected and what was seen. */
  readonly message: string;
  /** The run's seed. */
  readonly seed: number;
  /** With the seed, it names the smallest case. */
  readonly path: string;
  /** The corpus's file that shows it, where it was found by that. */
  readonly entry?: string;
  /** The smallest case, as a file beside `chaos.json`. */
  readonly caseFile?: string;
  /** The command that shows it again. */
  readonly replay: string;
  /** The smallest history that shows it. */
  readonly history: readonly HistoryEvent[];
  /** Numbers of the calls in it that show it. */
  readonly ops: readonly number[];
  /** The bounds that the history was held to. */
  readonly settings: HistorySettings;
  /** The case that it is of. */
  readonly case: ChaosCase;
  /** What had been done when it was seen first. */
  readonly foundAfter: Finding["foundAfter"];
  /** How often the smallest case was run, and failed; where it does not always give the same history. */
  readonly seen?: Seen;
  /** Logs, and what the store had on disk, as files beside `chaos.json`. */
  readonly evidence?: readonly string[];
}

/** One backend, as reported. */
export interface ReportedBackend {
  /** Its name, as `--backend` takes it, or the adapter module's. */
  readonly backend: string;
  /** The server's kind, or null where there is none. */
  readonly server: string | null;
  /** The server's version, or null where there is none. */
  readonly serverVersion: string | null;
  /** Histories that were made. */
  readonly histories: number;
  /** Calls that were made in them. */
  readonly operations: number;
  /** How often each fault took place; 0 for one that was selected and never did. */
  readonly faults: Readonly<Record<string, number>>;
  /** What was found wrong. */
  readonly violations: readonly ReportedViolation[];
  /** Cases of the corpus that were run before all others; not counted in `histories`. */
  readonly corpus: number;
  /** How long it took, in milliseconds. */
  readonly durationMs: number;
  /** Histories of which the checker could not say whether they hold. */
  readonly undecided: number;
  /** Pods that died. */
  readonly deaths: number;
  /** Faults that kept pods from their store for a while. */
  readonly outages: number;
  /** What was wrong with the run itself. */
  readonly problems: readonly string[];
  /** How long calls took before, during and after the faults of each kind. */
  readonly latency: readonly FaultLatency[];
  /** The call that took longest while the store was away. */
  readonly slowestInOutage: SlowCall | null;
  /** Histories that the checker could not decide, the first of each lane. */
  readonly undecidedHistories?: readonly ReportedUndecided[];
  /** Sessions by what the linearizability search said of them. */
  readonly linearizability?: Readonly<Record<string, number>>;
}

/** A history that could not be decided, as reported. */
export interface ReportedUndecided {
  /** Why it could not. */
  readonly reason: string;
  /** The history itself. */
  readonly history: readonly HistoryEvent[];
  /** The bounds that it was held to. */
  readonly settings: HistorySettings;
}

/** A mutant, as reported. */
export interface ReportedMutant {
  /** The mutant's name. */
  readonly name: string;
  /** The guarantee that it breaks. */
  readonly guarantee: string;
  /** Whether it was found. */
  readonly killed: boolean;
  /** The rule that found it, as `G4 no-resurrection`; or `the cross-check`. */
  readonly killedBy?: string;
  /** What it was run on. */
  readonly backend?: string;
  /** How chaos must end on it: `violated`, or `proved-nothing` where it breaks chaos itself. */
  readonly expected?: string;
  /** Rules of the protocol that it breaks. */
  readonly protocolRules?: readonly string[];
  /** Seeds that were tried, and those of them that found it. */
  readonly seeds?: number;
  /** Seeds that found it. */
  readonly kills?: number;
  /** Operations of the first run that found it, until it did. */
  readonly operations?: number;
  /** The smallest case of that run. */
  readonly minimal?: { readonly calls: number; readonly faults: number; readonly replay: string };
  /** How long it took, in milliseconds. */
  readonly durationMs?: number;
  /** Why it was not run. */
  readonly skipped?: string;
}

/** What a run came to, as its exit code says it: 0, 1, 2 or 3. */
export type RunVerdict = "held" | "violated" | "could-not-run" | "proved-nothing";

/** `chaos.json`. Fields may be added, never changed. */
export interface ChaosReport {
  /** Of this form. */
  readonly version: 1;
  /** Repeats the run. */
  readonly seed: number;
  /** How long it took, in milliseconds. */
  readonly durationMs: number;
  /** What was run. */
  readonly backends: readonly ReportedBackend[];
  /** What was not, and why. */
  readonly skipped: readonly { readonly backend: string; readonly reason: string }[];
  /** The mutants that were run. */
  readonly mutants: readonly ReportedMutant[];
  /** What it came to. */
  readonly verdict: RunVerdict;
  /** Why it could not be run, or proves nothing. */
  readonly problems: readonly string[];
  /** When it began, as ISO 8601 in UTC. */
  readonly startedAt: string;
  /** How often each thing was seen that should be seen at least once; left out where it was not counted. */
  readonly sometimes?: Readonly<Record<string, number>>;
  /** How far the search of each small world came, where that was asked for. */
  readonly exhaustive?: readonly Progress[];
}

/** A backend's part of the report. */
export function reportBackend(
  target: Pick<ReportedBackend, "backend" | "server" | "serverVersion">,
  selected: readonly string[],
  results: readonly CampaignResult[],
  replay: (finding: Finding) => string,
  durationMs: number,
): ReportedBackend {
  const faults: Record<string, number> = {};
  for (const kind of selected) faults[kind] = 0;
  for (const { tally } of results) {
    for (const [kind, count] of tally.faults) faults[kind] = (faults[kind] ?? 0) + count;
  }
  const sum = (count: (result: CampaignResult) => number) =>
    results.reduce((total, result) => total + count(result), 0);
  const latencies = new FaultLatencies();
  for (const { tally } of results) latencies.merge(tally.latencies);
  return {
    ...target,
    histories: sum(({ tally }) => tally.histories),
    operations: sum(({ tally }) => tally.operations),
    corpus: sum(({ tally }) => tally.corpus),
    faults,
    linearizability: {
      explained: sum(({ tally }) => tally.linearizability.explained),
      lost: sum(({ tally }) => tally.linearizability.leftOut.lost),
      tooLong: sum(({ tally }) => tally.linearizability.leftOut.tooLong),
      tooAmbiguous: sum(({ tally }) => tally.linearizability.leftOut.tooAmbiguous),
      undecided: sum(({ tally }) => tally.linearizability.leftOut.undecided),
      disagreements: sum(({ tally }) => tally.linearizability.disagreements),
    },
    undecidedHistories: results.flatMap(({ undecided }) =>
      undecided === undefined ? [] : [{
        reason: undecided.reason,
        history: undecided.history.events,
        settings: undecided.history.settings,
      }]
    ),
    violations: results.flatMap(({ finding }) =>
      finding === undefined ? [] : [{
        guarantee: finding.violation.guarantee,
        rule: finding.violation.rule,
        message: finding.violation.message,
        seed: finding.seed,
        path: finding.path,
        ...(finding.entry === undefined ? {} : { entry: finding.entry }),
        caseFile: caseFileOf(target, finding),
        replay: replay(finding),
        history: finding.history.events,
        ops: finding.violation.ops,
        settings: finding.history.settings,
        case: finding.case,
        foundAfter: finding.foundAfter,
        ...(finding.seen && { seen: finding.seen }),
        ...(finding.evidence && {
          evidence: finding.evidence.map(({ name }) =>
            `${evidenceFolderOf(target, finding)}/${name}`
          ),
        }),
      }]
    ),
    durationMs: Math.round(durationMs),
    undecided: sum(({ tally }) => tally.undecided),
    deaths: sum(({ tally }) => tally.deaths),
    outages: Object.entries(faults).reduce(
      (total, [kind, count]) => total + (takesStoreAway(kind) ? count : 0),
      0,
    ),
    problems: results.flatMap(({ toolFailure }) => toolFailure === undefined ? [] : [toolFailure]),
    latency: latencies.summary(),
    slowestInOutage: latencies.slowestInOutage ?? null,
  };
}

/** The file beside `chaos.json` that has the smallest case of a finding. */
export function caseFileOf(
  { backend, server }: Pick<ReportedBackend, "backend" | "server">,
  { seed, violation }: Pick<Finding, "seed" | "violation">,
): string {
  const names = [backend, ...(server === null ? [] : [server]), violation.guarantee, seed];
  return `case-${names.join("-").replaceAll(/[^\w.-]+/g, "_")}.json`;
}

/** The folder beside `chaos.json` that has what is kept of a finding. */
export function evidenceFolderOf(
  target: Pick<ReportedBackend, "backend" | "server">,
  finding: Pick<Finding, "seed" | "violation">,
): string {
  return caseFileOf(target, finding).replace(/\.json$/, "");
}

/** A backend in one line. */
export function summaryLine(backend: ReportedBackend): string {
  const { violations, faults } = backend;
  const verdict = violations.length === 0
    ? "held"
    : `VIOLATED ${[...new Set(violations.map(({ guarantee }) => guarantee))].join(", ")}`;
  const fired = Object.entries(faults).map(([kind, count]) => `${kind} ${count}`).join(", ");
  const histories = backend.histories.toLocaleString("en");
  const operations = backend.operations.toLocaleString("en");
  const corpus = backend.corpus === 0 ? "" : `, ${backend.corpus} of the corpus`;
  return `${nameOf(backend)}: ${verdict} — ${histories} histories${corpus}, ` +
    `${operations} operations; ` +
    (fired === "" ? "no faults" : fired);
}

/** A backend's name with its server's. */
export function nameOf(
  { backend, server, serverVersion }: Pick<
    ReportedBackend,
    "backend" | "server" | "serverVersion"
  >,
): string {
  if (server === null) return backend;
  return `${backend} on ${server}${serverVersion === null ? "" : ` ${serverVersion}`}`;
}

/**
 * A failure in several lines: the smallest case, what was expected and seen, how to see it again; `kept` is the folder
 * with its evidence.
 */
export function failureText(
  name: string,
  finding: Finding,
  replay: string,
  kept?: string,
): string {
  const { violation, seen, evidence = [] } = finding;
  const lines = caseLines(finding.history.events, violation.ops);
  return [
    `${name} breaks ${violation.guarantee} (rule ${violation.rule}):`,
    ...(finding.entry === undefined ? [] : [`  in the corpus's case ${finding.entry}`]),
    `  ${violation.message}`,
    `The smallest case found, ${finding.case.ops.length} calls and ` +
    `${finding.case.faults.length} faults:`,
    ...lines.slice(0, MOST_LINES).map((line) => `  ${line}`),
    ...(lines.length > MOST_LINES ? [`  … ${lines.length - MOST_LINES} more in chaos.json`] : []),
    seen === undefined ? `To see it again:` : `${seenText(seen)}. To see it again:`,
    `  ${replay}`,
    ...(kept === undefined || evidence.length === 0
      ? []
      : [`Kept of it in ${kept}:`, `  ${evidence.map((file) => file.name).join(", ")}`]),
  ].join("\n");
}

/** How often a case failed, in words. */
export function seenText({ times, tries }: Seen): string {
  return `Seen ${times} of ${tries} ${tries === 1 ? "time" : "times"}`;
}

/** Lines of a history that a terminal gets; the report has them all. */
const MOST_LINES = 80;

/** How often each of {@linkcode SOMETIMES} was seen in some runs. */
export function countSometimes(results: readonly CampaignResult[]): Record<string, number> {
  return Object.fromEntries(
    SOMETIMES.map(({ name }) => [
      name,
      results.reduce((sum, { tally }) => sum + (tally.sometimes.get(name) ?? 0), 0),
    ]),
  );
}
