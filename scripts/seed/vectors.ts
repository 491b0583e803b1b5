/**
 * A trajectory like a firewall's, the numbers that are easily damaged among its own.
 *
 * @module
 */

const VECTORS = 10;
const DIMENSION = 1_536;

/** −0, the subnormals nearest to 0 and to the normal numbers, the smallest normal, the largest of both signs. */
const DELICATE_BITS = [
  0x8000_0000,
  0x0000_0001,
  0x8000_0001,
  0x007f_ffff,
  0x0080_0000,
  0x7f7f_ffff,
  0xff7f_ffff,
];

/** Ten vectors, the same ones each time. */
export function trajectory(): Float32Array<ArrayBuffer>[] {
  const next = generator();
  return Array.from({ length: VECTORS }, () => {
    const words = Uint32Array.from(
      { length: DIMENSION },
      (_, index) => DELICATE_BITS[index] ?? finite(next()),
    );
    return new Float32Array(words.buffer);
  });
}

/** The bits of a finite float32: an exponent of ones alone would be infinite or no number. */
function finite(word: number): number {
  return (word & 0x7f80_0000) === 0x7f80_0000 ? (word ^ 0x4000_0000) >>> 0 : word;
}

/** Marsaglia's xorshift32, of all words but 0. */
function generator(): () => number {
  let word = 0x9e37_79b9;
  return () => {
    word ^= word << 13;
    word ^= word >>> 17;
    word ^= word << 5;
    return word >>>= 0;
  };
}
