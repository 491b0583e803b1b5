/**
 * The chaos kit: what `deno task chaos` is made of, for tests of one's own. Cases as plain data, a simulation
 * with a virtual clock, a checker that knows only the guarantees, an adapter and a proxy that fail on demand.
 *
 * @example Two hundred histories on a store of one's own
 * ```ts
 * import { runCampaign, runSimulated } from "@hakgal/sessions/chaos";
 * import { memoryAdapter, MemoryStore } from "@hakgal/sessions/adapters/memory";
 *
 * const { finding } = await runCampaign({
 *   runner: (chaosCase) =>
 *     runSimulated(chaosCase, {
 *       store: (clock) => {
 *         const store = new MemoryStore({ clock });
 *         return () => memoryAdapter({ store });
 *       },
 *     }),
 *   cases: { faults: ["pod-kill", "reply-cut", "late-execution"], time: "virtual" },
 *   seed: 1,
 *   runs: 20,
 *   timeLimitMs: 30_000,
 *   isDeterministic: true,
 * });
 * console.assert(finding === undefined, finding?.violation.message);
 * ```
 *
 * @module
 */

export type { AdapterModule, AdapterOptions, ChaosStore } from "./adapter_module.ts";
export { CallPlan, sessionsOf } from "./call_plan.ts";
export { type CampaignOptions, runCampaign } from "./campaign.ts";
export type { CampaignResult, Finding, Sample, Seen, Tally, Undecided } from "./campaign_result.ts";
export {
  arbitraryCase,
  type CaseArbitrary,
  type CaseFault,
  type CaseOp,
  type CaseOptions,
  type CaseSettings,
  type ChaosCase,
  type Pace,
  REAL_SETTINGS,
} from "./case.ts";
export { CaseError, readCase, writeCase } from "./case_file.ts";
export { type CorpusEntry, readCorpusEntry, writeCorpusEntry } from "./corpus.ts";
export { type Profile, PROFILES } from "./profiles.ts";
export { checkHistory, type CheckOptions, RULES, type Verdict, type Violation } from "./checker.ts";
export type { EvidenceFile } from "./evidence.ts";
export {
  type CallerKind,
  FAULT_KINDS,
  type FaultDescription,
  type FaultKind,
  faultKindsOf,
  type StoreKind,
} from "./fault_kinds.ts";
export type { OutageKind } from "./outage_kinds.ts";
export type { Progress } from "./exhaustive/explorer.ts";
export {
  type CollectedCounts,
  type CollectedLatencies,
  FaultLatencies,
  type FaultLatency,
  type FaultWindow,
  faultWindows,
  type LatencySummary,
  type Part,
  type SlowCall,
} from "./fault_latency.ts";
export { FaultPlan, type FaultSpans, faultSpans } from "./fault_plan.ts";
export {
  type CommandFault,
  type CommandInfo,
  FaultyAdapter,
  type FaultyAdapterOptions,
} from "./faulty_adapter.ts";
export { SOMETIMES, type Sometimes, sometimesIn } from "./sometimes.ts";
export type { Sightings } from "./sightings.ts";
export { StorePower, type Trouble } from "./store_power.ts";
export * from "./history.ts";
export { type LatencyCounts, LatencyHistogram } from "./latency_histogram.ts";
export { readHistoryFile } from "./history_file.ts";
export {
  type HistoryCut,
  HistoryFormatError,
  HistoryReader,
  type ReadHistory,
  readHistory,
} from "./history_reader.ts";
export { type CrossCheck, crossCheck } from "./linearizability/cross_check.ts";
export {
  checkLinearizability,
  type LeftOut,
  type Linearizability,
  type LinearizabilityOptions,
} from "./linearizability/linearizability.ts";
export type { LinearizabilityCounts } from "./linearizability/tally.ts";
export { makeCall } from "./pod_calls.ts";
export { FaultProxy, type FaultProxyOptions, type ProxyEvent, type ProxyFault } from "./proxy.ts";
export { hashText, seededRandom } from "./random.ts";
export type { PodFlush, PodTold } from "./pod_events.ts";
export { type FaultParticulars, Recorder } from "./recorder.ts";
export {
  caseFileOf,
  type ChaosReport,
  countSometimes,
  failureText,
  nameOf,
  reportBackend,
  type ReportedBackend,
  type ReportedMutant,
  type ReportedUndecided,
  type ReportedViolation,
  type RunVerdict,
  summaryLine,
} from "./report.ts";
export { reportFiles, writeReports } from "./report/files.ts";
export { junitXml } from "./report/junit.ts";
export { pageHtml, type SampleHistory } from "./report/page.ts";
export { summaryMarkdown } from "./report/summary.ts";
export type { Rule } from "./rules/rule.ts";
export type { Runner, RunOutcome } from "./runner.ts";
export {
  type ChaosProgress,
  type ChaosResult,
  runChaos,
  type RunChaosOptions,
} from "./run_chaos.ts";
export { runSimulated, type SimulatedRunOptions, type SimulatedStore } from "./simulated_runner.ts";
export type { StoreMemory } from "./simulated_outages.ts";
export { VirtualClock } from "./virtual_clock.ts";
