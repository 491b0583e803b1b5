/**
 * What a run reports: `chaos.json`, and lines for people.
 *
 * @module
 */

import type { CampaignResult, Finding } from "./campaign.ts";
import type { HistoryEvent } from "./history.ts";

/** A violation, as reported. */
export interface ReportedViolation {
  readonly guarantee: string;
  /** Name of the rule that found it. */
  readonly rule: string;
  readonly message: string;
  readonly seed: number;
  /** With the seed, it names the smallest case. */
  readonly path: string;
  /** The command that shows it again. */
  readonly replay: string;
  /** The smallest history that shows it. */
  readonly history: readonly HistoryEvent[];
}

/** One backend, as reported. */
export interface ReportedBackend {
  readonly backend: string;
  /** The server's kind, or null where there is none. */
  readonly server: string | null;
  readonly serverVersion: string | null;
  readonly histories: number;
  readonly operations: number;
  /** How often each fault took place; 0 for one that was selected and never did. */
  readonly faults: Readonly<Record<string, number>>;
  readonly violations: readonly ReportedViolation[];
}

/** A mutant, as reported. */
export interface ReportedMutant {
  readonly name: string;
  /** The guarantee that it breaks. */
  readonly guarantee: string;
  readonly killed: boolean;
  /** The rule that found it, as `G4 no-resurrection`. */
  readonly killedBy?: string;
}

/** `chaos.json`. Fields may be added, never changed. */
export interface ChaosReport {
  readonly version: 1;
  readonly seed: number;
  readonly durationMs: number;
  readonly backends: readonly ReportedBackend[];
  readonly skipped: readonly { readonly backend: string; readonly reason: string }[];
  readonly mutants: readonly ReportedMutant[];
}

/** A backend's part of the report. */
export function reportBackend(
  target: Pick<ReportedBackend, "backend" | "server" | "serverVersion">,
  selected: readonly string[],
  results: readonly CampaignResult[],
  replay: (finding: Finding) => string,
): ReportedBackend {
  const faults: Record<string, number> = {};
  for (const kind of selected) faults[kind] = 0;
  for (const { tally } of results) {
    for (const [kind, count] of tally.faults) faults[kind] = (faults[kind] ?? 0) + count;
  }
  const sum = (count: (result: CampaignResult) => number) =>
    results.reduce((total, result) => total + count(result), 0);
  return {
    ...target,
    histories: sum(({ tally }) => tally.histories),
    operations: sum(({ tally }) => tally.operations),
    faults,
    violations: results.flatMap(({ finding }) =>
      finding === undefined ? [] : [{
        guarantee: finding.violation.guarantee,
        rule: finding.violation.rule,
        message: finding.violation.message,
        seed: finding.seed,
        path: finding.path,
        replay: replay(finding),
        history: finding.history.events,
      }]
    ),
  };
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
  return `${nameOf(backend)}: ${verdict} — ${histories} histories, ${operations} operations; ` +
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

/** A failure in several lines: the smallest case, what was expected and seen, how to see it again. */
export function failureText(name: string, finding: Finding, replay: string): string {
  const { violation } = finding;
  const lines = worthShowing(finding).map(eventLine);
  return [
    `${name} breaks ${violation.guarantee} (rule ${violation.rule}):`,
    `  ${violation.message}`,
    `The smallest case found, ${finding.case.ops.length} calls and ` +
    `${finding.case.faults.length} faults:`,
    ...lines.slice(0, MOST_LINES).map((line) => `  ${line}`),
    ...(lines.length > MOST_LINES ? [`  … ${lines.length - MOST_LINES} more in chaos.json`] : []),
    `To see it again:`,
    `  ${replay}`,
  ].join("\n");
}

/** Lines of a history that a terminal gets; the report has them all. */
const MOST_LINES = 80;

/** Everything but the last looks at the sessions, of which only those that show something. */
function worthShowing({ violation, history }: Finding): HistoryEvent[] {
  const last = new Set(
    history.events.flatMap((event) =>
      event.type === "invoke" && event.final && !violation.ops.includes(event.call.op)
        ? [event.call.op]
        : []
    ),
  );
  return history.events.filter((event) => {
    if (event.type === "end") return false;
    if (event.type === "invoke") return !last.has(event.call.op);
    return event.type !== "return" || !last.has(event.op);
  });
}

function eventLine(event: HistoryEvent): string {
  const at = `${event.atMs.toFixed(1).padStart(9)} ms`;
  switch (event.type) {
    case "invoke": {
      const { op, kind, session, to, fresh } = event.call;
      const words = [kind, fresh ? "fresh" : "", `${session.tenant}/${session.id}`];
      if (to) words.push("→", to.id);
      return `${at}  ${event.pod}  #${op} ${words.filter((word) => word !== "").join(" ")}`;
    }
    case "return": {
      const { result } = event;
      const text = result.kind === "session"
        ? `version ${result.session.version} ${JSON.stringify(result.session.context)}` +
          ` [${result.session.trajectory.map(([op]) => op)}]`
        : JSON.stringify(result);
      const how = result.degraded ? "degraded " : "";
      return `${at}      #${event.op} ⇒ ${how}${text}`;
    }
    case "kill":
      return `${at}  ${event.pod}  killed`;
    case "fault":
      return `${at}  ${event.pod}  fault ${event.kind}${event.detail ? ` ${event.detail}` : ""}`;
    case "told":
      return `${at}  ${event.pod}  tells ${JSON.stringify(event.told)}`;
    case "flush":
      return `${at}  ${event.pod}  flushed ${JSON.stringify(event.flush)}`;
    case "end":
      return at;
  }
}
