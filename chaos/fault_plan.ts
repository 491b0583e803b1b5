/**
 * Which of a case's faults is due when.
 *
 * @module
 */

import type { CaseFault, CaseSettings, ChaosCase } from "./case.ts";
import type { FaultKind } from "./fault_kinds.ts";

/** Faults that are due at a pod's n-th commit; the others are due at the case's n-th call. */
const OF_COMMITS: readonly FaultKind[] = [
  "pod-kill",
  "reply-cut",
  "request-cut",
  "late-execution",
  "latency",
  "resend",
  "limit-data",
];

/** Whether a fault is due at its pod's n-th commit; else it is due at the case's n-th call. */
export function isDueAtCommit({ kind }: CaseFault): boolean {
  return OF_COMMITS.includes(kind);
}

/** Hands out a case's faults, and counts the pods' commits. */
export class FaultPlan {
  readonly #faults: readonly CaseFault[];
  readonly #commits: number[];
  #isHealed = false;

  /** For one history of the case. */
  constructor(chaosCase: ChaosCase) {
    this.#faults = chaosCase.faults.map((fault) => ({
      ...fault,
      pod: fault.pod % chaosCase.pods,
    }));
    this.#commits = Array(chaosCase.pods).fill(0);
  }

  /** No faults from now on. */
  heal(): void {
    this.#isHealed = true;
  }

  /** The fault that hits the next commit of a pod, which is counted over all of its lives. */
  atCommit(pod: number): CaseFault | undefined {
    const commit = this.#commits[pod] = (this.#commits[pod] ?? 0) + 1;
    if (this.#isHealed) return undefined;
    return this.#faults.find((fault) =>
      fault.pod === pod && OF_COMMITS.includes(fault.kind) && commit >= fault.at &&
      commit < fault.at + (fault.kind === "pod-kill" ? 1 : fault.length)
    );
  }

  /** The faults that are due at commits of a pod; none once all is healed. */
  commitFaultsOf(pod: number): CaseFault[] {
    return this.#isHealed
      ? []
      : this.#faults.filter((fault) => fault.pod === pod && OF_COMMITS.includes(fault.kind));
  }

  /** The faults that are due before the n-th call of the case, from 1; none once all is healed. */
  atCall(call: number): CaseFault[] {
    if (this.#isHealed) return [];
    return this.#faults.filter(({ kind, at }) => at === call && !OF_COMMITS.includes(kind));
  }
}

/** How long the case's faults last, in milliseconds. */
export interface FaultSpans {
  /** Beyond the command timeout. */
  readonly lateMs: (fault: CaseFault) => number;
  /** Below the command timeout for small spans, above it for large ones. */
  readonly latencyMs: (fault: CaseFault) => number;
  /** How long a fault keeps the command that it hits; undefined where it has done with it at once. */
  readonly commandMs: (fault: CaseFault) => number | undefined;
  /** Around the TTL. */
  readonly idleMs: (fault: CaseFault) => number;
  /** A few milliseconds from the TTL. */
  readonly nearMs: (fault: CaseFault) => number;
  /** How far a wall clock jumps, forth or back. */
  readonly skewMs: (fault: CaseFault) => number;
  /** How far the store's clock jumps, forth or back: a part of the TTL mostly, and up to three of it. */
  readonly jumpMs: (fault: CaseFault) => number;
  /** Beyond the staleness bound and the command timeout. */
  readonly freezeMs: (fault: CaseFault) => number;
  /** How long the store is down. */
  readonly downMs: (fault: CaseFault) => number;
  /** Beyond the command timeout. */
  readonly outageMs: (fault: CaseFault) => number;
  /** How long a store lives on after a snapshot that it goes back to. */
  readonly snapshotMs: (fault: CaseFault) => number;
  /** How long a store that took over is found by a pod that then loses it. */
  readonly glimpseMs: (fault: CaseFault) => number;
  /** What a slow link adds to each way: both together are beyond the command timeout. */
  readonly slowMs: number;
  /** How long a write waits for a lock. */
  readonly lockMs: number;
  /** How long after its call a command may still be executed. */
  readonly lateBoundMs: number;
  /** Within which everything has recovered once the faults have stopped. */
  readonly recoveryMs: number;
}

/** The spans for a manager's options. */
export function faultSpans(settings: CaseSettings): FaultSpans {
  const { commandTimeoutMs, maxStalenessMs, ttlMs } = settings;
  const most = Math.min(ttlMs, 3_000);
  const lateMs = ({ span }: CaseFault) => Math.round(commandTimeoutMs * (1.05 + 2 * span));
  const latencyMs = ({ span }: CaseFault) => Math.round(commandTimeoutMs * 1.6 * span);
  const lateBoundMs = 6 * commandTimeoutMs + maxStalenessMs + most + 1_000;
  return {
    lateMs,
    latencyMs,
    commandMs: (fault) => {
      if (fault.kind === "late-execution") return lateMs(fault);
      return fault.kind === "latency" ? latencyMs(fault) : undefined;
    },
    idleMs: ({ span }) => Math.round(ttlMs * (0.6 + 0.6 * span)),
    nearMs: ({ span }) => Math.round(ttlMs + (2 * span - 1) * NEAR_MS),
    skewMs: ({ span }) => Math.round((2 * span - 1) * MOST_SKEW_MS),
    jumpMs: ({ span }) => Math.round(3 * ttlMs * (2 * span - 1) * Math.abs(2 * span - 1)) || 1,
    freezeMs: ({ span }) => Math.round(commandTimeoutMs + maxStalenessMs + 50 + most * span),
    downMs: ({ span }) => Math.round(20 + commandTimeoutMs * 1.5 * span),
    outageMs: ({ span }) => Math.round(commandTimeoutMs * (1.3 + 3 * span)),
    snapshotMs: ({ span }) => Math.round(commandTimeoutMs * (0.1 + span)),
    glimpseMs: ({ span }) => Math.round(commandTimeoutMs * 0.3 * (1 - span)),
    slowMs: Math.round(commandTimeoutMs * 0.6),
    lockMs: Math.round(commandTimeoutMs * 0.9),
    lateBoundMs,
    // A pod looks after its store every few seconds at most, and then drains.
    recoveryMs: Math.max(lateBoundMs, RECOVERED_MS),
  };
}

/** How long after a failover a pod has lost the store that took over. */
export function lostAfterwardsMs(fault: CaseFault, { glimpseMs, outageMs }: FaultSpans): number {
  return glimpseMs(fault) + outageMs(fault);
}

/** What a pod takes to find its store, and to bring its journal into it. */
const RECOVERED_MS = 9_000;

/** How near to its end a session is left alone. */
const NEAR_MS = 20;
const MOST_SKEW_MS = 6 * 3_600_000;
