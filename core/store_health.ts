/**
 * Whether the store is there: a circuit breaker whose only traffic of its own are heartbeats.
 *
 * Closed (the store is `up`): calls go to the store, and a heartbeat follows the other each second. Open (it is
 * `down`): no call waits for it any more, and the heartbeat becomes a probe, sent after jittered pauses, so that many
 * pods do not come back in one stampede. Only a probe closes it again, never a caller who waits.
 *
 * @module
 */

import type { Clock, Timer } from "./clock.ts";
import { StoreRejectedError } from "./errors.ts";
import type { Random } from "./random.ts";

/** Failures in a row, without any answer in between, that open the breaker once they have gone on for a while. */
const FAILURES_TO_OPEN = 3;

/** Pause between two heartbeats of a store that is up. */
const HEARTBEAT_MS = 1_000;

/** Pause after a heartbeat that failed while the store still counts as up. */
const DOUBT_MS = 50;

const FIRST_PROBE_MS = 50;
const LONGEST_PROBE_MS = 2_000;

/** Whether the store answers. */
export type HealthState = "up" | "down";

/** What a {@linkcode StoreHealth} works with. */
export interface HealthOptions {
  readonly clock: Clock;
  readonly random: Random;
  /**
   * How long failures in a row may go on, in milliseconds: one connection that is reset, with all that was under way on
   * it, is no store that is away.
   */
  readonly patienceMs: number;
  /** Sends a heartbeat; rejects when it had no answer. */
  readonly probe: () => Promise<void>;
  /** Hears of each change, with its cause. */
  readonly onChange: (state: HealthState, cause: unknown) => void;
}

/** The breaker. */
export class StoreHealth {
  readonly #options: HealthOptions;
  #state: HealthState = "up";
  #failures = 0;
  #failingSince = 0;
  #answeredAt = -Infinity;
  #probes = 0;
  #timer: Timer | undefined;
  #isRunning = false;

  constructor(options: HealthOptions) {
    this.#options = options;
  }

  get state(): HealthState {
    return this.#state;
  }

  /** Begins the heartbeats. Their timers keep no process alive. */
  start(): void {
    if (this.#isRunning) return;
    this.#isRunning = true;
    this.#schedule(HEARTBEAT_MS);
  }

  /** Ends the heartbeats. */
  stop(): void {
    this.#isRunning = false;
    this.#timer?.cancel();
  }

  /** The store answered, be it with a refusal. What closes the breaker is a probe. */
  answered(): void {
    this.#failures = 0;
    this.#answeredAt = this.#options.clock.now();
  }

  /**
   * A command had no answer. One that waited for the whole of a timeout, in which nobody else was answered either,
   * says that the store is away; of what fails quickly it takes a few, for a while.
   */
  failed(cause: unknown, command: { readonly sentAt: number; readonly isTimeout: boolean }): void {
    const { clock, patienceMs } = this.#options;
    if (this.#failures++ === 0) this.#failingSince = command.sentAt;
    const isSilent = command.isTimeout && this.#answeredAt <= command.sentAt;
    const isFailing = this.#failures >= FAILURES_TO_OPEN &&
      clock.now() - this.#failingSince >= patienceMs;
    if (isSilent || isFailing) this.open(cause);
  }

  /** Opens the breaker. */
  open(cause: unknown): void {
    if (this.#state === "down") return;
    this.#state = "down";
    this.#probes = 0;
    this.#isRunning = true;
    this.#schedule(this.#probePauseMs());
    this.#options.onChange("down", cause);
  }

  #close(): void {
    this.#failures = 0;
    if (this.#state === "up") return;
    this.#state = "up";
    this.#options.onChange("up", undefined);
  }

  #schedule(delayMs: number): void {
    this.#timer?.cancel();
    if (!this.#isRunning) return;
    const beat = () => void this.#beat();
    this.#timer = this.#options.clock.after(delayMs, beat, { background: true });
  }

  async #beat(): Promise<void> {
    const timer = this.#timer;
    const isHealthy = await this.#probe();
    if (isHealthy) this.#close();
    // Whoever opened the breaker meanwhile has set the next beat.
    if (this.#timer !== timer) return;
    if (this.#state === "down") this.#schedule(this.#probePauseMs());
    else this.#schedule(isHealthy ? this.#jittered(HEARTBEAT_MS) : DOUBT_MS);
  }

  async #probe(): Promise<boolean> {
    try {
      await this.#options.probe();
      return true;
    } catch (error) {
      // Refused for good, it is there all the same: callers are to hear why.
      return error instanceof StoreRejectedError;
    }
  }

  #probePauseMs(): number {
    return this.#jittered(Math.min(LONGEST_PROBE_MS, FIRST_PROBE_MS * 2 ** this.#probes++));
  }

  #jittered(spanMs: number): number {
    return spanMs * (0.5 + this.#options.random() / 2);
  }
}
