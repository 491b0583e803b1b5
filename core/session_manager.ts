/**
 * The manager: one pod's door to the sessions of all tenants.
 *
 * @module
 */

import { within } from "./clock.ts";
import { ConfigError, StoreUnavailableError } from "./errors.ts";
import type { SessionEvents } from "./events.ts";
import { Lanes } from "./lanes.ts";
import { type ManagerOptions, resolveOptions } from "./options.ts";
import { Pod } from "./pod.ts";
import type { AnyContext } from "./session.ts";
import type { StorageAdapter, StoreInfo } from "./storage_adapter.ts";
import { TenantSessions } from "./tenant_sessions.ts";
import { checkTenant } from "./validation.ts";

/** How things stand. */
export interface ManagerStatus {
  /** `down` when the last call to the store had no answer. */
  readonly store: "up" | "down" | "recovering";
  /** Sessions with writes that the store does not have yet. */
  readonly journaled: number;
  /** Sessions held in memory. */
  readonly cached: number;
  /** Sessions with calls under way. */
  readonly active: number;
}

/** Options of {@linkcode BaseSessionManager.flush}. */
export interface FlushOptions {
  /** Longest wait, in milliseconds. @default no limit */
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
  #closing: Promise<void> | undefined;

  /**
   * Makes a manager on an adapter; nothing is sent yet.
   *
   * @throws ConfigError when an option is unknown, or out of range
   */
  constructor(options: ManagerOptions<Context>) {
    const { adapter, ...rest } = options;
    checkAdapter(adapter);
    const settings = resolveOptions(rest);
    this.#adapter = adapter;
    this.#pod = new Pod(settings, adapter);
    this.#lanes = new Lanes(this.#pod);
    if (settings.idSecret === undefined) {
      this.#pod.events.emit("warning", {
        code: "NO_ID_SECRET",
        message: "Without idSecret, ids are hidden by plain SHA-256: who can read the store can " +
          "find short or guessable ids. Set idSecret to 32 random bytes, the same on every pod.",
      });
    }
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
    return new TenantSessions(checkTenant(name), this.#pod, this.#lanes);
  }

  /**
   * Connects to the store, and proves that it can be written to. `SessionManager.open` calls it; otherwise the
   * first call does.
   */
  connect(): Promise<StoreInfo> {
    return this.#pod.link.open();
  }

  /** Forgets every copy in memory: what a pod's death does. The store is not touched. */
  clearCache(): void {
    this.#pod.cache.clear();
  }

  /**
   * Resolves when no write is queued or under way.
   *
   * @throws StoreUnavailableError when it takes longer than `timeoutMs`
   */
  async flush(options: FlushOptions = {}): Promise<void> {
    const settled = this.#lanes.settled();
    if (options.timeoutMs === undefined) return await settled;
    const { clock } = this.#pod.settings;
    const late = Symbol();
    if (await within(clock, options.timeoutMs, settled, late) === late) {
      throw new StoreUnavailableError(
        `Writes are still under way after ${options.timeoutMs} ms.`,
        { outcome: "unknown" },
      );
    }
  }

  /** How things stand now. */
  status(): ManagerStatus {
    const { link, cache } = this.#pod;
    return { store: link.state, journaled: 0, cached: cache.size, active: this.#lanes.active };
  }

  /** Adds a listener for an event; the answer removes it. */
  on<Name extends keyof SessionEvents>(
    name: Name,
    listener: (payload: SessionEvents[Name]) => void,
  ): () => void {
    return this.#pod.events.on(name, listener);
  }

  /**
   * Takes no more calls, lets those under way end, and closes what the adapter opened itself; a client that was
   * handed in stays open. Each step ends within the command timeout, whatever the store does.
   */
  close(): Promise<void> {
    return this.#closing ??= this.#close();
  }

  /** Lets `await using` close the manager. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    const { clock, commandTimeoutMs } = this.#pod.settings;
    this.#lanes.refuseCalls();
    await this.#lanes.settled();
    for (const step of [this.#lanes.unsubscribe(), this.#adapter.close()]) {
      await within(clock, commandTimeoutMs, step, undefined);
    }
    this.#pod.cache.clear();
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
