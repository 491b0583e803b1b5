/**
 * The way to the store: every call ends within the command timeout, whatever the client does, and every
 * reply tells the store's time.
 *
 * @module
 */

import type { Clock } from "./clock.ts";
import { Deadlines } from "./deadlines.ts";
import { SessionError, StoreRejectedError, StoreUnavailableError } from "./errors.ts";
import { MemoryWatch } from "./memory_watch.ts";
import type { ObservedCommand, StoreCommand } from "./observer.ts";
import type { Observers } from "./observers.ts";
import type { Random } from "./random.ts";
import type {
  CommitBatch,
  CommitReply,
  HealReply,
  HealRequest,
  Holder,
  InboxListener,
  ListedRecord,
  LoadReply,
  LoadRequest,
  StorageAdapter,
  StoreInfo,
} from "./storage_adapter.ts";
import { type HealthState, StoreHealth } from "./store_health.ts";

/** A reply, and when its command was sent by the pod's clock. */
export interface Answer<Reply> {
  readonly reply: Reply;
  readonly sentAt: number;
}

/** What a {@linkcode StoreLink} works with. */
export interface LinkOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** Longest wait for a heartbeat, and for opening. */
  readonly timeoutMs: number;
  /** The key that this pod counts up. */
  readonly podKey: string;
  /** How long it outlives the pod: as long as a tombstone (rule 13). */
  readonly keepMs: number;
  /** Who hears of each command. */
  readonly observers: Observers;
  /** Whose record a key is, for them. */
  readonly tenantOf: (key: string) => string | undefined;
}

/** A command, as it is told of when it ends. */
interface Sending {
  readonly command: StoreCommand;
  /** The key that it is about, or the prefix. */
  readonly key?: string;
  readonly records?: number;
}

/** What is heard of the store as a whole. */
export interface LinkListener {
  /** It went away, or came back. */
  onHealth(state: HealthState, cause: unknown): void;
  /** It lost its memory, or may have (rule 13). */
  onLoss(): void;
  /** It is open. */
  onOpen(): void;
  /** It refused to be opened. */
  onRefusal(error: StoreRejectedError): void;
}

/** One pod's link to its store. */
export class StoreLink {
  readonly #adapter: StorageAdapter;
  readonly #options: LinkOptions;
  readonly #listener: LinkListener;
  readonly #clock: Clock;
  readonly #deadlines: Deadlines;
  readonly #health: StoreHealth;
  readonly #memory: MemoryWatch;
  #opening: Promise<StoreInfo> | undefined;
  #beating: Promise<void> | undefined;
  #isOpen = false;
  #era = 1;
  /** The store's time minus the pod's, at least: a reply is older than its arrival. */
  #offsetMs: number | undefined;

