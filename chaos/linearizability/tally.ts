/**
 * What the searches of many histories came to.
 *
 * @module
 */

import type { CrossCheck } from "./cross_check.ts";
import type { LeftOut } from "./linearizability.ts";

/** Sessions, counted; those that rotations connect count as one. */
export interface LinearizabilityCounts {
  /** There is an order of their calls. */
  readonly explained: number;
  /** They were not decided. */
  readonly leftOut: LeftOut;
  /** Histories of which the rules and the search say different things: the tool is wrong. */
  readonly disagreements: number;
}

/** Adds up. */
export class LinearizabilityTally {
  #explained = 0;
  #disagreements = 0;
  #leftOut: LeftOut = { lost: 0, tooLong: 0, tooAmbiguous: 0, undecided: 0 };

  add({ linearizability: { explained, leftOut }, disagreement }: CrossCheck): void {
    const sum = this.#leftOut;
    this.#explained += explained;
    if (disagreement !== undefined) this.#disagreements++;
    this.#leftOut = {
      lost: sum.lost + leftOut.lost,
      tooLong: sum.tooLong + leftOut.tooLong,
      tooAmbiguous: sum.tooAmbiguous + leftOut.tooAmbiguous,
      undecided: sum.undecided + leftOut.undecided,
    };
  }

  get counts(): LinearizabilityCounts {
    return {
      explained: this.#explained,
      leftOut: this.#leftOut,
      disagreements: this.#disagreements,
    };
  }
}
