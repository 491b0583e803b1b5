/**
 * `junit.xml`: a test case for each guarantee on each backend, in the structure that Ant, Surefire and Jenkins share.
 *
 * @module
 */

import type { ChaosReport, ReportedBackend, ReportedMutant, ReportedViolation } from "../report.ts";
import { nameOf } from "../report.ts";
import { GUARANTEES, type GuaranteeState, guaranteeState } from "./guarantees.ts";
import { caseLines } from "./history_text.ts";

/** How a test case ended, where it did not pass. */
interface Outcome {
  readonly element: "failure" | "error" | "skipped";
  readonly type: string;
  readonly message: string;
  readonly text: string;
}

interface TestCase {
  readonly name: string;
  readonly outcome: Outcome | undefined;
}

interface TestSuite {
  readonly name: string;
  readonly durationMs: number;
  readonly properties: Readonly<Record<string, string | number>>;
  readonly cases: readonly TestCase[];
}

/** The report as JUnit's XML. */
export function junitXml(report: ChaosReport): string {
  const suites = [
    runSuite(report),
    ...report.backends.map(backendSuite),
    ...report.skipped.map(({ backend, reason }) => skippedSuite(backend, reason)),
    ...(report.mutants.length === 0 ? [] : [mutantsSuite(report.mutants)]),
  ];
  const timestamp = report.startedAt.slice(0, "2026-01-01T00:00:00".length);
  return [
    `<?xml version="1.0" encoding="UTF-8"?>`,
    `<testsuites>`,
    ...suites.flatMap((suite, index) => suiteLines(suite, index, timestamp)),
    `</testsuites>`,
    "",
  ].join("\n");
}

function runSuite({ verdict, problems, seed, durationMs }: ChaosReport): TestSuite {
  const isWrong = verdict === "proved-nothing" || verdict === "could-not-run";
  const outcome: Outcome = {
    element: "error",
    type: verdict,
    message: problems[0] ?? verdict,
    text: problems.join("\n"),
  };
  return {
    name: "chaos",
    durationMs,
    properties: { seed },
    cases: [{ name: "the run proves something", outcome: isWrong ? outcome : undefined }],
  };
}

function backendSuite(backend: ReportedBackend): TestSuite {
  const { histories, operations, deaths, outages, durationMs } = backend;
  return {
    name: nameOf(backend),
    durationMs,
    properties: { histories, operations, deaths, outages, ...backend.faults },
    cases: GUARANTEES.map(({ id, title }) => ({
      name: `${id} ${title}`,
      outcome: outcomeOf(guaranteeState(backend, id)),
    })),
  };
}

function outcomeOf(state: GuaranteeState): Outcome | undefined {
  switch (state.kind) {
    case "held":
      return undefined;
    case "violated": {
      const [first] = state.violations;
      return {
        element: "failure",
        type: first!.rule,
        message: `${first!.message} Replay: ${first!.replay}`,
        text: state.violations.map(violationText).join("\n\n"),
      };
    }
    case "undecided":
      return { element: "error", type: state.kind, message: state.reason, text: "" };
    case "untested":
      return { element: "skipped", type: state.kind, message: state.reason, text: "" };
  }
}

function violationText(violation: ReportedViolation): string {
  return [
    violation.message,
    `To see it again: ${violation.replay}`,
    ...caseLines(violation.history, violation.ops),
  ].join("\n");
}

function skippedSuite(name: string, reason: string): TestSuite {
  const outcome: Outcome = { element: "skipped", type: "missing", message: reason, text: "" };
  return {
    name,
    durationMs: 0,
    properties: {},
    cases: GUARANTEES.map(({ id, title }) => ({ name: `${id} ${title}`, outcome })),
  };
}

function mutantsSuite(mutants: readonly ReportedMutant[]): TestSuite {
  const survived = (guarantee: string): Outcome => ({
    element: "failure",
    type: "survived",
    message: `It breaks ${guarantee}, and no run found it.`,
    text: "",
  });
  return {
    name: "mutants",
    durationMs: 0,
    properties: {},
    cases: mutants.map(({ name, guarantee, killed }) => ({
      name: `${guarantee} ${name}`,
      outcome: killed ? undefined : survived(guarantee),
    })),
  };
}

function suiteLines(suite: TestSuite, id: number, timestamp: string): string[] {
  const { name, durationMs, properties, cases } = suite;
  const number = (element: Outcome["element"]) =>
    cases.filter(({ outcome }) => outcome?.element === element).length;
  const head = attributes({
    ...{ id, name, package: "hakgal.sessions.chaos", hostname: "localhost", timestamp },
    ...{ tests: cases.length, failures: number("failure"), errors: number("error") },
    ...{ skipped: number("skipped"), time: (durationMs / 1_000).toFixed(3) },
  });
  return [
    `  <testsuite${head}>`,
    `    <properties>`,
    ...Object.entries(properties).map(([name, value]) =>
      `      <property${attributes({ name, value })}/>`
    ),
    `    </properties>`,
    ...cases.flatMap((testCase) => caseXml(testCase, name)),
    `    <system-out/>`,
    `    <system-err/>`,
    `  </testsuite>`,
  ];
}

function caseXml({ name, outcome }: TestCase, classname: string): string[] {
  const head = `    <testcase${attributes({ name, classname, time: "0" })}`;
  if (outcome === undefined) return [`${head}/>`];
  const { element, type, message, text } = outcome;
  return [
    `${head}>`,
    `      <${element}${attributes({ type, message })}>${escapeXml(text)}</${element}>`,
    `    </testcase>`,
  ];
}

function attributes(values: Readonly<Record<string, string | number>>): string {
  return Object.entries(values)
    .map(([name, value]) => ` ${name}="${escapeXml(oneLine(String(value)))}"`)
    .join("");
}

/** An attribute's lines are read as one anyway. */
function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, " ").trim();
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
};

function escapeXml(text: string): string {
  return text.toWellFormed()
    // deno-lint-ignore no-control-regex -- XML 1.0 has no way to write these.
    .replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, "\ufffd")
    .replaceAll(/[&<>"]/g, (character) => ENTITIES[character]!);
}
