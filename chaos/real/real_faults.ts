/**
 * Faults of a real run that neither hit a command nor take the store away.
 *
 * @module
 */

import { callsOf } from "../caller_faults.ts";
import type { CaseFault, CaseOp } from "../case.ts";
import { isCallers } from "../fault_kinds.ts";
import type { FaultSpans } from "../fault_plan.ts";
import type { PodFlush } from "../pod_events.ts";
import type { Recorder } from "../recorder.ts";

/** What these faults need of the run. */
export interface RealFaultsOptions {
  readonly spans: FaultSpans;
  readonly recorder: Recorder;
  readonly pods: number;
  readonly nameOf: (pod: number) => string;
  /** Makes a call. */
  readonly make: (op: CaseOp) => Promise<void>;
  /** Ends a pod by SIGTERM; undefined when it died before, or there is none. */
  readonly terminate: (pod: number) => Promise<PodFlush | undefined>;
}

/** The faults of one run. */
export class RealFaults {
  readonly #options: RealFaultsOptions;

  constructor(options: RealFaultsOptions) {
    this.#options = options;
  }

  /** Makes a fault; whether it is one of these. */
  async inject(fault: CaseFault): Promise<boolean> {
    const { spans, recorder, pods, nameOf, make } = this.#options;
    if (isCallers(fault)) {
      recorder.fault(fault.kind, nameOf(fault.pod));
      for (const op of callsOf(fault, pods)) await make(op);
      return true;
    }
    switch (fault.kind) {
      case "near-expiry":
        recorder.fault(fault.kind, "store");
        await new Promise((resolve) => setTimeout(resolve, spans.nearMs(fault)));
        return true;
      case "pod-drain":
        await this.#drain(fault, [fault.pod]);
        return true;
      case "rolling-restart":
        await this.#drain(fault, [...Array(pods).keys()]);
        return true;
      default:
        return false;
    }
  }

  async #drain({ kind }: CaseFault, indexes: readonly number[]): Promise<void> {
    const { recorder, nameOf, terminate } = this.#options;
    for (const index of indexes) {
      const name = nameOf(index);
      const flush = await terminate(index);
      if (flush === undefined) continue;
      recorder.fault(kind, name);
      recorder.flush(name, flush);
    }
  }
}
