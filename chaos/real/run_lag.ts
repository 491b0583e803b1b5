/**
 * How long the processes of one history were kept from running, other than on purpose.
 *
 * @module
 */

import { LagMeter } from "./lag_meter.ts";

/** Processes that a call passes, each of which may be kept from running: the pod, the runner's proxy, the store. */
const HANDS = 3;
/** What a process takes to notice that it runs again. */
const FREEZE_MARGIN_MS = 300;
/** A lag beyond which a command may have missed its timeout, through all the hands that it passes. */
const STALL_MS = 50;
/**
 * The end of the time for recovery. Whoever misses a heartbeat in it, because the runner's proxy did not run, may
 * still take the store for away after it; what was missed before has been made good by then.
 */
const LAST_HEARTBEATS_MS = 2_000;

/** The lags of the runner and of its pods. */
export class RunLag {
  readonly #own = new LagMeter();
  #mostMs = 0;
  #sinceMarkMs = 0;
  /** By pod: until when it stands still on purpose. */
  readonly #frozenUntilMs = new Map<number, number>();

  start(): void {
    this.#own.start();
  }

  stop(): void {
    this.#own.stop();
  }

  /** The error of what is measured from outside, in milliseconds. */
  get errorMs(): number {
    return Math.round(HANDS * this.#mostMs);
  }

  /** Whether a command may have missed its timeout since `mark` was called. */
  get hasStalledSinceMark(): boolean {
    return this.#sinceMarkMs > STALL_MS;
  }

  mark(): void {
    this.#sinceMarkMs = 0;
  }

  /** Lets the time for recovery pass, and marks where its end begins. */
  async recover(spanMs: number, pause: (spanMs: number) => Promise<void>): Promise<void> {
    await pause(spanMs - LAST_HEARTBEATS_MS);
    this.note();
    this.mark();
    await pause(LAST_HEARTBEATS_MS);
    this.note();
  }

  /** A pod stands still on purpose, for so long from now on. */
  freeze(pod: number, spanMs: number): void {
    this.#frozenUntilMs.set(pod, performance.now() + spanMs);
  }

  /** Notes what the runner has measured, and what a pod has. */
  note(pod?: number, lagMs = 0): void {
    const untilMs = pod === undefined ? undefined : this.#frozenUntilMs.get(pod);
    const standsStill = performance.now() < (untilMs ?? 0) + FREEZE_MARGIN_MS;
    const mostMs = Math.max(this.#own.take(), standsStill ? 0 : lagMs);
    this.#mostMs = Math.max(this.#mostMs, mostMs);
    this.#sinceMarkMs = Math.max(this.#sinceMarkMs, mostMs);
  }
}
