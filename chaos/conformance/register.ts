/**
 * The suite inside a test runner.
 *
 * @module
 */

import { conformanceCases } from "./cases.ts";
import { runCase, skipReason } from "./run_case.ts";
import type { ConformanceSubject } from "./subject.ts";

/** Options of {@linkcode registerConformance}. */
export interface RegisterOptions {
  /** Called for a case that the subject cannot run, e.g. with the runner's own `test.ignore`. */
  readonly skip?: (name: string, reason: string) => void;
}

/** A case that was not registered. */
export interface SkippedCase {
  /** The name that its test would have had. */
  readonly name: string;
  /** What the subject lacks. */
  readonly reason: string;
}

/**
 * Registers each case as a test of any runner (`Deno.test`, `node:test`, vitest's `it`) and answers those
 * that the subject cannot run. The subject is not disposed of: that is the runner's `afterAll`.
 *
 * @example
 * ```ts
 * import { registerConformance } from "@hakgal/sessions/chaos/conformance";
 * import { memoryAdapter, MemoryStore } from "@hakgal/sessions/adapters/memory";
 *
 * // Called with `Deno.test`, `it` …
 * export function testMemory(test: (name: string, run: () => Promise<void>) => void): void {
 *   const store = new MemoryStore();
 *   registerConformance({ name: "memory", create: () => memoryAdapter({ store }) }, test);
 * }
 * ```
 */
export function registerConformance(
  subject: ConformanceSubject,
  test: (name: string, run: () => Promise<void>) => void,
  options: RegisterOptions = {},
): SkippedCase[] {
  const skipped: SkippedCase[] = [];
  for (const candidate of conformanceCases()) {
    const name = `${subject.name}: ${candidate.name}`;
    const reason = skipReason(candidate, subject);
    if (reason === undefined) {
      test(name, () => runCase(candidate, subject));
    } else {
      skipped.push({ name, reason });
      options.skip?.(name, reason);
    }
  }
  return skipped;
}
