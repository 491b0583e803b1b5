/**
 * The end of what a stream said.
 *
 * @module
 */

/** Keeps the last bytes of what it is given. */
export class LastBytes {
  readonly #most: number;
  #chunks: Uint8Array[] = [];
  #length = 0;

  /** Keeps `most` bytes. */
  constructor(most: number) {
    this.#most = most;
  }

  add(chunk: Uint8Array): void {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    if (this.#length > 2 * this.#most) this.#chunks = [this.#gather()];
  }

  /** What is kept. */
  get bytes(): Uint8Array {
    return this.#gather();
  }

  #gather(): Uint8Array {
    const all = new Uint8Array(this.#length);
    let offset = 0;
    for (const chunk of this.#chunks) {
      all.set(chunk, offset);
      offset += chunk.length;
    }
    const last = all.slice(-this.#most);
    this.#length = last.length;
    this.#chunks = [last];
    return last;
  }
}
