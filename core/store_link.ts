/**
 * The way to the store: every call ends within the command timeout, whatever the client does, and every
 * reply tells the store's time.
 *
 * @module
 */

import type { Clock } from "./clock.ts";
import { Deadlines } from "./deadlines.ts";
import { SessionError, StoreRejectedError, StoreUnavailableError } from "./errors.ts";
import type {
  AdapterOpenOptions,
  CommitBatch,
  CommitReply,
  Holder,
  InboxListener,
  ListedRecord,
  LoadReply,
  LoadRequest,
  StorageAdapter,
  StoreInfo,
} from "./storage_adapter.ts";

/** A reply, and when its command was sent by the pod's clock. */
export interface Answer<Reply> {
  readonly reply: Reply;
  readonly sentAt: number;
}

/** One pod's link to its store. */
export class StoreLink {
  readonly #adapter: StorageAdapter;
  readonly #clock: Clock;
  readonly #deadlines: Deadlines;
  readonly #openOptions: AdapterOpenOptions;
  #opening: Promise<StoreInfo> | undefined;
  #isOpen = false;
  #state: "up" | "down" = "up";
  /** The store's time minus the pod's, at least: a reply is older than its arrival. */
  #offsetMs: number | undefined;

  constructor(adapter: StorageAdapter, clock: Clock, openOptions: AdapterOpenOptions) {
    this.#adapter = adapter;
    this.#clock = clock;
    this.#openOptions = openOptions;
    this.#deadlines = new Deadlines(clock);
  }

  /** `down` when the last call had no answer. */
  get state(): "up" | "down" {
    return this.#state;
  }

  /** The store's time now, never later than it is; undefined before the first reply. */
  storeTimeMs(): number | undefined {
    return this.#offsetMs === undefined ? undefined : this.#clock.now() + this.#offsetMs;
  }

  /**
   * Opens the adapter unless it is open. Every command does so first, since a manager that was given its adapter
   * has no moment of its own for it; what failed is tried again by the next one.
   */
  async open(): Promise<StoreInfo> {
    this.#opening ??= this.#open();
    try {
      return await this.#opening;
    } catch (error) {
      this.#opening = undefined;
      throw error;
    }
  }

  async #open(): Promise<StoreInfo> {
    await this.#adapter.prepare?.();
    const options = this.#openOptions;
    const info = await this.#bounded(options.timeoutMs, this.#adapter.open(options));
    this.#isOpen = true;
    return info;
  }

  /** Listens to a pod's inbox; undefined where the store has no such channel. */
  async subscribe(
    holder: Holder,
    listener: InboxListener,
  ): Promise<(() => Promise<void>) | undefined> {
    if (!this.#isOpen) await this.open();
    return await this.#adapter.subscribe?.(holder, listener);
  }

  commit(key: string, batch: CommitBatch, timeoutMs: number): Promise<Answer<CommitReply>> {
    return this.#timed(timeoutMs, () => this.#adapter.commit(key, batch, { timeoutMs }));
  }

  load(key: string, request: LoadRequest, timeoutMs: number): Promise<Answer<LoadReply>> {
    return this.#timed(timeoutMs, () => this.#adapter.load(key, request, { timeoutMs }));
  }

  /** Whether many records can be read in one go. */
  get loadsMany(): boolean {
    return this.#adapter.loadMany !== undefined;
  }

  /** Loads many records; the answers in the order of the keys. */
  async loadMany(
    keys: readonly string[],
    request: Pick<LoadRequest, "tombstoneMs">,
    timeoutMs: number,
  ): Promise<{ replies: readonly LoadReply[]; sentAt: number }> {
    if (!this.#isOpen) await this.open();
    const sentAt = this.#clock.now();
    const call = this.#adapter.loadMany!(keys, request, { timeoutMs });
    const replies = await this.#bounded(timeoutMs, call);
    const last = replies.at(-1);
    if (last) this.#offsetMs = last.storeTimeMs - this.#clock.now();
    return { replies, sentAt };
  }

  /** A listing, of which each step ends within the timeout. */
  async *list(prefix: string, timeoutMs: number): AsyncGenerator<ListedRecord> {
    if (!this.#isOpen) await this.open();
    const records = this.#adapter.list(prefix, { timeoutMs })[Symbol.asyncIterator]();
    try {
      for (;;) {
        const step = await this.#bounded(timeoutMs, records.next());
        if (step.done) return;
        yield step.value;
      }
    } finally {
      // Not awaited: a step that has no answer would hold up its end for ever.
      records.return?.().catch(() => {});
    }
  }

  async #timed<Reply extends { storeTimeMs: number }>(
    timeoutMs: number,
    call: () => Promise<Reply>,
  ): Promise<Answer<Reply>> {
    if (!this.#isOpen) await this.open();
    const sentAt = this.#clock.now();
    const reply = await this.#bounded(timeoutMs, call());
    this.#offsetMs = reply.storeTimeMs - this.#clock.now();
    return { reply, sentAt };
  }

  /** A late reply finds nobody: its commit is recognised by its seq (rule 7). */
  async #bounded<Result>(timeoutMs: number, call: Promise<Result>): Promise<Result> {
    try {
      const result = await this.#deadlines.limit(call, timeoutMs, () => late(timeoutMs));
      this.#state = "up";
      return result;
    } catch (error) {
      this.#state = error instanceof StoreRejectedError ? "up" : "down";
      throw asStoreError(error);
    }
  }
}

function late(timeoutMs: number): StoreUnavailableError {
  const message = `The store did not answer within ${Math.round(timeoutMs)} ms.`;
  return new StoreUnavailableError(message, { outcome: "unknown" });
}

/** What an adapter throws that is no error of ours leaves the outcome open. */
function asStoreError(error: unknown): SessionError {
  if (error instanceof SessionError) return error;
  const reason = error instanceof Error ? error.message : String(error);
  return new StoreUnavailableError(`The store's adapter failed: ${reason}`, {
    outcome: "unknown",
    cause: error,
  });
}
