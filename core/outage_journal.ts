/**
 * The writes that a pod accepted while its store was away: operations, not states, coalesced by session, and bounded.
 * When it is full the new write is refused; none that was accepted is ever dropped.
 *
 * @module
 */

import { JournalFullError, type UnkeptWrite } from "./errors.ts";
import type { EventHub, RejectedReason } from "./events.ts";
import { failpoint } from "./failpoint.ts";
import { JournaledSession, type Sight, type Step, type Target } from "./journaled_session.ts";
import { encodeSession, type RestoredStep, type WallClock } from "./journal_record.ts";
import type { JournalStore } from "./journal_store.ts";
import type { CacheEntry } from "./session_cache.ts";
import type { Operation } from "./storage_adapter.ts";

/** What a session takes beside its steps; measured. */
const SESSION_BYTES = 1_536;

/** Writes that could not be kept and that nobody was told of by `flush` yet, at most. */
const MOST_UNKEPT = 1_000;

/** Bounds of a journal. */
export interface JournalBounds {
  readonly maxSessions: number;
  readonly maxBytes: number;
  readonly maxAgeMs: number;
}

/** One pod's journal. */
export class OutageJournal {
  readonly #pod: string;
  readonly #bounds: JournalBounds;
  readonly #capacity: number;
  readonly #events: EventHub;
  readonly #wall: WallClock;
  readonly #sessions = new Map<string, JournaledSession>();
  readonly #unkept: UnkeptWrite[] = [];
  readonly #dirty = new Set<string>();
  #bytes = 0;
  #kept = 0;
  #rejected = 0;
  #store: JournalStore | undefined;
  #writing: Promise<void> = Promise.resolve();

  /** `pod` is the id of the one whose journal it is; `capacity`: vectors that a trajectory keeps. */
  constructor(
    pod: string,
    bounds: JournalBounds,
    capacity: number,
    events: EventHub,
    wall: WallClock,
  ) {
    this.#pod = pod;
    this.#wall = wall;
    this.#bounds = bounds;
    this.#capacity = capacity;
    this.#events = events;
  }

  /** Sessions with operations that wait. */
  get size(): number {
    return this.#sessions.size;
  }

  /** What it takes in memory, counted roughly. */
  get bytes(): number {
    return this.#bytes;
  }

  /** How old what waits may become, in milliseconds. */
  get maxAgeMs(): number {
    return this.#bounds.maxAgeMs;
  }

  /** Whether what waits outlives this process. */
  get isDurable(): boolean {
    return this.#store !== undefined;
  }

  /** From now on every change is written down before anybody is told. */
  keepIn(store: JournalStore): void {
    this.#store = store;
  }

