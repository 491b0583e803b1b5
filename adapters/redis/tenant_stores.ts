/**
 * A store of the Redis family in which each tenant's sessions go over connections that are logged in as that tenant,
 * so that the server keeps tenants apart. Connections are kept for those tenants that were used last.
 *
 * @module
 */

import { systemClock, type Timer } from "../../core/clock.ts";
import { StoreUnavailableError } from "../../core/errors.ts";
import type {
  AdapterOpenOptions,
  CallOptions,
  CommitBatch,
  CommitReply,
  HealReply,
  HealRequest,
  HeartbeatOptions,
  HeartbeatReply,
  Holder,
  InboxListener,
  ListedRecord,
  LoadReply,
  LoadRequest,
  StorageAdapter,
  StoreInfo,
} from "../../core/storage_adapter.ts";
import type { Credentials, CredentialsOf, TenantConnectionOptions } from "./options.ts";
import { Places } from "./places.ts";
import type { RedisStore } from "./store.ts";
import { keyBeside, tenantOfKey } from "./tenant_key.ts";
import { type Ear, notConnected, TenantLogin } from "./tenant_login.ts";

/** What a {@linkcode TenantStores} works with. */
export interface TenantStoresOptions extends Required<TenantConnectionOptions> {
  /** Heartbeats and listings go through it. */
  readonly manager: RedisStore;
  readonly credentialsOf: CredentialsOf;
  /** Makes connections of a user's own; nothing is connected yet. */
  readonly storeFor: (credentials: Credentials) => RedisStore;
  /** Longest wait for what has no time limit of its own, in milliseconds. */
  readonly connectTimeoutMs: number;
}

/** Of a call's time, how long a place is waited for, and how long to find out whether the store is there then. */
const PLACE_SHARE = 0.7;
const ASK_SHARE = 0.2;

/** A login that waits for a place, and how many wait for it. */
interface Arriving {
  callers: number;
  readonly login: Promise<TenantLogin>;
}

/** Routes each call by the tenant in its key. */
export class TenantStores implements StorageAdapter {
  readonly name: string;
  readonly #options: TenantStoresOptions;
  readonly #manager: RedisStore;
  readonly #places: Places;
  /** Those that take calls, the least recently used one first. */
  readonly #logins = new Map<string, TenantLogin>();
  /** Those that take no more calls, and end when the last one has ended. */
  readonly #leaving = new Set<TenantLogin>();
  readonly #arriving = new Map<string, Arriving>();
  readonly #ears = new Map<string, Set<Ear>>();
  #sweep: Timer | undefined;
  #isClosed = false;

  constructor(options: TenantStoresOptions) {
    this.name = options.manager.name;
    this.#options = options;
    this.#manager = options.manager;
    this.#places = new Places(options.max);
  }

  prepare(): Promise<void> {
    return this.#manager.prepare();
  }

  open(options: AdapterOpenOptions): Promise<StoreInfo> {
    return this.#manager.open(options);
  }

  heartbeat(options: HeartbeatOptions): Promise<HeartbeatReply> {
    return this.#manager.heartbeat(options);
  }

  list(prefix: string, options: CallOptions): AsyncIterable<ListedRecord> {
    return this.#manager.list(prefix, options);
  }

  commit(key: string, batch: CommitBatch, options: CallOptions): Promise<CommitReply> {
    return this.#as(key, options, (store) => store.commit(key, batch, options));
  }

  load(key: string, request: LoadRequest, options: CallOptions): Promise<LoadReply> {
    return this.#as(key, options, (store) => store.load(key, request, options));
  }

  heal(key: string, request: HealRequest, options: CallOptions): Promise<HealReply> {
    return this.#as(key, options, (store) => store.heal(key, request, options));
  }

