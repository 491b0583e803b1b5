/**
 * The conformance suite of storage adapters: what a store must do for the library's guarantees to hold, as
 * named cases that run in Deno, Node and Bun, alone or inside any test runner.
 *
 * @module
 */

export { conformanceCases } from "./conformance/cases.ts";
export type { ConformanceCase, ConformanceContext, Need } from "./conformance/case.ts";
export type { Having, Held, NewSession, Pod } from "./conformance/pod.ts";
export { performTask } from "./conformance/task.ts";
export {
  type CaseReport,
  type ConformanceOptions,
  type ConformanceReport,
  runConformance,
} from "./conformance/run.ts";
export {
  registerConformance,
  type RegisterOptions,
  type SkippedCase,
} from "./conformance/register.ts";
export type { ConformanceSubject, Corruption, OtherProcessTask } from "./conformance/subject.ts";
