/**
 * The lane of one session on one pod: calls go through it in order, and at most one command of this pod on the
 * session is under way. What arrives meanwhile joins the next batch (group commit). Lanes are independent of
 * each other.
 *
 * @module
 */

import { serveOne, serveReads } from "./call_server.ts";
import type { Call, ReadCall, UpdateCall, WriteCall } from "./calls.ts";
import { StoreUnavailableError } from "./errors.ts";
import type { Pod } from "./pod.ts";
import type { CacheEntry } from "./session_cache.ts";
import { serveUpdates, serveWrites } from "./write_server.ts";

/** Operations of one batch, at most: a bigger one would hold up the store's other clients. */
const LARGEST_BATCH = 256;

/** One session's queue of calls. */
export class SessionLane<Context extends object> {
  readonly entry: CacheEntry;
  readonly #pod: Pod<Context>;
  readonly #onIdle: () => void;
  #queue: Call[] = [];
  #running: Promise<void> | undefined;

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

  /** Whether a call is under way, or waits. */
  get isBusy(): boolean {
    return this.#running !== undefined;
  }

  /** Keeps an idle lane's calls waiting while somebody else works on the entry, until `vacate`. */
  occupy(work: Promise<void>): void {
    this.#running = work;
  }

  /** Lets the calls begin that came while the lane was occupied. */
  vacate(): void {
    this.#running = undefined;
    if (this.#queue.length > 0) this.#running = this.#run();
    else this.#onIdle();
  }

  /** Resolves when nothing is queued. */
  get idle(): Promise<void> {
    return this.#running ?? Promise.resolve();
  }

  async #run(): Promise<void> {
    // What the same turn adds shares the first batch.
    await undefined;
    while (this.#queue.length > 0) {
      const calls = this.#takeGroup();
      if (calls.length === 0) continue;
      try {
        await this.#serve(calls);
      } catch (error) {
        for (const call of calls) call.answer.reject(error);
        if (this.#pod.link.state === "down") this.#rejectQueued(error);
      }
      this.#pod.cache.store(this.entry);
    }
    this.#running = undefined;
    this.#onIdle();
  }

  #serve(calls: Call[]): Promise<void> {
    const attempts = this.#pod.attempts();
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
    const queued = this.#queue;
    this.#queue = [];
    for (const call of queued) {
      call.answer.reject(
        new StoreUnavailableError("The store is not available; nothing was applied.", {
          outcome: "not-applied",
          cause,
        }),
      );
    }
  }

  /** The first calls of one kind that can be served together; callers that gave up are left out. */
  #takeGroup(): Call[] {
    const kind = this.#queue[0]!.kind;
    const alone = kind === "create" || kind === "destroy" || kind === "rotate";
    let end = 0;
    for (let operations = 0; end < this.#queue.length; end++) {
      const call = this.#queue[end]!;
      operations += call.kind === "write" ? call.operations.length : 1;
      if (end > 0 && (alone || call.kind !== kind || operations > LARGEST_BATCH)) break;
    }
    return this.#queue.splice(0, end).filter((call) => !call.answer.settled);
  }
}
