/**
 * A bounded number of places, given out in the order in which they were asked for.
 *
 * @module
 */

/** Who waits for a place. */
interface Waiting {
  readonly take: () => void;
  readonly giveUp: (error: Error) => void;
}

/** Places that are taken and given back. */
export class Places {
  #free: number;
  readonly #waiting = new Set<Waiting>();

  constructor(count: number) {
    this.#free = count;
  }

  /** How many wait. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Resolves with a place taken; rejects with what `onLate` answers when none is given back in time. */
  take(timeoutMs: number, onLate: () => Error): Promise<void> {
    if (this.#free > 0) {
      this.#free--;
      return Promise.resolve();
    }
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(waiting);
        reject(onLate());
      }, timeoutMs);
      const waiting: Waiting = {
        take: () => {
          clearTimeout(timer);
          resolve();
        },
        giveUp: (error) => {
          clearTimeout(timer);
          reject(error);
        },
      };
      this.#waiting.add(waiting);
    });
  }

  /** Gives a place back; who has waited longest takes it. */
  giveBack(): void {
    const [next] = this.#waiting;
    if (!next) {
      this.#free++;
      return;
    }
    this.#waiting.delete(next);
    next.take();
  }

  /** Nobody waits any more. */
  refuseAll(error: Error): void {
    for (const { giveUp } of this.#waiting) giveUp(error);
    this.#waiting.clear();
  }
}