  /** Takes in what an earlier process had written down of a session; `sight` is what is seen of it meanwhile. */
  restore(entry: CacheEntry, steps: readonly RestoredStep[], sight: Sight): void {
    const session = new JournaledSession(entry, { kind: "unbound" }, sight, this.#capacity);
    this.change(session, () => {
      for (const step of steps) session.restore(step);
    });
  }

  /** The operations of a session; undefined when none wait. */
  of(storeKey: string): JournaledSession | undefined {
    return this.#sessions.get(storeKey);
  }

  sessions(): Iterable<JournaledSession> {
    return this.#sessions.values();
  }

  /** A session whose operations are to be added; it counts once some are. */
  begin(entry: CacheEntry, target: Target, sight: Sight): JournaledSession {
    return this.of(entry.key.storeKey) ??
      new JournaledSession(entry, target, sight, this.#capacity);
  }

  /**
   * Makes sure that there is room, before operations are added, as a step of their own or not. A destroy needs none in
   * a session that is journaled already.
   *
   * @throws JournalFullError when there is none
   */
  admit(
    session: JournaledSession,
    operations: readonly Operation[],
    place: "own-step" | "any-step",
  ): void {
    const { maxSessions, maxBytes } = this.#bounds;
    const isNew = !this.#sessions.has(session.entry.key.storeKey);
    const growth = (isNew ? SESSION_BYTES : 0) +
      (operations.length > 0 ? session.growth(operations, place) : 0);
    if (isNew && this.#sessions.size >= maxSessions) {
      throw new JournalFullError("maxSessions", maxSessions);
    }
    if (growth > 0 && this.#bytes + growth > maxBytes) {
      throw new JournalFullError("maxBytes", maxBytes);
    }
  }

  /** Changes what waits of a session, and counts what that takes; to be written down by `persist`. */
  change(session: JournaledSession, change: () => void): void {
    const key = session.entry.key.storeKey;
    const isNew = !this.#sessions.has(key);
    const before = isNew ? 0 : session.bytes + SESSION_BYTES;
    change();
    this.#dirty.add(key);
    if (session.steps.length === 0) {
      this.#sessions.delete(key);
      session.entry.journaled = undefined;
      this.#bytes -= before;
      return;
    }
    if (isNew) {
      this.#sessions.set(key, session);
      session.entry.journaled = session;
    }
    this.#bytes += session.bytes + SESSION_BYTES - before;
  }

  /** Resolves when every change made so far outlives this process; at once where nothing does. */
  persist(): Promise<void> {
    if (!this.#store || this.#dirty.size === 0) return this.#writing;
    // What the same turn changes is written together.
    return this.#writing = this.#writing.catch(() => {}).then(() => this.#write());
  }

  /** Takes the first step out: the store has it. */
  settle(session: JournaledSession, operations: number): void {
    this.#kept += operations;
    this.change(session, () => session.shift());
  }

  /** Takes the first step out, and tells that it cannot be kept (G10). */
  reject(session: JournaledSession, step: Step, reason: RejectedReason, detail?: string): void {
    this.change(session, () => session.shift());
    this.tell(session, step.count, reason, detail);
  }

  /** Tells that operations cannot be kept. */
  tell(
    session: JournaledSession,
    operations: number,
    reason: RejectedReason,
    detail?: string,
  ): void {
    const { tenant, hashedId } = session.entry.key;
    this.#rejected += operations;
    session.isKept = false;
    const write = { tenant, hashedId, operations, reason };
    if (this.#unkept.length < MOST_UNKEPT) this.#unkept.push(write);
    this.#events.emit("rejected", { ...write, ...(detail !== undefined && { detail }) });
  }

  /** Operations that the store took, and those that could not be kept, since this was asked last. */
  takeTotals(): { operations: number; rejected: number } {
    const totals = { operations: this.#kept, rejected: this.#rejected };
    this.#kept = this.#rejected = 0;
    return totals;
  }

  /** What waits now, by session. */
  waiting(): UnkeptWrite[] {
    return [...this.#sessions.values()].map(({ entry: { key }, count: operations }) => {
      const { tenant, hashedId } = key;
      return { tenant, hashedId, operations, reason: "journaled" };
    });
  }

  /** What could not be kept since this was asked last. */
  takeUnkept(): UnkeptWrite[] {
    return this.#unkept.splice(0);
  }

  /** Ends the writing down; what was written stays. */
  async close(): Promise<void> {
    await this.#writing.catch(() => {});
    await this.#store?.close();
  }

  async #write(): Promise<void> {
    const keys = [...this.#dirty];
    if (keys.length === 0) return;
    this.#dirty.clear();
    const changes = new Map<string, string | undefined>();
    for (const key of keys) {
      const session = this.#sessions.get(key);
      changes.set(key, session && encodeSession(session, this.#wall));
    }
    try {
      const writing = this.#store!.write(changes);
      const truncates = [...changes.values()].includes(undefined);
      failpoint(truncates ? "truncating" : "appending", this.#pod);
      await writing;
    } catch (error) {
      for (const key of keys) this.#dirty.add(key);
      throw error;
    }
  }
}
