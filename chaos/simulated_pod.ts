/**
 * A pod inside the simulation: a manager on a clock that can stand still, and that can be killed.
 *
 * @module
 */

import {
  BaseSessionManager,
  type Clock,
  type JournalStore,
  type StorageAdapter,
  type Timer,
} from "../mod.ts";
import type { CaseSettings } from "./case.ts";
import type { Call, Result } from "./history.ts";
import { isAway, makeCall } from "./pod_calls.ts";
import { close, flush, listen, type PodFlush, type PodTold } from "./pod_events.ts";

/** A pod's own clock: it began at another moment, and while the pod is frozen no timer of it fires. */
export class PodClock implements Clock {
  readonly #clock: Clock;
  readonly #offsetMs: number;
  readonly #skewMs: () => number;
  #frozen: (() => void)[] | undefined;
  #isDead = false;

  /** It tells `offsetMs` more than `clock`; `skewMs` says how far its machine's wall clock is off. */
  constructor(clock: Clock, offsetMs: number, skewMs: () => number = () => 0) {
    this.#clock = clock;
    this.#offsetMs = offsetMs;
    this.#skewMs = skewMs;
  }

  now(): number {
    return this.#clock.now() + this.#offsetMs;
  }

  /** All machines' clocks agree, if nothing else is wanted. */
  wallTime(): number {
    return this.#clock.now() + this.#skewMs();
  }

  after(delayMs: number, callback: () => void, options?: { background?: boolean }): Timer {
    let isCancelled = false;
    const fire = () => {
      if (isCancelled || this.#isDead) return;
      if (this.#frozen) this.#frozen.push(fire);
      else callback();
    };
    const timer = this.#clock.after(delayMs, fire, options);
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

/** What a simulated pod is made of. */
export interface SimulatedPodOptions {
  readonly adapter: StorageAdapter;
  readonly settings: CaseSettings;
  readonly random: () => number;
  /** Where its journal is kept, if it outlives the pod. */
  readonly place: { opened(isDead: () => boolean): JournalStore };
  /** Hears what it tells. */
  readonly hear: (told: PodTold) => void;
}

/** Sessions that a simulated pod holds at most. */
const MOST_SESSIONS = 16;

/** One life of a pod. */
export class SimulatedPod {
  readonly name: string;
  readonly clock: PodClock;
  readonly #manager: BaseSessionManager;
  #isDead = false;

  constructor(name: string, clock: PodClock, options: SimulatedPodOptions) {
    this.name = name;
    this.clock = clock;
    const { adapter, settings, random, place, hear } = options;
    const { maxLifetimeMs, journalSessions, durable, ...rest } = settings;
    this.#manager = new BaseSessionManager({
      ...rest,
      // A cache sets aside a place for each session that it may hold; a case has few.
      cache: { maxSessions: MOST_SESSIONS },
      adapter,
      clock,
      random,
      ...(maxLifetimeMs === undefined ? {} : { maxLifetimeMs }),
      journal: {
        ...(journalSessions === undefined ? {} : { maxSessions: journalSessions }),
        ...(durable && { path: "in memory" }),
      },
    }, () => place.opened(() => this.#isDead));
    listen(this.#manager, (told) => {
      if (!this.#isDead) hear(told);
    });
  }

  /** The id under which it commits. */
  get id(): string {
    return this.#manager.podId;
  }

  /** Whether it takes the store for away. */
  get isAway(): boolean {
    return isAway(this.#manager);
  }

  /** Sessions whose writes wait for the store. */
  get journaled(): number {
    return this.#manager.status().journaled;
  }

  /** Connects, as a pod does that is opened; what comes of it is for its calls to find out. */
  connect(): void {
    this.#manager.connect().catch(() => {});
  }

  /** Brings what waits into the store. */
  flush(timeoutMs: number): Promise<PodFlush> {
    return flush(this.#manager, timeoutMs);
  }

  /** Whether it was killed, or has ended. */
  get isDead(): boolean {
    return this.#isDead;
  }

  /** Dies at once, with all that it had not sent. */
  kill(): void {
    this.#isDead = true;
    this.clock.die();
  }

  /** Ends gracefully: what waits goes into the store first. */
  async end(timeoutMs: number): Promise<PodFlush> {
    const ended = await close(this.#manager, timeoutMs);
    this.#isDead = true;
    return ended;
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
