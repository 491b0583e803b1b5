/**
 * What happens when the store is back: sessions with journaled operations drain, and what the store lost is put back,
 * several sessions at a time, beside the traffic that goes on.
 *
 * @module
 */

import type { Timer } from "./clock.ts";
import { StoreRejectedError } from "./errors.ts";
import { needsHealing } from "./healing.ts";
import type { Lanes } from "./lanes.ts";
import type { Pod } from "./pod.ts";
import type { CacheEntry } from "./session_cache.ts";

/** Sessions under way at once: enough to fill a connection, few enough to leave live calls their turn. */
const SESSIONS_AT_ONCE = 16;

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;

/** Drains the journal of one pod, by itself. */
export class Reconciler<Context extends object> {
  readonly #pod: Pod<Context>;
  readonly #lanes: Lanes<Context>;
  #running: Promise<void> | undefined;
  #timer: Timer | undefined;
  #rounds = 0;
  #startedAt: number | undefined;
  #stalledBy: string | undefined;

  constructor(pod: Pod<Context>, lanes: Lanes<Context>) {
    this.#pod = pod;
    this.#lanes = lanes;
  }

  /** Whether the store is back, and not everything is in it yet. */
  get isRecovering(): boolean {
    return this.#startedAt !== undefined;
  }

  /** Begins, unless it is under way or there is nothing to do. */
  start(): void {
    if (this.#running || !this.#pod.link.isUp) return;
    const entries = this.#waiting();
    if (entries.length === 0) return this.#finish();
    this.#timer?.cancel();
    if (this.#startedAt === undefined && this.#pod.journal.size > 0) {
      this.#startedAt = this.#pod.settings.clock.now();
      this.#pod.events.emit("recovering", { sessions: this.#pod.journal.size });
    }
    this.#running = this.#round(entries).finally(() => {
      this.#running = undefined;
      this.#next();
    });
  }

  /** The store went away again. */
  pause(): void {
    this.#timer?.cancel();
    this.#startedAt = undefined;
  }

  /** Ends it; what waits is not sent any more. */
  stop(): void {
    this.pause();
  }

  /** Resolves when the round under way has ended. */
  async settled(): Promise<void> {
    await this.#running;
  }

  #waiting(): CacheEntry[] {
    const entries = new Map<string, CacheEntry>();
    const add = (entry: CacheEntry) => entries.set(entry.key.storeKey, entry);
    for (const { entry } of this.#pod.journal.sessions()) add(entry);
    for (const entry of this.#pod.cache.entries()) {
      if (needsHealing(this.#pod, entry)) add(entry);
    }
    for (const key of this.#pod.destroysToRepeat()) {
      if (!entries.has(key.storeKey)) add(this.#pod.cache.newEntry(key));
    }
    return [...entries.values()];
  }

  async #round(entries: readonly CacheEntry[]): Promise<void> {
    let next = 0;
    const worker = async () => {
      while (next < entries.length && this.#pod.link.isUp) {
        await this.#tend(entries[next++]!);
      }
    };
    await Promise.all(Array.from({ length: SESSIONS_AT_ONCE }, worker));
  }

  async #tend(entry: CacheEntry): Promise<void> {
    try {
      await this.#lanes.laneOf(entry).tend();
      this.#stalledBy = undefined;
    } catch (error) {
      // What has no answer is tried again in the next round; a refusal is the operator's to hear of.
      if (!(error instanceof StoreRejectedError) || this.#stalledBy === error.code) return;
      this.#stalledBy = error.code;
      this.#pod.events.emit("stalled", { code: error.code, message: error.message });
    }
  }

  #next(): void {
    if (!this.#pod.link.isUp) return;
    const isDone = this.#waiting().length === 0;
    if (isDone) return this.#finish();
    const pauseMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** this.#rounds++);
    const jittered = pauseMs * (0.5 + this.#pod.random() / 2);
    const { clock } = this.#pod.settings;
    this.#timer = clock.after(jittered, () => this.start(), { background: true });
  }

  #finish(): void {
    this.#rounds = 0;
    this.#stalledBy = undefined;
    if (this.#startedAt === undefined || this.#pod.journal.size > 0) return;
    const tookMs = this.#pod.settings.clock.now() - this.#startedAt;
    this.#startedAt = undefined;
    this.#pod.events.emit("reconciled", { ...this.#pod.journal.takeTotals(), tookMs });
  }
}
