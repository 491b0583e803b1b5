/**
 * The tries of one store operation: how long they may go on, how long to pause between them, and what is
 * known of the outcome when they end.
 *
 * @module
 */

import { type Clock, delay } from "./clock.ts";
import { StoreUnavailableError } from "./errors.ts";
import type { Random } from "./random.ts";
import type { SealedBatch } from "./sealed_batch.ts";
import type { CommitReply } from "./storage_adapter.ts";
import type { Answer } from "./store_link.ts";

const FIRST_PAUSE_MS = 4;
const LONGEST_PAUSE_MS = 100;

/** A batch that was sent and of which nothing is known, and the incarnation that it was sent to. */
export interface Unsettled {
  readonly sealed: SealedBatch;
  readonly incarnation: string | undefined;
  /** When a try was first sent that had no answer, by the pod's clock: it may have been applied from then on. */
  readonly firstAt: number;
}

/** What {@linkcode Attempts} work with. */
export interface AttemptOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** How long tries may go on, in milliseconds. */
  readonly windowMs: number;
  /** Whether the store is known to be away, so that trying is no use. */
  readonly isAway: () => boolean;
}

/** A window of time in which an operation is tried. */
export class Attempts {
  readonly #options: AttemptOptions;
  #endsAt: number;
  #pauseMs = FIRST_PAUSE_MS;
  #ambiguousSince: number | undefined;
  #gaveUp = false;
  #tookEffect = false;
  /** When the last command was sent. */
  #sentAt = 0;
  /** The batch that is under way, and where it was sent to. */
  #sealed: SealedBatch | undefined;
  #incarnation: string | undefined;

  constructor(options: AttemptOptions) {
    this.#options = options;
    this.#endsAt = options.clock.now() + options.windowMs;
  }

  /** Whether some try may have been executed without our knowing. */
  get ambiguous(): boolean {
    return this.#ambiguousSince !== undefined;
  }

  /** When the first of those tries was sent, by the pod's clock. */
  get ambiguousSince(): number | undefined {
    return this.#ambiguousSince;
  }

  /** Whether they ended because the store did not answer. */
  get gaveUp(): boolean {
    return this.#gaveUp;
  }

  /** The batch that may have been applied without our knowing, when they ended. */
  get unsettled(): Unsettled | undefined {
    const firstAt = this.#ambiguousSince;
    const [sealed, incarnation] = [this.#sealed, this.#incarnation];
    return firstAt !== undefined && sealed ? { sealed, incarnation, firstAt } : undefined;
  }

  /** Begins the window again: the store answers, and what is waited for is the other pods' turn. */
  restart(): void {
    this.#endsAt = this.#options.clock.now() + this.#options.windowMs;
    this.#pauseMs = FIRST_PAUSE_MS;
  }

  /** Tries a command that changes nothing until it is answered; throws when the window ends. */
  read<Result>(command: (timeoutMs: number) => Promise<Result>): Promise<Result> {
    return this.#until(command, false);
  }

  /** Tries a command that may take effect, the same each time, until it is answered. */
  write<Result>(command: (timeoutMs: number) => Promise<Result>): Promise<Result> {
    return this.#until(command, true);
  }

  /** Tries a batch; until it has an answer that settles it, it is unsettled. */
  commit(
    sealed: SealedBatch,
    incarnation: string | undefined,
    command: (timeoutMs: number) => Promise<Answer<CommitReply>>,
  ): Promise<Answer<CommitReply>> {
    this.#incarnation = incarnation;
    this.#sealed = sealed;
    return this.#until(command, true, settles);
  }

  async #until<Result>(
    command: (timeoutMs: number) => Promise<Result>,
    takesEffect: boolean,
    settles?: (result: Result) => boolean,
  ): Promise<Result> {
    for (;;) {
      const sentAt = this.#sentAt = this.#options.clock.now();
      try {
        const result = await command(Math.max(1, this.#endsAt - sentAt));
        if (settles?.(result)) this.#sealed = undefined;
        return result;
      } catch (error) {
        if (!(error instanceof StoreUnavailableError)) {
          // Rule 7: after an ambiguous try nothing is "rejected" any more.
          throw this.ambiguous ? this.unknown(error) : error;
        }
        if (takesEffect && error.outcome === "unknown") this.#ambiguousSince ??= sentAt;
        await this.#pause(error);
      }
    }
  }

  /** After a reply that asks for another try. */
  async refused(why: string): Promise<void> {
    await this.#pause(new Error(why));
  }

  /** Whether the operation, or part of it, counts as applied: from then on a failure leaves the outcome open. */
  get tookEffect(): boolean {
    return this.#tookEffect;
  }

  /** Part of the operation has been applied, or nobody can tell any more whether it has. */
  takeEffect(): void {
    this.#tookEffect = true;
    this.#ambiguousSince ??= this.#sentAt;
  }

  /** The error of an operation of which nothing is known. */
  unknown(cause?: unknown): StoreUnavailableError {
    return new StoreUnavailableError(
      "The store did not confirm the command: it may have been applied, or not.",
      { outcome: "unknown", cause },
    );
  }

  async #pause(cause: Error): Promise<void> {
    const { clock, random, isAway } = this.#options;
    const pauseMs = this.#pauseMs * (0.5 + random() / 2);
    if (isAway() || clock.now() + pauseMs >= this.#endsAt) {
      this.#gaveUp = true;
      throw this.ambiguous ? this.unknown(cause) : new StoreUnavailableError(
        `The store is not available; nothing was applied. ${cause.message}`,
        { outcome: "not-applied", cause },
      );
    }
    this.#pauseMs = Math.min(LONGEST_PAUSE_MS, this.#pauseMs * 2);
    await delay(clock, pauseMs);
  }
}

/** What a store says that may have lost its memory: an earlier try may be in what another pod puts back. */
const MAY_COME_BACK: ReadonlySet<CommitReply["outcome"]> = new Set([
  "missing",
  "behind",
  "conflict",
]);

function settles({ reply }: Answer<CommitReply>): boolean {
  return !MAY_COME_BACK.has(reply.outcome);
}
