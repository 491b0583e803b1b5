/**
 * What the searches of many histories came to.
 *
 * @module
 */

import type { LeftOut, Linearizability } from "./linearizability.ts";

/** Sessions, counted; those that rotations connect count as one. */
export interface LinearizabilityCounts {
  /** There is an order of their calls. */
  readonly explained: number;
  /** They were not decided. */
  readonly leftOut: LeftOut;
}

/** Adds up. */
export class LinearizabilityTally {
  #explained = 0;
  #leftOut: LeftOut = { lost: 0, tooLong: 0, tooAmbiguous: 0, undecided: 0 };

  add({ explained, leftOut }: Linearizability): void {
    const sum = this.#leftOut;
    this.#explained += explained;
    this.#leftOut = {
      lost: sum.lost + leftOut.lost,
      tooLong: sum.tooLong + leftOut.tooLong,
      tooAmbiguous: sum.tooAmbiguous + leftOut.tooAmbiguous,
      undecided: sum.undecided + leftOut.undecided,
    };
  }

  get counts(): LinearizabilityCounts {
    return { explained: this.#explained, leftOut: this.#leftOut };
  }
}
