/**
 * Faults of a simulated run that neither hit a command nor take the store away.
 *
 * @module
 */

import { callsOf } from "./caller_faults.ts";
import type { CaseFault, CaseOp } from "./case.ts";
import { isCallers } from "./fault_kinds.ts";
import type { FaultSpans } from "./fault_plan.ts";
import type { PodFlush } from "./pod_events.ts";
import type { Recorder } from "./recorder.ts";
import type { SimulatedPod } from "./simulated_pod.ts";
import type { VirtualClock } from "./virtual_clock.ts";

/** What these faults need of the run. */
export interface SimulatedFaultsOptions {
  readonly clock: VirtualClock;
  readonly spans: FaultSpans;
  readonly recorder: Recorder;
  readonly pods: number;
  /** The pod of that index, as it lives. */
  readonly pod: (index: number) => SimulatedPod;
  /** Makes a call. */
  readonly make: (op: CaseOp) => Promise<void>;
  /** Waits for a pod's graceful end. */
  readonly conclude: (name: string, ending: Promise<PodFlush>) => Promise<void>;
  /** Whether pods can end without leaving anything behind: the store is there, and has all. */
  readonly isQuiet: () => boolean;
}

/** How long a pod that is told to end may take. */
const GRACE_MS = 30_000;

/** The faults of one run. */
export class SimulatedFaults {
  readonly #options: SimulatedFaultsOptions;
  readonly #skewsMs: number[] = [];

  constructor(options: SimulatedFaultsOptions) {
    this.#options = options;
  }

  /** How far the wall clock of a pod's machine is off, in milliseconds. */
  skewMs(index: number): number {
    return this.#skewsMs[index] ?? 0;
  }

  /** Makes a fault; whether it is one of these. */
  async inject(fault: CaseFault): Promise<boolean> {
    const { clock, spans, recorder, pods, pod, make } = this.#options;
    if (isCallers(fault)) {
      recorder.fault(fault.kind, pod(fault.pod).name);
      for (const op of callsOf(fault, pods)) await make(op);
      return true;
    }
    switch (fault.kind) {
      case "near-expiry":
        recorder.fault(fault.kind, "store");
        await clock.advance(spans.nearMs(fault));
        return true;
      case "clock-skew":
        recorder.fault(fault.kind, pod(fault.pod).name);
        this.#skewsMs[fault.pod] = this.skewMs(fault.pod) + spans.skewMs(fault);
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

  /** Ends pods, one after the other; the next life begins with the next call. */
  async #drain({ kind }: CaseFault, indexes: readonly number[]): Promise<void> {
    const { recorder, pod, conclude, clock } = this.#options;
    for (const index of indexes) {
      const ending = pod(index);
      if (!this.#canEnd(ending)) continue;
      recorder.fault(kind, ending.name);
      await clock.advance(0);
      await conclude(ending.name, ending.end(GRACE_MS));
      pod(index).connect();
    }
  }

  #canEnd(pod: SimulatedPod): boolean {
    return this.#options.isQuiet() && !pod.isAway && pod.journaled === 0 && !pod.clock.isFrozen;
  }
}
