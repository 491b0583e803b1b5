/**
 * Pods that are to die while they bring their journals into the store.
 *
 * @module
 */

import type { CaseFault } from "./case.ts";

/** Counts the commits of such pods. */
export class ReplayKills {
  readonly #waiting = new Map<number, { commits: number; readonly fault: CaseFault }>();

  /** From now on the fault's pod is one of them. */
  wait(fault: CaseFault): void {
    this.#waiting.set(fault.pod, { commits: 1 + Math.floor(fault.span * 3), fault });
  }

  /** A pod commits: the fault by which it dies of that, if it does. */
  atCommit(pod: number): CaseFault | undefined {
    const waiting = this.#waiting.get(pod);
    if (waiting === undefined || --waiting.commits > 0) return undefined;
    this.#waiting.delete(pod);
    return waiting.fault;
  }

  /** None of them dies any more. */
  clear(): void {
    this.#waiting.clear();
  }
}
