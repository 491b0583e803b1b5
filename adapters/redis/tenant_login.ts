/**
 * The connections that are logged in for one tenant.
 *
 * @module
 */

import { systemClock } from "../../core/clock.ts";
import { StoreRejectedError, StoreUnavailableError } from "../../core/errors.ts";
import type { Holder, InboxListener } from "../../core/storage_adapter.ts";
import { lacks, permissions } from "./acl.ts";
import { inTime, NoAnswerError } from "./driver.ts";
import { toStoreError } from "./errors.ts";
import type { Credentials, CredentialsOf } from "./options.ts";
import type { RedisStore } from "./store.ts";
import { namesBeside } from "./tenant_key.ts";

/** Who hears of other pods' commits. */
export interface Ear {
  readonly holder: Holder;
  readonly listener: InboxListener;
}

/** What a {@linkcode TenantLogin} works with. */
export interface LoginOptions {
  readonly credentialsOf: CredentialsOf;
  /** Makes connections of a user's own; nothing is connected yet. */
  readonly storeFor: (credentials: Credentials) => RedisStore;
  /** Whether the store answers others. */
  readonly isStoreThere: (timeoutMs: number) => Promise<boolean>;
  /** Those who listen to this tenant's inboxes now. */
  readonly ears: ReadonlySet<Ear>;
}

/** How long a refusal is answered from memory, and how long nobody tries to listen again: the server is not hammered. */
const PAUSE_MS = 1_000;

/**
 * Of a call's time, what logging in and asking others may take; and of logging in, what the credentials may: what is at fault is to be known, and told, before the caller
 * takes the store for away, which would be an outage of all tenants.
 */
const LOGIN_SHARE = 0.6;
const CREDENTIALS_SHARE = 0.9;
const ASK_SHARE = 0.2;

/** Failures in a row after which another connection is tried. */
const FAILURES_TO_END = 2;

/** Refusals of the login, not of a command. */
const LOGIN_REFUSALS = new Set(["WRONGPASS", "NOAUTH"]);

/** One tenant's login. */
export class TenantLogin {
  readonly tenant: string;
  readonly #options: LoginOptions;
  /** Present from when it is made; what it can be used for says `#entering`. */
  #store: RedisStore | undefined;
  #entering: Promise<RedisStore> | undefined;
  #refusal: { readonly error: StoreRejectedError; readonly until: number } | undefined;
  readonly #heard = new Set<Ear>();
  #listensAgainAt = 0;
  #calls = 0;
  #usedAt = systemClock.now();
  /** Calls in a row that the store did not answer. */
  #failures = 0;
  #isRefused = false;
  #closing: Promise<void> | undefined;

  constructor(tenant: string, options: LoginOptions) {
    this.tenant = tenant;
    this.#options = options;
  }

  /** Whether no call is under way. */
  get isIdle(): boolean {
    return this.#calls === 0;
  }

  /** How long no call has been under way, in milliseconds. */
  get idleMs(): number {
    return this.isIdle ? systemClock.now() - this.#usedAt : 0;
  }

  /**
   * Whether it is of no more use: the server does not take the login any more, or does not answer on these connections.
   * A client that finds its login refused when it connects again need not say so.
   */
  get isSpent(): boolean {
    return this.#isRefused || this.#failures >= FAILURES_TO_END;
  }

  /** A call begins; until it ends nothing is closed. */
  hold(): void {
    this.#calls++;
  }

  /** A call has ended. */
  release(): void {
    this.#calls--;
    this.#usedAt = systemClock.now();
  }

  /** Runs a call of a holder's. `key` is the tenant's. */
  async run<Value>(
    key: string,
    timeoutMs: number,
    call: (store: RedisStore) => Promise<Value>,
  ): Promise<Value> {
    const store = await this.#enter(key, timeoutMs);
    this.#listenAgain(store);
    try {
      const value = await call(store);
      this.#failures = 0;
      return value;
    } catch (error) {
      if (error instanceof StoreUnavailableError) this.#failures++;
      if (error instanceof StoreRejectedError) this.#isRefused ||= LOGIN_REFUSALS.has(error.code);
      throw error;
    }
  }

  /** Listens for the first time. */
  async listen(store: RedisStore, ear: Ear): Promise<void> {
    const { holder, listener } = ear;
    await store.subscribe!(holder, {
      onInvalidation: (word) => this.#isHeardBy(ear) && listener.onInvalidation(word),
      onGap: () => this.#isHeardBy(ear) && listener.onGap(),
    });
    this.#heard.add(ear);
  }

