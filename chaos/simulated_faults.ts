/**
 * Faults of a simulated run that neither hit a command nor take the store away.
 *
 * @module
 */

import type { CaseFault } from "./case.ts";
import { callsAroundJump } from "./caller_faults.ts";
import { JUMPS_IN } from "./clock_jumps.ts";
import type { FaultKind } from "./fault_kinds.ts";
import { injectPlainFault, type PlainFaultsRun } from "./plain_faults.ts";
import type { OutageKind } from "./outage_kinds.ts";
import type { PodFlush } from "./pod_events.ts";
import type { SimulatedPod } from "./simulated_pod.ts";
import type { VirtualClock } from "./virtual_clock.ts";

/** What these faults need of the run. */
export interface SimulatedFaultsOptions extends Omit<PlainFaultsRun, "nameOf" | "wait" | "drain"> {
  readonly clock: VirtualClock;
  /** The pod of that index, as it lives. */
  readonly pod: (index: number) => SimulatedPod;
  /** Waits for a pod's graceful end. */
  readonly conclude: (name: string, ending: Promise<PodFlush>) => Promise<void>;
  /** Whether pods can end without leaving anything behind: the store is there, and has all. */
  readonly isQuiet: () => boolean;
  /** Sets the store's clock, where it has one of its own. */
  readonly jump: ((byMs: number) => void) | undefined;
  /** Takes the store away; how long, or undefined when that cannot be done now. */
  readonly beginOutage: (fault: CaseFault & { readonly kind: OutageKind }) => number | undefined;
  /** Whether a pod may end while something waits in its journal: its next life has that. */
  readonly isInherited: boolean;
}

/** How long a pod that is told to end may take. */
const GRACE_MS = 30_000;
/** Within which a call that nothing hinders has sent its commit. */
const COMMIT_MS = 10;

/** The faults of one run. */
export class SimulatedFaults {
  readonly #options: SimulatedFaultsOptions;
  readonly #skewsMs: number[] = [];
  /** A jump that is to meet a commit of a pod. */
  #waiting: { readonly pod: number; readonly begin: () => void } | undefined;

  constructor(options: SimulatedFaultsOptions) {
    this.#options = options;
  }

  /** How far the wall clock of a pod's machine is off, in milliseconds. */
  skewMs(index: number): number {
    return this.#skewsMs[index] ?? 0;
  }

  /** Makes a fault; whether it is one of these. */
  inject(fault: CaseFault): Promise<boolean> {
    const { clock, spans, recorder, pod } = this.#options;
    if (fault.kind === "clock-skew") {
      recorder.fault(fault.kind, pod(fault.pod).name);
      this.#skewsMs[fault.pod] = this.skewMs(fault.pod) + spans.skewMs(fault);
      return Promise.resolve(true);
    }
    if (fault.kind === "store-clock-jump") {
      return this.#jump(fault);
    }
    return injectPlainFault(fault, {
      ...this.#options,
      nameOf: (index) => pod(index).name,
      wait: (spanMs) => clock.advance(spanMs),
      drain: (kind, index) => this.#drain(kind, index),
    });
  }

  /** A pod sends a commit: the last moment for what waits for one. */
  atCommit(index: number): void {
    if (this.#waiting?.pod === index) this.#waiting.begin();
  }

  async #jump(fault: CaseFault): Promise<true> {
    const { jump, make, clock } = this.#options;
    if (!jump) return true;
    const begin = () => {
      this.#waiting = undefined;
      this.#beginJump(fault, jump);
    };
    if (JUMPS_IN[fault.phase] !== "store-freeze") begin();
    else {
      const [end, ...anew] = callsAroundJump(fault);
      await make(end!);
      this.#waiting = { pod: fault.pod, begin };
      for (const op of anew) await make(op);
      await clock.advance(COMMIT_MS);
      this.#waiting?.begin();
    }
    return true;
  }

  #beginJump(fault: CaseFault, jump: (byMs: number) => void): void {
    const { spans, recorder, beginOutage } = this.#options;
    const outage = JUMPS_IN[fault.phase];
    if (outage) {
      const lastsMs = beginOutage({ ...fault, kind: outage });
      if (lastsMs === undefined) return;
      recorder.window(outage, "store", { lastsMs });
    }
    const byMs = spans.jumpMs(fault);
    recorder.fault(fault.kind, "store", { detail: `${byMs}` });
    jump(byMs);
  }

  /** Ends a pod; the next life begins with the next call. */
  async #drain(kind: FaultKind, index: number): Promise<void> {
    const { recorder, pod, conclude, clock, isInherited } = this.#options;
    const ending = pod(index);
    if (ending.clock.isFrozen) return;
    const isSettled = this.#isSettled(ending);
    if (!isSettled && !isInherited) return;
    recorder.fault(kind, ending.name);
    await clock.advance(0);
    await conclude(ending.name, ending.end(isSettled ? GRACE_MS : 0));
    pod(index).connect();
  }

  #isSettled(pod: SimulatedPod): boolean {
    return this.#options.isQuiet() && !pod.isAway && pod.journaled === 0;
  }
}
