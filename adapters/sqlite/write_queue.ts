/**
 * Group commit: what wants to be written while a transaction is pending runs together in the next one.
 *
 * @module
 */

import { type Clock, delay } from "../../core/clock.ts";
import { nextTick } from "node:process";
import { setImmediate } from "node:timers";
import { backoffMs } from "./backoff.ts";
import { isBusy, notReached, storeFailure } from "./failure.ts";

/** At most this many bodies share a transaction. */
const MAX_GROUP = 128;
/** A transaction takes no further body in after this time: the event loop waits for it. */
const MAX_HOLD_MS = 4;
/** So many bodies, or a transaction of that long, and timers and sockets have their turn before the next one. */
const BODIES_A_TURN = 32;
const SHORT_HOLD_MS = 1;
/** Others look for the write lock only now and then, so it is free for this part of the time that it was held. */
const FREE_SHARE = 1 / 8;
/** A timer is no finer than that. */
const REST_MS = 1;
/** Give up so much before the caller does, or it would not hear that nothing was applied. */
const EARLY_MS = 5;

/** The transaction that bodies run in; each method may throw SQLite's errors. */
export interface Transaction {
  begin(): void;
  commit(): void;
  /** Does nothing when no transaction is open. */
  rollback(): void;
}

interface Unit {
  readonly deadlineMs: number;
  /** Runs the body; the answer tells the caller, once the transaction is committed. */
  execute(): () => void;
  reject(error: unknown): void;
}

/** Runs bodies inside shared write transactions, in order, without ever blocking for a lock. */
export class WriteQueue {
  readonly #transaction: Transaction;
  readonly #clock: Clock;
  readonly #random: () => number;
  #waiting: Unit[] = [];
  #draining: Promise<void> | undefined;
  #groupLimit = MAX_GROUP;
  #leftInTurn = BODIES_A_TURN;
  /** How long the lock has yet to be free, and when it was held last. */
  #owedMs = 0;
  #releasedMs = 0;

  constructor(transaction: Transaction, clock: Clock, random: () => number) {
    this.#transaction = transaction;
    this.#clock = clock;
    this.#random = random;
  }

  /** Resolves with what `body` returned once it is committed. `body` may run several times. */
  run<Reply>(body: () => Reply, timeoutMs: number): Promise<Reply> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({
        deadlineMs: this.#clock.now() + timeoutMs - Math.min(EARLY_MS, timeoutMs / 10),
        execute() {
          const reply = body();
          return () => resolve(reply);
        },
        reject,
      });
      this.#draining ??= this.#drain();
    });
  }

  /** Resolves when nothing is queued. */
  async idle(): Promise<void> {
    while (this.#draining) await this.#draining;
  }

  async #drain(): Promise<void> {
    let refusals = 0;
    await this.#gather();
    for (this.#expire(); this.#waiting.length > 0; this.#expire()) {
      if (!this.#transact()) {
        const pauseMs = backoffMs(refusals++, this.#random);
        await delay(this.#clock, Math.min(pauseMs, this.#untilDeadlineMs()));
        continue;
      }
      refusals = 0;
      if (this.#owedMs < REST_MS) await this.#gather();
      else await delay(this.#clock, REST_MS);
    }
    this.#draining = undefined;
  }

  /** Lets all who are at it now come with what they want written; now and then everybody has their turn. */
  #gather(): Promise<void> {
    if (this.#leftInTurn > 0) return new Promise((resolve) => nextTick(resolve));
    this.#leftInTurn = BODIES_A_TURN;
    return nextTurn();
  }

  /** Runs one transaction; `false` when another connection was in the way. */
  #transact(): boolean {
    const answers: (() => void)[] = [];
    const startedMs = this.#clock.now();
    try {
      this.#transaction.begin();
      const untilMs = startedMs + MAX_HOLD_MS;
      const limit = Math.min(this.#groupLimit, this.#waiting.length);
      do answers.push(this.#waiting[answers.length]!.execute()); while (
        answers.length < limit && this.#clock.now() < untilMs
      );
    } catch (error) {
      this.#transaction.rollback();
      this.#leftInTurn = 0;
      if (isBusy(error)) return false;
      this.#isolate(answers.length, error);
      return true;
    }
    try {
      this.#transaction.commit();
    } catch (error) {
      this.#transaction.rollback();
      this.#leftInTurn = 0;
      if (isBusy(error)) return false;
      const failure = storeFailure(error, "unknown");
      for (const unit of this.#waiting.splice(0, answers.length)) unit.reject(failure);
      return true;
    }
    this.#account(startedMs, answers.length);
    this.#groupLimit = MAX_GROUP;
    this.#waiting.splice(0, answers.length);
    for (const answer of answers) answer();
    return true;
  }

  #account(startedMs: number, bodies: number): void {
    const releasedMs = this.#clock.now();
    const heldMs = releasedMs - startedMs;
    this.#leftInTurn = heldMs < SHORT_HOLD_MS ? this.#leftInTurn - bodies : 0;
    const freeMs = startedMs - this.#releasedMs;
    this.#owedMs = Math.max(0, this.#owedMs - freeMs) + heldMs * FREE_SHARE;
    this.#releasedMs = releasedMs;
  }

  /** The unit at `index` threw: those before it run again without it, and then it fails by itself. */
  #isolate(index: number, error: unknown): void {
    if (index > 0) this.#groupLimit = index;
    else this.#waiting.shift()!.reject(storeFailure(error, "not-applied"));
  }

  #expire(): void {
    const nowMs = this.#clock.now();
    if (this.#untilDeadlineMs() > 0) return;
    const late = this.#waiting.filter((unit) => unit.deadlineMs <= nowMs);
    this.#waiting = this.#waiting.filter((unit) => unit.deadlineMs > nowMs);
    for (const unit of late) {
      unit.reject(notReached("The SQLite file was locked by other connections for too long."));
    }
  }

  #untilDeadlineMs(): number {
    const earliestMs = this.#waiting.reduce((ms, unit) => Math.min(ms, unit.deadlineMs), Infinity);
    return earliestMs - this.#clock.now();
  }
}

/** Lets timers and sockets have their turn. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
