/**
 * The lane of one session on one pod: calls go through it in order, and at most one command of this pod on the
 * session is under way. What arrives meanwhile joins the next batch (group commit). Lanes are independent of
 * each other.
 *
 * @module
 */

import { unrecovered } from "./absence.ts";
import type { Attempts, Unsettled } from "./attempts.ts";
import { AwayServer } from "./away_server.ts";
import { serveOne, serveReads } from "./call_server.ts";
import type { Call, ReadCall, UpdateCall, WriteCall } from "./calls.ts";
import { type Deferred, deferred } from "./deferred.ts";
import { drain } from "./drain.ts";
import { StoreUnavailableError } from "./errors.ts";
import { healSession, needsHealing } from "./healing.ts";
import { isJoinable } from "./joined_operations.ts";
import type { Pod } from "./pod.ts";
import type { CacheEntry } from "./session_cache.ts";
import { serveUpdates, serveWrites } from "./write_server.ts";

/** Operations of one batch, at most: a bigger one would hold up the store's other clients. */
const LARGEST_BATCH = 256;

/** Calls that are served by one batch, at most: a bigger one would hold up this process's other calls. */
const MOST_CALLS = 1_024;

/** One session's queue of calls. */
export class SessionLane<Context extends object> {
  readonly entry: CacheEntry;
  readonly #pod: Pod<Context>;
  readonly #onIdle: () => void;
  readonly #queue: Call[] = [];
  #running: Promise<void> | undefined;
  /** Somebody waits for the session to be brought into the store. */
  #tending: Deferred<void> | undefined;

  constructor(pod: Pod<Context>, entry: CacheEntry, onIdle: () => void) {
    this.#pod = pod;
    this.entry = entry;
    this.#onIdle = onIdle;
  }

  /** Adds a call; its answer comes through the call. */
  enqueue(call: Call): void {
    this.#queue.push(call);
    this.#running ??= this.#run();
  }

  /** Puts back what the store lost of the session and drains what is journaled of it; rejects when that has to wait. */
  tend(): Promise<void> {
    this.#tending ??= deferred();
    this.#running ??= this.#run();
    return this.#tending.promise;
  }

  /** Whether a call is under way, or waits, or operations wait for the store. */
  get isBusy(): boolean {
    return this.#running !== undefined || this.entry.journaled !== undefined ||
      needsHealing(this.#pod, this.entry);
  }

  /** Keeps an idle lane's calls waiting while somebody else works on the entry, until `vacate`. */
  occupy(work: Promise<void>): void {
    this.#running = work;
  }

  /** Lets the calls begin that came while the lane was occupied. */
  vacate(): void {
    this.#running = undefined;
    if (this.#queue.length > 0 || this.#tending) this.#running = this.#run();
    else this.#onIdle();
  }

  /** Resolves when nothing is queued. */
  get idle(): Promise<void> {
    return this.#running ?? Promise.resolve();
  }

  async #run(): Promise<void> {
    // What the same turn adds shares the first batch.
    await undefined;
    while (this.#queue.length > 0 || this.#tending) {
      const obstacle = this.#isBehind ? await this.#catchUp() : undefined;
      const calls = this.#takeGroup();
      if (calls.length > 0) await this.#serve(calls, obstacle);
    }
    this.#running = undefined;
    this.#onIdle();
  }

  /** Whether the store lacks something of the session, or somebody waits to hear that it does not. */
  get #isBehind(): boolean {
    if (this.#tending || this.entry.journaled || needsHealing(this.#pod, this.entry)) return true;
    if (this.#pod.link.isUp) this.entry.era = this.#pod.link.era;
    return false;
  }

  /** First the store gets what it lost and what waits for it; what is answered stands in the way of that. */
  async #catchUp(): Promise<unknown> {
    const tending = this.#tending;
    this.#tending = undefined;
    const obstacle = await this.#reconcile().then(() => undefined, (error) => error);
    if (obstacle === undefined) tending?.resolve();
    else tending?.reject(obstacle);
    return obstacle;
  }

  async #reconcile(): Promise<void> {
    const { entry } = this;
    const pod = this.#pod;
    if (!pod.link.isUp) return;
    if (needsHealing(pod, entry)) await healSession(pod, entry, pod.attempts());
    else entry.era = pod.link.era;
    if (!entry.journaled) return;
    // A batch is sealed at a time of the store's: there is none before the link is open.
    await pod.link.open().catch((error: unknown) => {
      // Else nobody would look for the store, and what waits would wait for the next call.
      if (error instanceof StoreUnavailableError) pod.link.giveUp(error);
      throw error;
    });
    await drain(pod, entry.journaled);
  }

