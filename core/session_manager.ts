/**
 * The manager: one pod's door to the sessions of all tenants.
 *
 * @module
 */

import type { AuditSettings } from "./audit.ts";
import { LineHash } from "./audit_chain.ts";
import { type AuditAt, FunctionLog } from "./audit_log.ts";
import { AuditTrail } from "./audit_trail.ts";
import { delay, within } from "./clock.ts";
import { ConfigError, StoreUnavailableError, UnkeptWritesError } from "./errors.ts";
import type { SessionEvents } from "./events.ts";
import type { JournalAt } from "./journal_store.ts";
import { Lanes } from "./lanes.ts";
import type { HitCounts, Observer } from "./observer.ts";
import { type ManagerOptions, resolveOptions } from "./options.ts";
import { Pod } from "./pod.ts";
import { Reconciler } from "./reconciler.ts";
import { RolloutSessions } from "./rollout_sessions.ts";
import type { AnyContext } from "./session.ts";
import type { StorageAdapter, StoreInfo } from "./storage_adapter.ts";
import type { HealthState } from "./store_health.ts";
import { takeOver } from "./takeover.ts";
import { TenantSessions } from "./tenant_sessions.ts";
import { checkTenant } from "./validation.ts";

/** How often a flush looks whether the journal is empty. */
const FLUSH_POLL_MS = 10;

/** How things stand. */
export interface ManagerStatus {
  /** `down` while no call is sent to it, `recovering` while it is back and not everything journaled is in it. */
  readonly store: "up" | "down" | "recovering";
  /** Sessions with writes that the store does not have yet. */
  readonly journaled: number;
  /** What these writes take in memory, counted roughly. */
  readonly journaledBytes: number;
  /** What they may take: `journal.maxBytes`. */
  readonly journaledMaxBytes: number;
  /** Sessions held in memory. */
  readonly cached: number;
  /** What they take in memory, counted roughly. */
  readonly cachedBytes: number;
  /** Sessions with calls under way. */
  readonly active: number;
}

/** Options of {@linkcode BaseSessionManager.flush}. */
export interface FlushOptions {
  /** Longest wait, in milliseconds. @default no limit */
  readonly timeoutMs?: number;
}

/** Options of {@linkcode BaseSessionManager.close}. */
export interface CloseOptions {
  /** How long journaled writes may take to reach the store, in milliseconds. @default twice `commandTimeoutMs` */
  readonly timeoutMs?: number;
}

/**
 * A manager whose adapter is given. `SessionManager` adds opening one by the name of a backend.
 *
 * @example With an adapter of one's own making
 * ```ts
 * import { SessionManager } from "@hakgal/sessions";
 * import { memoryAdapter } from "@hakgal/sessions/adapters/memory";
 *
 * await using manager = new SessionManager({ adapter: memoryAdapter(), ttlMs: 60_000 });
 * const acme = manager.tenant("acme");
 * await acme.getOrCreate("user-42");
 * console.assert(await acme.increment("user-42", "tx_count_1h") === 1);
 * ```
 */
export class BaseSessionManager<Context extends object = AnyContext> {
  readonly #pod: Pod<Context>;
  readonly #adapter: StorageAdapter;
  readonly #lanes: Lanes<Context>;
  readonly #reconciler: Reconciler<Context>;
  readonly #prepared: Promise<void>;
  readonly #audit: AuditTrail | undefined;
  #closing: Promise<void> | undefined;