  /** Ends the connections; what is heard from now on is lost, and those who listened are told so. */
  close(): Promise<void> {
    return this.#closing ??= this.#close();
  }

  async #close(): Promise<void> {
    const listening = [...this.#heard].filter((ear) => this.#options.ears.has(ear));
    this.#heard.clear();
    for (const { listener } of listening) listener.onGap();
    await this.#store?.close();
  }

  #isHeardBy(ear: Ear): boolean {
    return this.#heard.has(ear) && this.#options.ears.has(ear);
  }

  /** Those who listened to an earlier connection; whatever came meanwhile is lost. No call waits for it. */
  #listenAgain(store: RedisStore): void {
    const deaf = [...this.#options.ears].filter((ear) => !this.#heard.has(ear));
    if (deaf.length === 0 || systemClock.now() < this.#listensAgainAt) return;
    this.#listensAgainAt = systemClock.now() + PAUSE_MS;
    for (const ear of deaf) {
      this.listen(store, ear).then(() => ear.listener.onGap(), () => {
        // Copies are as fresh as their bound meanwhile, and the next call tries again.
      });
    }
  }

  async #enter(key: string, timeoutMs: number): Promise<RedisStore> {
    if (this.#refusal && systemClock.now() < this.#refusal.until) throw this.#refusal.error;
    this.#entering ??= this.#tryLogIn(key, timeoutMs);
    return await this.#entering;
  }

  async #tryLogIn(key: string, timeoutMs: number): Promise<RedisStore> {
    const limitMs = timeoutMs * LOGIN_SHARE;
    try {
      return await inTime(this.#logIn(key, limitMs), limitMs);
    } catch (cause) {
      const error = toStoreError(cause);
      const isThere = error instanceof StoreUnavailableError &&
        await this.#options.isStoreThere(timeoutMs * ASK_SHARE);
      this.#entering = undefined;
      if (error instanceof StoreRejectedError) await this.#refuse(error);
      // A store that answers others is not away. The client goes on connecting, for the next call.
      throw isThere ? notConnected(this.tenant, error) : error;
    }
  }

  async #logIn(key: string, timeoutMs: number): Promise<RedisStore> {
    this.#store ??= this.#options.storeFor(await this.#credentials(timeoutMs));
    const store = this.#store;
    // Closed while it waited for them, it had no connection to end yet.
    if (this.#closing) await store.close();
    await store.connect({ timeoutMs });
    // One that is refused in the midst of a commit would leave half of it.
    const names = namesBeside(key);
    const needed = permissions("sessions").filter(({ without }) => without === undefined);
    const commands = needed.map(({ example }) => example(names));
    const refused = await store.refused(key, commands, { timeoutMs });
    if (refused && refused.length > 0) throw lacks(refused);
    return store;
  }

  /** Other credentials may do. */
  async #refuse(error: StoreRejectedError): Promise<void> {
    const store = this.#store;
    this.#store = undefined;
    this.#refusal = { error, until: systemClock.now() + PAUSE_MS };
    await store?.close();
  }

  async #credentials(timeoutMs: number): Promise<Credentials> {
    const { tenant } = this;
    try {
      const asked = Promise.resolve(this.#options.credentialsOf(tenant));
      const { username, password } = await inTime(asked, timeoutMs * CREDENTIALS_SHARE);
      if (typeof username === "string" && typeof password === "string") {
        return { username, password };
      }
    } catch (cause) {
      const fails = cause instanceof NoAnswerError ? cause.message : "it threw";
      throw noCredentials(tenant, fails, cause);
    }
    throw noCredentials(tenant, "it answered no { username, password }");
  }
}

/** The refusal of a tenant that cannot be connected, while others are served. */
export function notConnected(tenant: string, cause: Error): StoreRejectedError {
  return new StoreRejectedError(
    "TENANT_CONNECTION",
    `Tenant "${tenant}" could not be connected, though the store answers: ${cause.message} Nothing was sent. Look at ` +
      "tenantConnections.max, and at the server's maxclients.",
    { cause },
  );
}

function noCredentials(tenant: string, fails: string, cause?: unknown): StoreRejectedError {
  return new StoreRejectedError(
    "CREDENTIALS",
    `The option "credentials" gave no login for tenant "${tenant}": ${fails}. Other tenants are served.`,
    { cause },
  );
}