  async #serve(calls: Call[], obstacle: unknown): Promise<void> {
    const attempts = this.#pod.attempts();
    try {
      if (obstacle !== undefined) throw obstacle;
      if (this.#isAway) {
        const { journaled, stub, key } = this.entry;
        if (!journaled && !stub) unrecovered(this.#pod, key, undefined);
        await this.#serveAway(calls);
      } else await this.#serveOnline(calls, attempts);
    } catch (error) {
      await this.#serveDespite(error, calls, attempts);
    }
  }

  get #isAway(): boolean {
    const { link, settings } = this.#pod;
    return this.entry.journaled !== undefined || !link.isUp && settings.failMode === "open";
  }

  /** What the store's absence keeps from being served by it is served from memory, if the owner wants that. */
  async #serveDespite(error: unknown, calls: Call[], attempts: Attempts): Promise<void> {
    const isAway = error instanceof StoreUnavailableError &&
      (attempts.gaveUp || !this.#pod.link.isUp || this.entry.journaled !== undefined);
    const { failMode } = this.#pod.settings;
    // Else nobody would look for it, and what is journaled now would wait for the next call.
    if (attempts.gaveUp) this.#pod.link.giveUp(error);
    if (isAway && failMode === "open" && !attempts.tookEffect && calls[0]!.kind !== "rotate") {
      return await this.#serveAway(calls, attempts.unsettled);
    }
    // A store that refuses writes can be read from.
    if (this.entry.journaled) await this.#serveAway(calls.filter(({ kind }) => kind === "read"));
    for (const call of calls) call.answer.reject(error);
    if (isAway && failMode === "closed") this.#rejectQueued(error);
  }

  async #serveAway(calls: Call[], unsettled?: Unsettled): Promise<void> {
    try {
      await new AwayServer(this.#pod, this.entry).serve(calls, unsettled);
    } catch (error) {
      for (const { answer } of calls) answer.reject(error);
    }
  }

  #serveOnline(calls: Call[], attempts: Attempts): Promise<void> {
    const [first] = calls;
    switch (first!.kind) {
      case "read":
        return serveReads(this.#pod, this.entry, calls as ReadCall[], attempts);
      case "write":
        return serveWrites(this.#pod, this.entry, calls as WriteCall[], attempts);
      case "update":
        return serveUpdates(this.#pod, this.entry, calls as UpdateCall[], attempts);
      default:
        return serveOne(this.#pod, this.entry, first!, attempts);
    }
  }

  /** What waits behind a command without an answer was never sent. */
  #rejectQueued(cause: unknown): void {
    for (const call of this.#queue.splice(0)) {
      call.answer.reject(
        new StoreUnavailableError("The store is not available; nothing was applied.", {
          outcome: "not-applied",
          cause,
        }),
      );
    }
  }

  /**
   * The first calls of one kind that can be served together; callers that gave up are left out. What is taken is no longer
   * in the queue, which V8 may have made among the old.
   */
  #takeGroup(): Call[] {
    const kind = this.#queue[0]?.kind;
    const alone = kind === "create" || kind === "destroy" || kind === "rotate";
    const end = alone ? 1 : this.#endOfGroup();
    const group = this.#queue.splice(0, end);
    return group.some(({ answer }) => answer.settled)
      ? group.filter(({ answer }) => !answer.settled)
      : group;
  }

  #endOfGroup(): number {
    const queue = this.#queue;
    const length = Math.min(queue.length, MOST_CALLS);
    let operations = 0;
    let counter: string | undefined;
    for (let end = 0; end < length; end++) {
      const call = queue[end]!;
      if (call.kind !== queue[0]!.kind) return end;
      if (call.kind !== "write") operations++;
      else {
        const [first] = call.operations;
        // One that counts on where the one before left off is no more work for the store.
        const joins = call.operations.length === 1 && isJoinable(first) && first.field === counter;
        operations += joins ? 0 : call.operations.length;
        counter = isJoinable(first) ? first.field : undefined;
      }
      if (end > 0 && operations > LARGEST_BATCH) return end;
    }
    return length;
  }
}