  /**
   * Makes a manager on an adapter; nothing is sent yet. `journalAt` makes a place for a journal that outlives the process,
   * `auditAt` one for audit lines.
   *
   * @throws ConfigError when an option is unknown, or out of range
   */
  constructor(options: ManagerOptions<Context>, journalAt?: JournalAt, auditAt?: AuditAt) {
    const { adapter, ...rest } = options;
    checkAdapter(adapter);
    const settings = resolveOptions(rest);
    this.#adapter = adapter;
    this.#pod = new Pod(settings, adapter, {
      onHealth: (state, cause) => this.#onHealth(state, cause),
      onLoss: () => this.#onLoss(),
      onOpen: () => this.#reconciler.start(),
      onRefusal: (error) => this.#warn(error.code, error.message),
    });
    this.#lanes = new Lanes(this.#pod);
    this.#reconciler = new Reconciler(this.#pod, this.#lanes);
    this.#prepared = this.#takeOverJournal(journalAt);
    this.#audit = settings.audit && this.#startAudit(settings.audit, auditAt);
    if (settings.idSecret === undefined) {
      this.#warn(
        "NO_ID_SECRET",
        "Without idSecret, ids are hidden by plain SHA-256: who can read the store can find short or guessable ids. " +
          "Set idSecret to 32 random bytes, the same on every pod.",
      );
    }
  }

  /** The backend's name, as its adapter has it, e.g. `ioredis`. */
  get backend(): string {
    return this.#adapter.name;
  }

  /** This pod's random id. */
  get podId(): string {
    return this.#pod.writer;
  }

  /**
   * The sessions of one tenant.
   *
   * @throws InvalidInputError unless the name is 1 to 64 characters out of `A-Z a-z 0-9 _ . -`
   */
  tenant(name: string): TenantSessions<Context> {
    const { rollout } = this.#pod.settings;
    return rollout
      ? new RolloutSessions(checkTenant(name), this.#pod, this.#lanes, rollout)
      : new TenantSessions(checkTenant(name), this.#pod, this.#lanes);
  }

  /**
   * Connects to the store, and proves that it can be written to. `SessionManager.open` calls it; otherwise the
   * first call does. Where `failMode` is `open` a store that is away is no error: the answer is undefined then, with a
   * warning, and the store is looked for from then on.
   *
   * @throws StoreRejectedError when the store refuses: wrong password, missing permission, read-only replica
   */
  async connect(): Promise<StoreInfo | undefined> {
    await this.#prepared;
    await this.#audit?.open();
    try {
      return await this.#pod.link.open();
    } catch (error) {
      const isAway = error instanceof StoreUnavailableError;
      if (!isAway || this.#pod.settings.failMode === "closed") throw error;
      this.#pod.link.giveUp(error);
      this.#warn("STORE_AWAY", `The store could not be reached when opening. ${error.message}`);
      return undefined;
    }
  }

  /** Forgets every copy in memory: what a pod's death does. The store is not touched. */
  clearCache(): void {
    this.#pod.cache.clear();
  }

  /**
   * Resolves when no write is queued, under way or journaled.
   *
   * @throws UnkeptWritesError when accepted writes could not be kept since the last flush, or are still in this
   * process's journal after `timeoutMs`; its `writes` name them
   * @throws StoreUnavailableError when calls, or writes in a durable journal, wait for longer than `timeoutMs`
   */
  async flush(options: FlushOptions = {}): Promise<void> {
    const limitMs = options.timeoutMs ?? Infinity;
    const isDone = await this.#settledWithin(limitMs);
    const unkept = this.#pod.journal.takeUnkept();
    if (!isDone && !this.#pod.journal.isDurable) unkept.push(...this.#pod.journal.waiting());
    if (unkept.length > 0) throw new UnkeptWritesError(unkept);
    if (isDone) return;
    throw new StoreUnavailableError(`Writes are still under way after ${limitMs} ms.`, {
      outcome: "unknown",
    });
  }

  /** How things stand now. */
  status(): ManagerStatus {
    const { link, cache, journal } = this.#pod;
    const isRecovering = link.isUp && this.#reconciler.isRecovering;
    return {
      store: isRecovering ? "recovering" : link.state,
      journaled: journal.size,
      journaledBytes: journal.bytes,
      journaledMaxBytes: this.#pod.settings.journal.maxBytes,
      cached: cache.size,
      cachedBytes: cache.bytes,
      active: this.#lanes.active,
    };
  }

  /** How often each event was told since the manager was made; for metrics. */
  eventCounts(): Partial<Record<keyof SessionEvents, number>> {
    return this.#pod.events.counts();
  }

  /** How many reads memory answered at once since the manager was made; for metrics. */
  hitCounts(): HitCounts {
    return { ...this.#pod.observers.hits };
  }

  /**
   * Adds somebody who is told of every call and every command to the store, whatever handles were made before; the answer removes
   * it. What metrics, traces and an audit log are built on.
   *
   * @example
   * ```ts
   * import { SessionManager } from "@hakgal/sessions";
   *
   * await using manager = await SessionManager.open({ backend: "memory" });
   * const ended: string[] = [];
   * manager.observe({
   *   call: ({ operation }) => ({ outcome, tookMs }) => ended.push(`${operation} ${outcome} ${tookMs >= 0}`),
   * });
   * await manager.tenant("acme").getOrCreate("user-42");
   * console.assert(ended[0] === "getOrCreate ok true");
   * ```
   */
  observe(observer: Observer): () => void {
    return this.#pod.observers.add(observer);
  }

  /** Adds a listener for an event; the answer removes it. */
  on<Name extends keyof SessionEvents>(
    name: Name,
    listener: (payload: SessionEvents[Name]) => void,
  ): () => void {
    return this.#pod.events.on(name, listener);
  }

  /**
   * Takes no more calls, lets those under way end, drains what is journaled for as long as `timeoutMs`, and closes what
   * the adapter opened itself; a client that was handed in stays open. Each step ends within its time, whatever the
   * store does.
   *
   * @throws UnkeptWritesError when accepted writes are not in the store, and in no durable journal either. The manager
   * is closed all the same.
   */
  close(options: CloseOptions = {}): Promise<void> {
    return this.#closing ??= this.#close(options);
  }

  /** Lets `await using` close the manager. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close({ timeoutMs }: CloseOptions): Promise<void> {
    const { clock, commandTimeoutMs } = this.#pod.settings;
    this.#lanes.refuseCalls();
    await this.#settledWithin(timeoutMs ?? 2 * commandTimeoutMs);
    this.#reconciler.stop();
    this.#pod.link.stop();
    await this.#lanes.settled();
    const { journal } = this.#pod;
    const unkept = [...journal.takeUnkept(), ...(journal.isDurable ? [] : journal.waiting())];
    for (const step of [this.#lanes.unsubscribe(), this.#adapter.close(), journal.close()]) {
      await within(clock, commandTimeoutMs, step, undefined);
    }
    await this.#audit?.close(commandTimeoutMs);
    this.#pod.cache.clear();
    if (unkept.length > 0) throw new UnkeptWritesError(unkept);
  }

  /** Whether nothing was queued, under way or journaled any more before the limit. */
  async #settledWithin(limitMs: number): Promise<boolean> {
    const { clock } = this.#pod.settings;
    const endsAt = clock.now() + limitMs;
    for (;;) {
      const leftMs = Math.max(0, endsAt - clock.now());
      const settled = this.#lanes.settled().then(() => true);
      const isSettled = leftMs === Infinity
        ? await settled
        : await within(clock, leftMs, settled, false);
      if (!isSettled) return false;
      if (this.#pod.journal.size === 0) return true;
      if (leftMs === 0) return false;
      this.#reconciler.start();
      await delay(clock, Math.min(leftMs, FLUSH_POLL_MS));
    }
  }

  /** A sink that fails from the start is told by `connect`; calls that do not wait for that go on. */
  #startAudit(settings: AuditSettings, auditAt: AuditAt | undefined): AuditTrail {
    const { sink, maxFileBytes } = settings;
    if (typeof sink === "string" && !auditAt) {
      throw new ConfigError("audit.sink", "This manager writes no files: use SessionManager.");
    }
    const { writer: pod, events, settings: { clock, idSecret } } = this.#pod;
    const makeLog = typeof sink === "string"
      ? () => auditAt!(sink, { maxFileBytes })
      : () => new FunctionLog(sink);
    const trail = new AuditTrail(settings, makeLog, new LineHash(idSecret), { pod, clock, events });
    this.observe(trail.observer);
    trail.open().catch(() => {});
    return trail;
  }

  #takeOverJournal(journalAt?: JournalAt): Promise<void> {
    const { path } = this.#pod.settings.journal;
    if (path === undefined) return Promise.resolve();
    if (!journalAt) {
      throw new ConfigError(
        "journal.path",
        "This manager keeps no journal on disk: use SessionManager.",
      );
    }
    const preparing = this.#takeOverFrom(journalAt, path);
    this.#lanes.prepare(preparing);
    return preparing;
  }

  async #takeOverFrom(journalAt: JournalAt, path: string): Promise<void> {
    await takeOver(this.#pod, await journalAt(path));
  }

  #onHealth(state: HealthState, cause: unknown): void {
    if (state === "up") return this.#reconciler.start();
    this.#reconciler.pause();
    const reason = cause instanceof Error ? cause.message : "unknown";
    this.#pod.events.emit("degraded", { reason });
  }

  #onLoss(): void {
    this.#pod.events.emit("memoryLost", {});
    this.#reconciler.start();
  }

  #warn(code: string, message: string): void {
    this.#pod.events.emit("warning", { code, message });
  }
}

function checkAdapter(adapter: StorageAdapter): void {
  const complete = ["open", "commit", "load", "list", "close"].every((name) =>
    typeof (adapter as unknown as Record<string, unknown> | undefined)?.[name] === "function"
  );
  if (!complete) {
    throw new ConfigError(
      "adapter",
      `"adapter" is a StorageAdapter, e.g. memoryAdapter(); or use SessionManager.open({ backend }).`,
    );
  }
}
