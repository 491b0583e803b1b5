/**
 * `summary.md`: a run on one page of Markdown, as CI services show it beside a job.
 *
 * @module
 */

import type { ChaosReport, ReportedBackend, ReportedViolation } from "../report.ts";
import { nameOf, seenText } from "../report.ts";
import { caseLines } from "./history_text.ts";
import { extent, headline } from "./verdict.ts";
import { count, grouped, latency } from "./words.ts";

const MARKS = {
  "held": "✅",
  "violated": "❌",
  "could-not-run": "⚠️",
  "proved-nothing": "⚠️",
} as const;

/** Lines of a case; `chaos.json` has them all. */
const MOST_LINES = 60;

/** The report as Markdown. */
export function summaryMarkdown(report: ChaosReport): string {
  const { backends, skipped, mutants, problems, verdict } = report;
  const sections = [
    `# ${MARKS[verdict]} ${headline(report)}`,
    extent(report),
    problems.map((problem) => `- ${plain(problem)}`).join("\n"),
    ...backends.flatMap((backend) =>
      backend.violations.map((violation) => violationSection(backend, violation))
    ),
    backends.length === 0 ? "" : backendsSection(backends),
    skipped.map(({ backend, reason }) => `- Not tested: ${plain(backend)}: ${plain(reason)}`)
      .join("\n"),
    backends.some(({ faults }) => Object.keys(faults).length > 0) ? faultsSection(backends) : "",
    slowestSection(backends),
    report.sometimes === undefined ? "" : sometimesSection(report.sometimes),
    mutants.length === 0 ? "" : mutantsSection(mutants),
  ];
  return `${sections.filter((section) => section !== "").join("\n\n")}\n`;
}

function violationSection(backend: ReportedBackend, violation: ReportedViolation): string {
  const { guarantee, rule, message, replay, history, ops, case: chaosCase } = violation;
  const lines = caseLines(history, ops);
  const more = lines.length - MOST_LINES;
  return [
    `## ${guarantee} \`${rule}\` on ${plain(nameOf(backend))}`,
    plain(message),
    `${violation.seen === undefined ? "" : `${seenText(violation.seen)}. `}To see it again:`,
    fenced(replay, "sh"),
    `The smallest case found, ${count(chaosCase.ops.length, "call")} and ` +
    `${count(chaosCase.faults.length, "fault")}:`,
    fenced(
      [...lines.slice(0, MOST_LINES), ...(more > 0 ? [`… ${more} more in chaos.json`] : [])]
        .join("\n"),
      "text",
    ),
    ...(violation.evidence
      ? [`Kept beside this file: ${violation.evidence.map((path) => `\`${path}\``).join(", ")}`]
      : []),
  ].join("\n\n");
}

function backendsSection(backends: readonly ReportedBackend[]): string {
  const rows = backends.map((backend) => {
    const broken = [...new Set(backend.violations.map(({ guarantee }) => guarantee))];
    const isUnsure = backend.undecided > 0 || backend.problems.length > 0;
    const verdict = broken.length > 0
      ? `${MARKS.violated} ${broken.join(", ")} violated`
      : isUnsure
      ? "⚠️ undecided"
      : `${MARKS.held} held`;
    const { histories, operations, deaths, outages } = backend;
    return [
      plain(nameOf(backend)),
      ...[histories, operations, deaths, outages].map(grouped),
      verdict,
    ];
  });
  const head = ["backend", "histories", "operations", "deaths", "outages", "verdict"];
  return `## Backends\n\n${table(head, "lrrrrl", rows)}`;
}

function faultsSection(backends: readonly ReportedBackend[]): string {
  const kinds = [...new Set(backends.flatMap(({ faults }) => Object.keys(faults)))];
  const rows = kinds.map((kind) => [
    `\`${kind}\``,
    ...backends.map(({ faults }) => faults[kind] === undefined ? "–" : grouped(faults[kind])),
  ]);
  const head = ["fault", ...backends.map((backend) => plain(nameOf(backend)))];
  return `## Faults that took place\n\n${table(head, `l${"r".repeat(backends.length)}`, rows)}`;
}

function slowestSection(backends: readonly ReportedBackend[]): string {
  const rows = backends.flatMap((backend) => {
    const slowest = backend.slowestInOutage;
    if (slowest === null) return [];
    const { latencyMs, call, pod, fault } = slowest;
    return [[plain(nameOf(backend)), latency(latencyMs), `\`${call}\``, pod, `\`${fault}\``]];
  });
  if (rows.length === 0) return "";
  return `## Slowest call while the store was away\n\n${
    table(["backend", "took", "call", "pod", "fault"], "lrlll", rows)
  }`;
}

function sometimesSection(sometimes: Readonly<Record<string, number>>): string {
  const rows = Object.entries(sometimes).map(([name, seen]) => [
    plain(name),
    seen === 0 ? "⚠️ never" : grouped(seen),
  ]);
  return `## Seen at least once\n\n${table(["what", "times"], "lr", rows)}`;
}

function mutantsSection(mutants: ChaosReport["mutants"]): string {
  const rows = mutants.map(({ name, guarantee, killed, killedBy }) => [
    plain(name),
    guarantee,
    killed ? `${MARKS.held} by ${plain(killedBy ?? "")}` : `${MARKS.violated} survived`,
  ]);
  return `## Mutants\n\n${table(["mutant", "guarantee", "killed"], "lll", rows)}`;
}

function table(
  head: readonly string[],
  alignment: string,
  rows: readonly (readonly string[])[],
): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const rule = [...alignment].map((side) => side === "r" ? "--:" : "---");
  return [line(head), line(rule), ...rows.map(line)].join("\n");
}

/** Text that Markdown and HTML leave as it is, on one line. */
function plain(text: string): string {
  return text.replaceAll(/\s+/g, " ").replaceAll(/[\\`*_[\]<>|~&#]/g, (mark) => `\\${mark}`);
}

/** A block of code with a fence that is longer than any in it. */
function fenced(text: string, language: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([ticks]) => ticks.length));
  const fence = "`".repeat(longest + 1);
  return `${fence}${language}\n${text}\n${fence}`;
}
