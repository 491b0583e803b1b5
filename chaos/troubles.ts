/**
 * What is wrong with the ways of pods to their store.
 *
 * @module
 */

import type { Trouble } from "./store_power.ts";

/** Of several that overlap on a way the one that began last is in force; when it ends, the one before is again. */
export class Troubles {
  readonly #begun = new Map<number, readonly Trouble[]>();

  /** What is wrong with the way of the pod of that index. */
  of(pod: number): Trouble | undefined {
    return this.#begun.get(pod)?.at(-1);
  }

  begin(pod: number, trouble: Trouble): void {
    this.#begun.set(pod, [...this.#begun.get(pod) ?? [], trouble]);
  }

  /** `trouble` is the object that began. */
  end(pod: number, trouble: Trouble): void {
    this.#begun.set(pod, (this.#begun.get(pod) ?? []).filter((one) => one !== trouble));
  }
}
