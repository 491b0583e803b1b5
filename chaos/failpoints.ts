/**
 * Killing pods at places inside of core: where a test build has armed its failpoints, by an import map, they tell
 * whoever listens here. Nothing here arms them.
 *
 * @module
 */

import type { CaseFault, ChaosCase } from "./case.ts";

/** A place inside of core. */
export type FailpointName = "replied" | "cached" | "appending" | "truncating";

const KEY: symbol = Symbol.for("@hakgal/sessions/failpoints");

/** The place that a phase of a case's fault means; undefined for those outside of a pod. */
export function failpointOf(phase: CaseFault["phase"]): FailpointName | undefined {
  switch (phase) {
    case "p3":
      return "replied";
    case "p4":
      return "cached";
    case "p5":
      return "appending";
    case "p6":
      return "truncating";
    default:
      return undefined;
  }
}

/** The phase for whoever kills a pod from outside: after the reply was made, where it would die inside. */
export function outerPhase(phase: CaseFault["phase"]): "p0" | "p1" | "p2" {
  return phase === "p0" || phase === "p1" ? phase : "p2";
}

/** Whether this is a build in which failpoints tell anything. */
export function areFailpointsArmed(): boolean {
  return listeners() !== undefined;
}

/** Hears of the places that a pod comes to, until the answer is called. */
export function onFailpoint(pod: string, reached: (place: string) => void): () => void {
  listeners()?.set(pod, reached);
  return () => void listeners()?.delete(pod);
}

/** The kills that wait for a pod to come to a place. */
export class DoomedPods {
  readonly #faults = new Map<number, CaseFault>();
  readonly #isArmed: () => boolean;

  /** `isArmed` says whether pods tell where they are. */
  constructor(
    { faults, pods }: Pick<ChaosCase, "faults" | "pods">,
    isArmed: () => boolean = areFailpointsArmed,
  ) {
    this.#isArmed = isArmed;
    // A journal is used where the store is away: to wait for a commit first would be to wait for ever.
    for (const fault of faults) {
      const isOfJournal = fault.phase === "p5" || fault.phase === "p6";
      if (fault.kind === "pod-kill" && isOfJournal) this.#faults.set(fault.pod % pods, fault);
    }
  }

  /** From now on a pod is to die where its fault says, if that is inside of it; whether it is. */
  add(pod: number, fault: CaseFault): boolean {
    if (failpointOf(fault.phase) === undefined || !this.#isArmed()) return false;
    this.#faults.set(pod, fault);
    return true;
  }

  /** The kill that waits for a pod. */
  of(pod: number): CaseFault | undefined {
    return this.#faults.get(pod);
  }

  /** The fault by which a pod dies at a place that it has come to. */
  take(pod: number, place: string): CaseFault | undefined {
    const fault = this.#faults.get(pod);
    if (!fault || failpointOf(fault.phase) !== place) return undefined;
    this.#faults.delete(pod);
    return fault;
  }

  /** None from now on. */
  clear(): void {
    this.#faults.clear();
  }
}

function listeners(): Map<string, (place: string) => void> | undefined {
  const found: unknown = Reflect.get(globalThis, KEY);
  return found instanceof Map ? found : undefined;
}
