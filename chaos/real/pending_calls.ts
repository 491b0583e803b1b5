/**
 * The calls of a history that have not been answered.
 *
 * @module
 */

interface Pending {
  readonly pod: number;
  readonly answered: Promise<void>;
  readonly settle: () => void;
}

/** A call that takes longer has lost its answer. */
const PATIENCE_MS = 10_000;

/** Calls that wait for their answers, by their numbers. */
export class PendingCalls {
  readonly #calls = new Map<number, Pending>();

  /** A call was made on a pod; resolves when it has ended, with its pod's life if need be. */
  add(op: number, pod: number): Promise<void> {
    const { promise: answered, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, PATIENCE_MS);
    const settle = () => {
      clearTimeout(timer);
      resolve();
    };
    this.#calls.set(op, { pod, answered, settle });
    return answered;
  }

  /** A call was answered; the pod's index, or undefined when nobody waits for it. */
  answer(op: number): number | undefined {
    const call = this.#calls.get(op);
    this.#calls.delete(op);
    call?.settle();
    return call?.pod;
  }

  /** A pod has died: what it has not answered it does not. */
  endOf(index: number): void {
    for (const { pod, settle } of [...this.#calls.values()]) if (pod === index) settle();
  }

  /** Resolves when all that were made have ended. */
  async ended(): Promise<void> {
    await Promise.all([...this.#calls.values()].map(({ answered }) => answered));
  }
}
