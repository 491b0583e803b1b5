/**
 * The tries of one store operation: how long they may go on, how long to pause between them, and what is
 * known of the outcome when they end.
 *
 * @module
 */

import { type Clock, delay } from "./clock.ts";
import { StoreUnavailableError } from "./errors.ts";
import type { Random } from "./random.ts";

const FIRST_PAUSE_MS = 4;
const LONGEST_PAUSE_MS = 100;

/** A window of time in which an operation is tried. */
export class Attempts {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #endsAt: number;
  #pauseMs = FIRST_PAUSE_MS;
  #ambiguous = false;

  constructor(clock: Clock, random: Random, windowMs: number) {
    this.#clock = clock;
    this.#random = random;
    this.#endsAt = clock.now() + windowMs;
  }

  /** Whether some try may have been executed without our knowing. */
  get ambiguous(): boolean {
    return this.#ambiguous;
  }

  /** Tries a command that changes nothing until it is answered; throws when the window ends. */
  read<Result>(command: (timeoutMs: number) => Promise<Result>): Promise<Result> {
    return this.#until(command, false);
  }

  /** Tries a command that may take effect, the same each time, until it is answered. */
  write<Result>(command: (timeoutMs: number) => Promise<Result>): Promise<Result> {
    return this.#until(command, true);
  }

  async #until<Result>(
    command: (timeoutMs: number) => Promise<Result>,
    takesEffect: boolean,
  ): Promise<Result> {
    for (;;) {
      try {
        return await command(Math.max(1, this.#endsAt - this.#clock.now()));
      } catch (error) {
        if (!(error instanceof StoreUnavailableError)) {
          // Rule 7: after an ambiguous try nothing is "rejected" any more.
          throw this.#ambiguous ? this.unknown(error) : error;
        }
        if (takesEffect && error.outcome === "unknown") this.#ambiguous = true;
        await this.#pause(error);
      }
    }
  }

  /** After a reply that asks for another try. */
  async refused(why: string): Promise<void> {
    await this.#pause(new Error(why));
  }

  /** From now on a failure leaves the outcome open: part of the operation has been applied. */
  tookEffect(): void {
    this.#ambiguous = true;
  }

  /** The error of an operation of which nothing is known. */
  unknown(cause?: unknown): StoreUnavailableError {
    return new StoreUnavailableError(
      "The store did not confirm the command: it may have been applied, or not.",
      { outcome: "unknown", cause },
    );
  }

  async #pause(cause: Error): Promise<void> {
    const pauseMs = this.#pauseMs * (0.5 + this.#random() / 2);
    if (this.#clock.now() + pauseMs >= this.#endsAt) {
      throw this.#ambiguous ? this.unknown(cause) : new StoreUnavailableError(
        `The store is not available; nothing was applied. ${cause.message}`,
        { outcome: "not-applied", cause },
      );
    }
    this.#pauseMs = Math.min(LONGEST_PAUSE_MS, this.#pauseMs * 2);
    await delay(this.#clock, pauseMs);
  }
}
