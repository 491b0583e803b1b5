/**
 * Faults that neither hit a command nor take the store away, and are made in the same way wherever pods run.
 *
 * @module
 */

import { callsOf } from "./caller_faults.ts";
import type { CaseFault, CaseOp } from "./case.ts";
import { isCallers } from "./fault_kinds.ts";
import type { FaultSpans } from "./fault_plan.ts";
import type { Recorder } from "./recorder.ts";

/** What these faults need of a run. */
export interface PlainFaultsRun {
  readonly spans: FaultSpans;
  readonly recorder: Recorder;
  readonly pods: number;
  /** The name of the pod of that index, as it lives. */
  readonly nameOf: (index: number) => string;
  /** Makes a call. */
  readonly make: (op: CaseOp) => Promise<void>;
  /** Lets time pass. */
  readonly wait: (spanMs: number) => Promise<void>;
  /** Ends a pod gracefully, if it can be ended now, and writes that down. */
  readonly drain: (kind: "pod-drain" | "rolling-restart", index: number) => Promise<void>;
}

/** Makes a fault; whether it is one of these. */
export async function injectPlainFault(fault: CaseFault, run: PlainFaultsRun): Promise<boolean> {
  const { spans, recorder, pods, nameOf, make, wait, drain } = run;
  if (isCallers(fault)) {
    recorder.fault(fault.kind, nameOf(fault.pod));
    for (const op of callsOf(fault, pods)) await make(op);
    return true;
  }
  switch (fault.kind) {
    case "near-expiry":
      recorder.fault(fault.kind, "store");
      await wait(spans.nearMs(fault));
      return true;
    case "pod-drain":
      await drain(fault.kind, fault.pod);
      return true;
    case "rolling-restart":
      for (let index = 0; index < pods; index++) await drain(fault.kind, index);
      return true;
    default:
      return false;
  }
}
