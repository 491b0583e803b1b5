/**
 * Pods on one store in memory, on a clock that the test moves, over links that the test can hold up or cut.
 *
 * @module
 */

import { memoryAdapter, MemoryStore } from "../../adapters/memory.ts";
import { VirtualClock } from "../../chaos/virtual_clock.ts";
import {
  BaseSessionManager,
  type CallOptions,
  type CommitBatch,
  type CommitReply,
  type HealReply,
  type HealRequest,
  type HeartbeatOptions,
  type HeartbeatReply,
  type Holder,
  type InboxListener,
  type JournalStore,
  type ListedRecord,
  type LoadReply,
  type LoadRequest,
  type ManagerOptions,
  type StorageAdapter,
  type StoreInfo,
  StoreUnavailableError,
  type TenantSessions,
} from "../../mod.ts";

/** Which command a test wants to get hold of. */
export type CommandKind = "commit" | "load" | "heal" | "heartbeat";

/** A command under way. */
export interface HeldCommand {
  /** Resolves when it has arrived at the point where it is held. */
  readonly arrived: Promise<void>;
  /** Lets it go on. */
  release(): void;
}

type Wire = <Reply>(execute: () => Promise<Reply>) => Promise<Reply>;

/** An adapter whose next commands do what the test says. */
export class Link implements StorageAdapter {
  readonly name = "link";
  /** Every batch that was sent. */
  readonly sent: CommitBatch[] = [];
  /** What was asked of the store's sessions, one by one. */
  readonly requests: LoadRequest[] = [];
  /** Number of loads sent. */
  loads = 0;
  readonly #inner: StorageAdapter;
  readonly #plans: Record<CommandKind, Wire[]> = {
    commit: [],
    load: [],
    heal: [],
    heartbeat: [],
  };
  #frozen: Promise<void> | undefined;
  #isRefused = false;

  constructor(inner: StorageAdapter) {
    this.#inner = inner;
  }

  /** The next command of a kind waits before it is executed, or before its reply comes back. */
  hold(kind: CommandKind, point: "request" | "reply"): HeldCommand {
    const arrived = Promise.withResolvers<void>();
    const released = Promise.withResolvers<void>();
    this.#plans[kind].push(async (execute) => {
      const reply = point === "reply" ? await execute() : undefined;
      arrived.resolve();
      await released.promise;
      return reply ?? await execute();
    });
    return { arrived: arrived.promise, release: released.resolve };
  }

  /** The next command of a kind is cut: its request is lost, or its reply. */
  cut(kind: CommandKind, lost: "request" | "reply", outcome: "not-applied" | "unknown"): void {
    this.#plans[kind].push(async (execute) => {
      if (lost === "reply") await execute();
      throw new StoreUnavailableError("The link was cut.", { outcome });
    });
  }

  /** The next command of a kind does what `wire` says. */
  next(kind: CommandKind, wire: Wire): void {
    this.#plans[kind].push(wire);
  }

  /** Nothing is executed until the answer is called; then everything is. */
  freeze(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#frozen = promise;
    return () => {
      this.#frozen = undefined;
      resolve();
    };
  }

  /** Nothing is taken, and that is told at once, until the answer is called. */
  refuse(): () => void {
    this.#isRefused = true;
    return () => void (this.#isRefused = false);
  }

  async open(): Promise<StoreInfo> {
    this.#admit();
    return await this.#inner.open({ timeoutMs: 1_000, podKey: "" });
  }

  commit(key: string, batch: CommitBatch, options: CallOptions): Promise<CommitReply> {
    this.sent.push(batch);
    return this.#send("commit", () => this.#inner.commit(key, batch, options));
  }

  load(key: string, request: LoadRequest, options: CallOptions): Promise<LoadReply> {
    this.requests.push(request);
    this.loads++;
    return this.#send("load", () => this.#inner.load(key, request, options));
  }

  /** Reads in one go, as one command of the kind `load`. */
  loadMany(
    keys: readonly string[],
    request: Pick<LoadRequest, "tombstoneMs">,
    options: CallOptions,
  ): Promise<LoadReply[]> {
    this.loads++;
    return this.#send(
      "load",
      () => Promise.all(keys.map((key) => this.#inner.load(key, request, options))),
    );
  }

  heal(key: string, request: HealRequest, options: CallOptions): Promise<HealReply> {
    return this.#send("heal", () => this.#inner.heal!(key, request, options));
  }

  heartbeat(options: HeartbeatOptions): Promise<HeartbeatReply> {
    return this.#send("heartbeat", () => this.#inner.heartbeat!(options));
  }

  list(prefix: string, options: CallOptions): AsyncIterable<ListedRecord> {
    return this.#inner.list(prefix, options);
  }

  subscribe(holder: Holder, listener: InboxListener): Promise<() => Promise<void>> {
    return this.#inner.subscribe!(holder, listener);
  }

  close(): Promise<void> {
    return this.#inner.close();
  }

  async #send<Reply>(kind: CommandKind, execute: () => Promise<Reply>): Promise<Reply> {
    this.#admit();
    const wire = this.#plans[kind].shift();
    await this.#frozen;
    return await (wire ? wire(execute) : execute());
  }

  #admit(): void {
    if (!this.#isRefused) return;
    throw new StoreUnavailableError("The connection was refused.", { outcome: "not-applied" });
  }
}

/** A manager, its link, and its handle for the tenant `acme`. */
export interface TestPod extends AsyncDisposable {
  readonly manager: BaseSessionManager;
  readonly link: Link;
  readonly acme: TenantSessions;
}

/** Where pods live. */
export class World {
  readonly clock = new VirtualClock();
  /** How far the store's clock is ahead of everybody's. */
  storeAheadMs = 0;
  readonly store = new MemoryStore({
    clock: {
      now: () => this.clock.now() + this.storeAheadMs,
      after: (delayMs, callback) => this.clock.after(delayMs, callback),
    },
  });

  /**
   * A new pod. It does not hear of other pods' commits unless `hears` is set. With `place` its journal outlives it
   * there.
   */
  pod(
    options: Partial<ManagerOptions> & { hears?: boolean; place?: JournalStore } = {},
  ): TestPod {
    const { hears = false, place, ...rest } = options;
    const inner = memoryAdapter({ store: this.store });
    if (!hears) inner.subscribe = () => Promise.resolve(() => Promise.resolve());
    const link = new Link(inner);
    const journal = place ? { ...rest.journal, path: "in memory" } : rest.journal;
    const manager = new BaseSessionManager({
      adapter: link,
      clock: this.clock,
      ...rest,
      ...(journal && { journal }),
    }, () => Promise.resolve(place!));
    return {
      manager,
      link,
      acme: manager.tenant("acme"),
      [Symbol.asyncDispose]: () => manager.close(),
    };
  }

  /** Moves the clock on while `promise` is pending, by small steps. */
  async during<Result>(promise: Promise<Result>, limitMs = 60_000): Promise<Result> {
    let done = false;
    promise.then(() => done = true, () => done = true);
    if (!await this.clock.advanceUntil(() => done, limitMs)) {
      throw new Error(`Still pending after ${limitMs} ms of the test's clock.`);
    }
    return await promise;
  }
}