  async loadMany(
    keys: readonly string[],
    request: Pick<LoadRequest, "tombstoneMs">,
    options: CallOptions,
  ): Promise<LoadReply[]> {
    const byTenant = new Map<string, string[]>();
    for (const key of keys) {
      const tenant = tenantOfKey(key);
      const own = byTenant.get(tenant) ?? [];
      byTenant.set(tenant, own);
      own.push(key);
    }
    const replies = new Map<string, LoadReply>();
    await Promise.all([...byTenant.values()].map(async (own) => {
      const found = await this.#as(
        own[0]!,
        options,
        (store) => store.loadMany(own, request, options),
      );
      for (const [index, key] of own.entries()) replies.set(key, found[index]!);
    }));
    return keys.map((key) => replies.get(key)!);
  }

  async subscribe(holder: Holder, listener: InboxListener): Promise<() => Promise<void>> {
    const key = keyBeside(holder.inboxPrefix);
    const ears = this.#earsOf(tenantOfKey(key));
    const ear: Ear = { holder, listener };
    const options = { timeoutMs: this.#options.connectTimeoutMs };
    await this.#as(key, options, async (store, login) => {
      await login.listen(store, ear);
      ears.add(ear);
    });
    // The server stops sending when the connection ends: UNSUBSCRIBE would be one more permission.
    return () => Promise.resolve(void ears.delete(ear));
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#sweep?.cancel();
    this.#places.refuseAll(closed());
    this.#ears.clear();
    const logins = [...this.#logins.values(), ...this.#leaving];
    this.#logins.clear();
    await Promise.all([this.#manager.close(), ...logins.map((login) => login.close())]);
  }

  /** Runs a call as the tenant whose key it is. */
  async #as<Value>(
    key: string,
    { timeoutMs }: CallOptions,
    call: (store: RedisStore, login: TenantLogin) => Promise<Value>,
  ): Promise<Value> {
    const login = await this.#hold(tenantOfKey(key), timeoutMs);
    try {
      return await login.run(key, timeoutMs, (store) => call(store, login));
    } finally {
      login.release();
      if (login.isSpent) this.#retire(login);
      else if (this.#leaving.has(login)) this.#endIfIdle(login);
    }
  }

  /** A tenant's login, which is not closed before it is released. */
  #hold(tenant: string, timeoutMs: number): Promise<TenantLogin> {
    if (this.#isClosed) return Promise.reject(closed());
    const login = this.#logins.get(tenant);
    if (login) {
      login.hold();
      this.#logins.delete(tenant);
      this.#logins.set(tenant, login);
      return Promise.resolve(login);
    }
    let arriving = this.#arriving.get(tenant);
    if (!arriving) {
      arriving = { callers: 0, login: this.#admit(tenant, timeoutMs) };
      this.#arriving.set(tenant, arriving);
    }
    arriving.callers++;
    return arriving.login;
  }

  /** A login once there is a place for it, held for each caller who waits for it. */
  async #admit(tenant: string, timeoutMs: number): Promise<TenantLogin> {
    const place = this.#places.take(timeoutMs * PLACE_SHARE, () => full(this.#options.max));
    this.#makeRoom();
    try {
      await place.catch(async (cause) => {
        // Where all wait for a store that is away, it is the store that is away.
        const isStoreThere = await this.#isStoreThere(timeoutMs * ASK_SHARE);
        throw isStoreThere ? notConnected(tenant, cause) : cause;
      });
      if (this.#isClosed) throw closed();
      const { credentialsOf, storeFor } = this.#options;
      const ears = this.#earsOf(tenant);
      const isStoreThere = (ms: number) => this.#isStoreThere(ms);
      const login = new TenantLogin(tenant, { credentialsOf, storeFor, isStoreThere, ears });
      for (let left = this.#arriving.get(tenant)!.callers; left > 0; left--) login.hold();
      this.#logins.set(tenant, login);
      return login;
    } finally {
      this.#arriving.delete(tenant);
      this.#makeRoom();
      this.#scheduleSweep();
    }
  }

  /** As many leave as wait for a place: those that are idle first, and of these the least recently used. */
  #makeRoom(): void {
    while (this.#leaving.size < this.#places.waiting && this.#logins.size > 0) {
      const all = [...this.#logins.values()];
      this.#retire(all.find((login) => login.isIdle) ?? all[0]!);
    }
  }

  async #isStoreThere(timeoutMs: number): Promise<boolean> {
    try {
      await this.#manager.ask(["TIME"], { timeoutMs });
      return true;
    } catch {
      return false;
    }
  }

  #retire(login: TenantLogin): void {
    if (this.#logins.get(login.tenant) === login) this.#logins.delete(login.tenant);
    this.#leaving.add(login);
    this.#endIfIdle(login);
  }

  #endIfIdle(login: TenantLogin): void {
    if (!login.isIdle) return;
    login.close().catch(() => {}).finally(() => {
      // Several may have asked for its end.
      if (this.#leaving.delete(login)) this.#places.giveBack();
    });
  }

  #scheduleSweep(): void {
    const { idleMs } = this.#options;
    this.#sweep ??= systemClock.after(idleMs / 2, () => {
      this.#sweep = undefined;
      for (const login of this.#logins.values()) {
        if (login.isIdle && login.idleMs >= idleMs) this.#retire(login);
      }
      if (this.#logins.size > 0 && !this.#isClosed) this.#scheduleSweep();
    }, { background: true });
  }

  #earsOf(tenant: string): Set<Ear> {
    let ears = this.#ears.get(tenant);
    if (!ears) this.#ears.set(tenant, ears = new Set());
    return ears;
  }
}

function full(max: number): StoreUnavailableError {
  return new StoreUnavailableError(
    `The connections of all ${max} tenants that may be connected at once are in use.`,
    { outcome: "not-applied" },
  );
}

function closed(): StoreUnavailableError {
  return new StoreUnavailableError("The adapter is closed.", { outcome: "not-applied" });
}
