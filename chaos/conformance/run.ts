/**
 * Running the suite without a test runner.
 *
 * @module
 */

import type { ConformanceCase } from "./case.ts";
import { conformanceCases } from "./cases.ts";
import { runCase, skipReason } from "./run_case.ts";
import type { ConformanceSubject } from "./subject.ts";

/** Options of {@linkcode runConformance}. */
export interface ConformanceOptions {
  /** Picks the cases to run. @default all */
  readonly filter?: (candidate: ConformanceCase) => boolean;
  /** Called after each case. */
  readonly onCase?: (report: CaseReport) => void;
  /** How many cases run at once. @default 4 */
  readonly concurrency?: number;
}

/** What became of one case. */
export interface CaseReport {
  /** The case's statement. */
  readonly name: string;
  /** The rules and guarantees that it stands for. */
  readonly clause: string;
  /** Whether the statement holds, does not, or could not be tried. */
  readonly outcome: "passed" | "failed" | "skipped";
  /** Why it failed. */
  readonly error?: unknown;
  /** Why it was skipped. */
  readonly reason?: string;
}

/** What became of the suite. */
export interface ConformanceReport {
  /** Number of cases that passed; skipped ones are not among them. */
  readonly passed: number;
  /** Number of cases that failed. */
  readonly failed: number;
  /** Number of cases that the subject could not run. */
  readonly skipped: number;
  /** All cases that the filter let through, in the suite's order. */
  readonly cases: readonly CaseReport[];
}

/**
 * Runs the suite on a subject and disposes of it. Resolves with the report, also when cases failed;
 * rejects only when the subject's `dispose` does.
 *
 * @example
 * ```ts
 * import { runConformance } from "@hakgal/sessions/chaos/conformance";
 * import { memoryAdapter, MemoryStore } from "@hakgal/sessions/adapters/memory";
 *
 * const store = new MemoryStore();
 * const report = await runConformance({ name: "memory", create: () => memoryAdapter({ store }) });
 * console.assert(report.failed === 0);
 * for (const { name, reason } of report.cases) if (reason) console.info(`skipped: ${name}: ${reason}`);
 * ```
 */
export async function runConformance(
  subject: ConformanceSubject,
  options: ConformanceOptions = {},
): Promise<ConformanceReport> {
  const chosen = conformanceCases().filter(options.filter ?? (() => true));
  const reports: CaseReport[] = [];
  const queue = chosen.entries();
  const work = async () => {
    for (const [index, candidate] of queue) {
      const report = await reportOn(candidate, subject);
      reports[index] = report;
      options.onCase?.(report);
    }
  };
  try {
    await Promise.all(Array.from({ length: options.concurrency ?? 4 }, work));
  } finally {
    await subject.dispose?.();
  }
  const count = (outcome: CaseReport["outcome"]) =>
    reports.filter((report) => report.outcome === outcome).length;
  return {
    passed: count("passed"),
    failed: count("failed"),
    skipped: count("skipped"),
    cases: reports,
  };
}

async function reportOn(
  candidate: ConformanceCase,
  subject: ConformanceSubject,
): Promise<CaseReport> {
  const { name, clause } = candidate;
  const reason = skipReason(candidate, subject);
  if (reason !== undefined) return { name, clause, outcome: "skipped", reason };
  try {
    await runCase(candidate, subject);
    return { name, clause, outcome: "passed" };
  } catch (error) {
    return { name, clause, outcome: "failed", error };
  }
}
