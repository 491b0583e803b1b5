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
    case "late-execution":
      return { kind: "late-execution", delayMs: spans.lateMs(fault) };
    case "latency": {
      const spanMs = spans.latencyMs(fault);
      const isRequest = fault.phase === "p1";
      return {
        kind: "latency",
        requestMs: isRequest ? spanMs : 0,
        replyMs: isRequest ? 0 : spanMs,
      };
    }
    default:
      return undefined;
  }
}