  constructor(adapter: StorageAdapter, options: LinkOptions, listener: LinkListener) {
    const { clock, random, keepMs } = options;
    this.#adapter = adapter;
    this.#options = options;
    this.#listener = listener;
    this.#clock = clock;
    this.#deadlines = new Deadlines(clock);
    this.#memory = new MemoryWatch(keepMs);
    this.#health = new StoreHealth({
      clock,
      random,
      patienceMs: options.timeoutMs / 2,
      probe: () => this.#probe(),
      onChange: (state, cause) => listener.onHealth(state, cause),
    });
  }

  /** `down` while the breaker is open: no call waits for the store then. */
  get state(): HealthState {
    return this.#health.state;
  }

  get isUp(): boolean {
    return this.#health.state === "up";
  }

  /** Counts the store's memories, as far as this pod noticed. */
  get era(): number {
    return this.#era;
  }

  /** Whether no loss of memory escapes {@linkcode checkMemory}. */
  get namesMemory(): boolean {
    return this.#memory.hasEpoch;
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

  /** Takes the store for away from now on, until a probe finds it. */
  giveUp(cause: unknown): void {
    this.#health.open(cause);
  }

  /** Ends the heartbeats. */
  stop(): void {
    this.#health.stop();
  }

  /**
   * Asks now whether the store still has its memory; whether it lost it is told by the era. Those who ask at the same
   * time share one heartbeat.
   */
  checkMemory(): Promise<void> {
    return this.#beating ??= this.#beat().finally(() => this.#beating = undefined);
  }

  async #open(): Promise<StoreInfo> {
    await this.#adapter.prepare?.();
    const { timeoutMs, podKey } = this.#options;
    const info = await this.#bounded(
      { command: "open" },
      timeoutMs,
      this.#adapter.open({ timeoutMs, podKey }),
    );
    // Rule 13: whatever is acknowledged from now on is of this memory, or of a later one.
    await this.checkMemory();
    this.#isOpen = true;
    this.#health.start();
    this.#listener.onOpen();
    return info;
  }

  async #probe(): Promise<void> {
    if (!this.#isOpen) {
      try {
        await this.open();
      } catch (error) {
        if (!(error instanceof StoreRejectedError)) throw error;
        this.#listener.onRefusal(error);
        throw new StoreUnavailableError(error.message, { outcome: "not-applied", cause: error });
      }
    }
    await this.checkMemory();
  }

  async #beat(): Promise<void> {
    const { timeoutMs, podKey, keepMs } = this.#options;
    const sentAt = this.#clock.now();
    if (!this.#adapter.heartbeat) {
      const call = this.#adapter.load(podKey, { tombstoneMs: keepMs }, { timeoutMs });
      return this.#hearTime(await this.#bounded({ command: "heartbeat" }, timeoutMs, call));
    }
    const call = this.#adapter.heartbeat({ timeoutMs, podKey, keepMs });
    const reply = await this.#bounded({ command: "heartbeat" }, timeoutMs, call);
    this.#hearTime(reply);
    if (!this.#memory.take(reply, sentAt)) return;
    this.#era++;
    this.#listener.onLoss();
  }

  /** Listens to a pod's inbox; undefined where the store has no such channel. */
  async subscribe(
    holder: Holder,
    listener: InboxListener,
  ): Promise<(() => Promise<void>) | undefined> {
    await this.#admit();
    return await this.#adapter.subscribe?.(holder, listener);
  }

  commit(key: string, batch: CommitBatch, timeoutMs: number): Promise<Answer<CommitReply>> {
    return this.#timed(
      { command: "commit", key },
      timeoutMs,
      () => this.#adapter.commit(key, batch, { timeoutMs }),
    );
  }

  load(key: string, request: LoadRequest, timeoutMs: number): Promise<Answer<LoadReply>> {
    return this.#timed(
      { command: "load", key },
      timeoutMs,
      () => this.#adapter.load(key, request, { timeoutMs }),
    );
  }

  /** Whether copies can be put back. */
  get heals(): boolean {
    return this.#adapter.heal !== undefined;
  }

  heal(key: string, request: HealRequest, timeoutMs: number): Promise<Answer<HealReply>> {
    return this.#timed(
      { command: "heal", key },
      timeoutMs,
      () => this.#adapter.heal!(key, request, { timeoutMs }),
    );
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
    await this.#admit();
    const era = this.#era;
    const sentAt = this.#clock.now();
    const call = this.#adapter.loadMany!(keys, request, { timeoutMs });
    const sending: Sending = { command: "loadMany", key: keys[0]!, records: keys.length };
    const replies = await this.#bounded(sending, timeoutMs, call);
    if (era !== this.#era) throw forgotten();
    const last = replies.at(-1);
    if (last) this.#hearTime(last);
    return { replies, sentAt };
  }

  /** A listing, of which each step ends within the timeout. */
  async *list(prefix: string, timeoutMs: number): AsyncGenerator<ListedRecord> {
    await this.#admit();
    const sending: Sending = { command: "list", key: prefix };
    const records = this.#adapter.list(prefix, { timeoutMs })[Symbol.asyncIterator]();
    try {
      for (;;) {
        const step = await this.#bounded(sending, timeoutMs, records.next());
        if (step.done) return;
        yield step.value;
      }
    } finally {
      // Not awaited: a step that has no answer would hold up its end for ever.
      records.return?.().catch(() => {});
    }
  }

  async #timed<Reply extends { storeTimeMs: number; isTimeBound?: boolean }>(
    sending: Sending,
    timeoutMs: number,
    call: () => Promise<Reply>,
  ): Promise<Answer<Reply>> {
    if (!this.#isOpen || !this.isUp) await this.#admit();
    const era = this.#era;
    const sentAt = this.#clock.now();
    const reply = await this.#bounded(sending, timeoutMs, call(), sentAt);
    // Rule 14: a reply from before the loss is void.
    if (era !== this.#era) throw forgotten();
    this.#hearTime(reply);
    return { reply, sentAt };
  }

  /** Lets a command through, or refuses it at once. */
  async #admit(): Promise<void> {
    if (!this.isUp) {
      const message = "The store is away; nothing was sent.";
      throw new StoreUnavailableError(message, { outcome: "not-applied" });
    }
    if (!this.#isOpen) await this.open();
  }

  #hearTime(reply: { storeTimeMs: number; isTimeBound?: boolean }): void {
    if (reply.isTimeBound) return;
    this.#offsetMs = reply.storeTimeMs - this.#clock.now();
  }

  /** A late reply finds nobody: its commit is recognised by its seq (rule 7). */
  #bounded<Result>(
    sending: Sending,
    timeoutMs: number,
    call: Promise<Result>,
    sentAt = this.#clock.now(),
  ): Promise<Result> {
    const { observers } = this.#options;
    const late = () => tooLate(timeoutMs);
    return this.#deadlines.limit(call, timeoutMs, late, sentAt).then((result) => {
      this.#health.answered();
      if (observers.hearCommands) {
        this.#tell(sending, sentAt, { outcome: "ok", ...replyOf(result) });
      }
      return result;
    }, (error) => {
      if (error instanceof StoreRejectedError) this.#health.answered();
      else this.#health.failed(error, { sentAt, isTimeout: this.#isLong(sentAt, timeoutMs) });
      const known = asStoreError(error);
      const outcome = known instanceof StoreUnavailableError ? "unavailable" : "rejected";
      if (observers.hearCommands) this.#tell(sending, sentAt, { outcome, code: known.code });
      throw known;
    });
  }

  #tell(
    { command, key, records }: Sending,
    sentAt: number,
    end: Pick<ObservedCommand, "outcome" | "code" | "reply">,
  ): void {
    const { observers, tenantOf } = this.#options;
    const tenant = key === undefined ? undefined : tenantOf(key);
    const tookMs = this.#clock.now() - sentAt;
    observers.tellCommand({ command, tenant, tookMs, ...end, ...(records && { records }) });
  }

  /**
   * Whether a command waited as one does that has no answer, be it the adapter or its client who ended the wait. A
   * last try with little time left tells nothing.
   */
  #isLong(sentAt: number, timeoutMs: number): boolean {
    return Math.min(timeoutMs, this.#clock.now() - sentAt) >= this.#options.timeoutMs / 2;
  }
}

function replyOf(result: unknown): { reply?: string } {
  const { outcome } = (result ?? {}) as { outcome?: string };
  return outcome === undefined ? {} : { reply: outcome };
}

function tooLate(timeoutMs: number): StoreUnavailableError {
  const message = `The store did not answer within ${Math.round(timeoutMs)} ms.`;
  return new StoreUnavailableError(message, { outcome: "unknown" });
}

function forgotten(): StoreUnavailableError {
  const message = "The store lost its memory while the command was under way.";
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
