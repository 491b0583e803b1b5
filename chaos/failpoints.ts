/**
 * Killing pods at places inside of core: where a test build has armed its failpoints, by an import map, they tell
 * whoever listens here. Nothing here arms them.
 *
 * @module
 */

import type { CaseFault } from "./case.ts";

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

function listeners(): Map<string, (place: string) => void> | undefined {
  const found: unknown = Reflect.get(globalThis, KEY);
  return found instanceof Map ? found : undefined;
}
