/**
 * A case's faults, as a proxy makes them.
 *
 * @module
 */

import type { CaseFault } from "../case.ts";
import { outerPhase } from "../failpoints.ts";
import type { ProxyFault } from "../proxy.ts";

const decoder = new TextDecoder();

/** Whether a command is a commit: a script call whose arguments begin with a batch's header. */
export function isCommit(words: readonly Uint8Array[]): boolean {
  if (!/^(evalsha|eval|fcall)$/i.test(decoder.decode(words[0]))) return false;
  return words.some((word) =>
    word[0] === "{".charCodeAt(0) && decoder.decode(word).includes('"writer"')
  );
}

/** What a proxy does for a case's fault. */
export function toProxyFault(
  fault: CaseFault,
  spans: { readonly lateMs: number; readonly latencyMs: number },
  strike: () => void,
): ProxyFault | undefined {
  switch (fault.kind) {
    case "pod-kill":
      return { kind: "strike", phase: outerPhase(fault.phase), strike };
    case "reply-cut":
    case "request-cut":
      return { kind: fault.kind };
    case "late-execution":
      return { kind: "late-execution", delayMs: spans.lateMs };
    case "latency": {
      const isRequest = fault.phase === "p1";
      return {
        kind: "latency",
        requestMs: isRequest ? spans.latencyMs : 0,
        replyMs: isRequest ? 0 : spans.latencyMs,
      };
    }
    default:
      return undefined;
  }
}
