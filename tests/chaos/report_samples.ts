import type { ChaosReport, ReportedBackend, ReportedViolation } from "../../chaos/report.ts";
import { HistoryBuilder } from "./history_builder.ts";

/** Text that breaks out of whatever forgets to escape it. */
export const HOSTILE = `</script><img src=x onerror="window.isHacked = true">|\`&]]>\u0000\ud800'`;

/** A violation of G4 in a history of two pods, one of which dies. */
export function reportedViolation(more: Partial<ReportedViolation> = {}): ReportedViolation {
  const builder = new HistoryBuilder();
  builder.create("p1");
  builder.begin("p2", "increment", { effect: { kind: "count", field: "n0", by: 1 } });
  builder.fault("pod-kill", "p2").kill("p2").fault("store-outage", "store", 40);
  const destroy = builder.begin("p1", "destroy");
  builder.end(destroy, { kind: "boolean", value: true });
  const read = builder.begin("p2.2", "get", { fresh: true }, true);
  builder.shows(read, { version: 2, context: { b: 1 } });
  const { events, settings } = builder.build();
  return {
    guarantee: "G4",
    rule: "no-resurrection",
    message: `#${read} shows what #${destroy} had destroyed.`,
    seed: 7,
    path: "12:3",
    replay: "deno task chaos --backend memory --seed 7 --path 12:3 --runs 1",
    history: events,
    ops: [destroy, read],
    settings,
    foundAfter: { histories: 120, operations: 6_543 },
    case: {
      ...{ seed: 7, pods: 2, sessions: 1, ops: [], faults: [] },
      settings: {
        ...{ ttlMs: 10_000, commandTimeoutMs: 1_000, maxStalenessMs: 500, graceMs: 2_000 },
        ...{ failMode: "open", durable: true },
      },
    },
    ...more,
  };
}

export function reportedBackend(more: Partial<ReportedBackend> = {}): ReportedBackend {
  return {
    backend: "memory",
    server: null,
    serverVersion: null,
    histories: 200,
    corpus: 10,
    operations: 12_345,
    faults: { "pod-kill": 15, "store-outage": 3 },
    violations: [],
    durationMs: 4_321,
    undecided: 0,
    deaths: 16,
    outages: 3,
    problems: [],
    latency: [],
    slowestInOutage: { latencyMs: 1_003.4, call: "increment", pod: "p1", fault: "store-outage" },
    ...more,
  };
}

export function chaosReport(more: Partial<ChaosReport> = {}): ChaosReport {
  return {
    version: 1,
    seed: 7,
    durationMs: 4_500,
    backends: [reportedBackend()],
    skipped: [],
    mutants: [],
    verdict: "held",
    problems: [],
    startedAt: "2026-11-24T21:00:00.123Z",
    ...more,
  };
}

/** A run in which everything happened that can. */
export function everything(): ChaosReport {
  return chaosReport({
    backends: [
      reportedBackend({ violations: [reportedViolation()] }),
      reportedBackend({ backend: "sqlite", outages: 0, slowestInOutage: null }),
      reportedBackend({
        ...{ backend: "ioredis", server: "redis", serverVersion: "7.0.15", undecided: 2 },
      }),
    ],
    skipped: [{ backend: "valkey-glide on valkey", reason: "no valkey-server is on PATH" }],
    mutants: [
      { name: "dedupe-removed", guarantee: "G3", killed: true, killedBy: "G3 exactly-once" },
      { name: "store-forgets", guarantee: "G10", killed: false },
    ],
    verdict: "violated",
    sometimes: { "a retry is answered duplicate": 12, "a journal is taken over": 0 },
  });
}
