/**
 * Faults of a real run that neither hit a command nor take the store away.
 *
 * @module
 */

import type { CaseFault } from "../case.ts";
import { injectPlainFault, type PlainFaultsRun } from "../plain_faults.ts";
import type { PodFlush } from "../pod_events.ts";
import { afterwardsMs, type Outages } from "./real_outages.ts";

/** What these faults need of the run. */
export interface RealFaultsOptions extends Omit<PlainFaultsRun, "wait" | "drain"> {
  readonly outages: Outages;
  /** Ends a pod by SIGTERM; undefined when it died before, or there is none. */
  readonly terminate: (pod: number) => Promise<PodFlush | undefined>;
}

/** Makes a fault; whether it is one of these. */
export function injectRealFault(fault: CaseFault, options: RealFaultsOptions): Promise<boolean> {
  const { recorder, nameOf, terminate } = options;
  if (fault.kind === "store-clock-jump") {
    jump(fault, options);
    return Promise.resolve(true);
  }
  return injectPlainFault(fault, {
    ...options,
    wait: (spanMs) => new Promise((resolve) => setTimeout(resolve, spanMs)),
    async drain(kind, index) {
      const name = nameOf(index);
      const flush = await terminate(index);
      if (flush === undefined) return;
      recorder.fault(kind, name);
      recorder.flush(name, flush);
    },
  });
}

function jump(fault: CaseFault, { recorder, outages }: RealFaultsOptions): void {
  const { kind } = fault;
  const made = outages.jump?.(fault, {
    begins: (byMs) => recorder.fault(kind, "store", { detail: `${byMs}` }),
    ends: () => recorder.ended(kind),
  });
  if (made?.outage === undefined) return;
  const lastsMs = made.lastsMs + afterwardsMs(made.outage);
  recorder.window(made.outage, "store", { lastsMs });
}
