/**
 * An orderly end when somebody presses Ctrl-C.
 *
 * @module
 */

const SIGNALS = ["SIGINT", "SIGTERM"] as const;

/** Exit code of a program that was interrupted. */
export const INTERRUPTED = 130;

/** Turns the signals that ask a process to end into an `AbortSignal`, as long as it is not disposed of. */
export class Interruption implements Disposable {
  readonly #controller = new AbortController();
  readonly #onSignal = () => this.#controller.abort(new Error("Interrupted."));

  constructor() {
    for (const name of SIGNALS) Deno.addSignalListener(name, this.#onSignal);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  [Symbol.dispose](): void {
    for (const name of SIGNALS) Deno.removeSignalListener(name, this.#onSignal);
  }
}
