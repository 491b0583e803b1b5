/**
 * Hashes of logs, of numbers only: what is compared is how a state came about, not what is in it.
 *
 * @module
 */

/** A log as two 32-bit numbers. */
export class Fingerprint {
  #high = 0x1e3779b9;
  #low = 0x7f4a7c15;

  /** Adds a whole number of 32 bits; the order counts. */
  add(entry: number): this {
    this.#high = (mixed(this.#high ^ entry, 0x85ebca6b) + this.#low) | 0;
    this.#low = mixed(this.#low ^ entry, 0xc2b2ae35) ^ this.#high;
    return this;
  }

  /** Adds a whole number of up to 53 bits. */
  addWide(entry: number): this {
    return this.add(entry | 0).add(entry / 0x1_0000_0000 | 0);
  }

  /** Adds a time in milliseconds. */
  addTime(ms: number): this {
    return this.addWide(Math.round(ms * 1_024));
  }

  /** A log that goes on from here by itself. */
  copy(): Fingerprint {
    const copy = new Fingerprint();
    copy.#high = this.#high;
    copy.#low = this.#low;
    return copy;
  }

  /** The hash, 53 bits of it. */
  get value(): number {
    return (this.#high >>> 0) * 0x20_0000 + (this.#low >>> 11);
  }
}

function mixed(value: number, factor: number): number {
  const once = Math.imul(value ^ (value >>> 15), factor);
  return once ^ (once >>> 13);
}

/** A sum of hashes, in which their order does not count. */
export function sumOf(one: number, other: number): number {
  return (one + other) % 0x1f_ffff_ffff_ffff;
}
