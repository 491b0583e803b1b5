/**
 * A pod inside the simulation: a manager on a clock that can stand still, and that can be killed.
 *
 * @module
 */

import { type Clock, SessionManager, type StorageAdapter, type Timer } from "../mod.ts";
import type { CaseSettings } from "./case.ts";
import type { Call, Result } from "./history.ts";
import { makeCall } from "./pod_calls.ts";
import type { VirtualClock } from "./virtual_clock.ts";

/** A pod's own clock: it began at another moment, and while the pod is frozen no timer of it fires. */
export class PodClock implements Clock {
  readonly #clock: VirtualClock;
  readonly #offsetMs: number;
  #frozen: (() => void)[] | undefined;
  #isDead = false;

  constructor(clock: VirtualClock, offsetMs: number) {
    this.#clock = clock;
    this.#offsetMs = offsetMs;
  }

  now(): number {
    return this.#clock.now() + this.#offsetMs;
  }

  after(delayMs: number, callback: () => void): Timer {
    let isCancelled = false;
    const fire = () => {
      if (isCancelled || this.#isDead) return;
      if (this.#frozen) this.#frozen.push(fire);
      else callback();
    };
    const timer = this.#clock.after(delayMs, fire);
    return {
      cancel() {
        isCancelled = true;
        timer.cancel();
      },
    };
  }

  /** Whether the pod stands still. */
  get isFrozen(): boolean {
    return this.#frozen !== undefined;
  }

  freeze(): void {
    this.#frozen ??= [];
  }

  /** Everything that came in meanwhile happens now, in its order. */
  resume(): void {
    const due = this.#frozen ?? [];
    this.#frozen = undefined;
    for (const fire of due) fire();
  }

  /** Nothing happens any more. */
  die(): void {
    this.#isDead = true;
  }
}

/** One life of a pod. */
export class SimulatedPod {
  readonly name: string;
  readonly clock: PodClock;
  readonly #manager: SessionManager;
  #isDead = false;

  constructor(
    name: string,
    clock: PodClock,
    adapter: StorageAdapter,
    settings: CaseSettings,
    random: () => number,
  ) {
    this.name = name;
    this.clock = clock;
    const { ttlMs, maxLifetimeMs, commandTimeoutMs, maxStalenessMs, graceMs } = settings;
    this.#manager = new SessionManager({
      adapter,
      ttlMs,
      commandTimeoutMs,
      maxStalenessMs,
      graceMs,
      failMode: "closed",
      clock,
      random,
      ...(maxLifetimeMs === undefined ? {} : { maxLifetimeMs }),
    });
  }

  /** Whether it was killed. */
  get isDead(): boolean {
    return this.#isDead;
  }

  /** Dies at once, with all that it had not sent. */
  kill(): void {
    this.#isDead = true;
    this.clock.die();
  }

  /** Makes a call; the answer never comes when the pod dies first. */
  async call(call: Call): Promise<Result> {
    const result = await makeCall(this.#manager, call);
    // A dead pod's promises may still settle here; nobody is left to hear of it.
    return this.#isDead ? await new Promise<never>(() => {}) : result;
  }

  /** Ends the manager. */
  close(): Promise<void> {
    return this.#isDead ? Promise.resolve() : this.#manager.close();
  }
}
