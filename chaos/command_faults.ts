/**
 * A case's faults, as a {@linkcode FaultyAdapter} makes them.
 *
 * @module
 */

import type { CaseFault } from "./case.ts";
import type { FaultSpans } from "./fault_plan.ts";
import type { CommandFault } from "./faulty_adapter.ts";

/** What happens to a command that a fault hits; `kill` says how a pod dies there. */
export function toCommandFault(
  fault: CaseFault,
  spans: FaultSpans,
  kill: (fault: CaseFault) => CommandFault | undefined,
): CommandFault | undefined {
  switch (fault.kind) {
    case "pod-kill":
      return kill(fault);
    case "reply-cut":
    case "resend":
      return { kind: fault.kind };
    case "request-cut":
      return { kind: "request-cut", outcome: fault.phase === "p0" ? "not-applied" : "unknown" };
    default:
      return toDelay(fault, spans);
  }
}

/** What happens to a command that comes late, on its way or by its answer: the same wherever that is made. */
export function toDelay(
  fault: CaseFault,
  spans: Pick<FaultSpans, "lateMs" | "latencyMs">,
): Extract<CommandFault, { kind: "late-execution" | "latency" }> | undefined {
  if (fault.kind === "late-execution") {
    return { kind: "late-execution", delayMs: spans.lateMs(fault) };
  }
  if (fault.kind !== "latency") return undefined;
  const spanMs = spans.latencyMs(fault);
  return fault.phase === "p1"
    ? { kind: "latency", requestMs: spanMs, replyMs: 0 }
    : { kind: "latency", requestMs: 0, replyMs: spanMs };
}
