/**
 * Randomness as it is passed in, so that a simulation can be repeated.
 *
 * @module
 */

/** Numbers at least 0 and below 1, like `Math.random`. */
export type Random = () => number;

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/** 96 random bits as 16 characters: an id of a pod, or a nonce of an incarnation. */
export function randomId(random: Random | undefined): string {
  let id = "";
  if (random) {
    for (let index = 0; index < 16; index++) id += ALPHABET[Math.floor(random() * 64)];
  } else {
    for (const byte of crypto.getRandomValues(new Uint8Array(16))) id += ALPHABET[byte & 63];
  }
  return id;
}
