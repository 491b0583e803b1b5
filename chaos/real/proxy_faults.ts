/**
 * A case's faults, as a proxy makes them.
 *
 * @module
 */

import type { CaseFault } from "../case.ts";
import { toDelay } from "../command_faults.ts";
import { outerPhase } from "../failpoints.ts";
import type { FaultSpans } from "../fault_plan.ts";
import type { ProxyFault } from "../proxy.ts";

const decoder = new TextDecoder();

/** A commit's header: a line of 15 words and the prefix of the inboxes. */
const HEADER = /^(\S+ ){15}/;

/** Whether a command is a commit: a script call whose first argument behind its key is a batch's header. */
export function isCommit([command, , , , header]: readonly Uint8Array[]): boolean {
  return header !== undefined && /^(evalsha|eval|fcall)$/i.test(decoder.decode(command)) &&
    HEADER.test(decoder.decode(header));
}

/** The first word of what a commit answers: a bulk string, or an array that begins with one. */
export function outcomeOf(reply: Uint8Array): string {
  return /\r\n([a-z]+)/.exec(decoder.decode(reply.subarray(0, 64)))?.[1] ?? "unread";
}

/** Whether what was pushed is the word of a commit. */
export function isInvalidation(pushed: Uint8Array): boolean {
  return decoder.decode(pushed).includes("\r\nmessage\r\n");
}

/** What a proxy does for a case's fault. */
export function toProxyFault(
  fault: CaseFault,
  spans: Pick<FaultSpans, "lateMs" | "latencyMs">,
  strike: () => void,
): ProxyFault | undefined {
  switch (fault.kind) {
    case "pod-kill":
      return { kind: "strike", phase: outerPhase(fault.phase), strike };
    case "reply-cut":
    case "request-cut":
    case "resend":
    case "limit-data":
      return { kind: fault.kind };
    default:
      return toDelay(fault, spans);
  }
}
