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

/** The lags of the runner and of its pods. */
export class RunLag {
  readonly #own = new LagMeter();
  #mostMs = 0;
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
  }
}
