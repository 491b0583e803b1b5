/**
 * Sessions in Redis or Valkey through node-redis (`@redis/client` or `redis`, 5 or 6).
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { setImmediate } from "node:timers";
import type { StorageAdapter } from "../core/storage_adapter.ts";
import { Channels } from "./redis/channels.ts";
import { storeOn, storeOnClient } from "./redis/connect.ts";
import {
  type ChannelListener,
  inTime,
  NotConnectedError,
  PORTION,
  type RedisCommand,
  type RedisDriver,
  type RedisReply,
  toArgument,
} from "./redis/driver.ts";
import { type Endpoint, loadClient, toEndpoint } from "./redis/endpoint.ts";
import type { ConnectionOptions } from "./redis/options.ts";

export type { ConnectionOptions };

/** What is used of a node-redis client. */
export interface NodeRedisClient {
  /** Whether it can be used now. */
  readonly isReady: boolean;
  /** Whether it was connected and not destroyed. */
  readonly isOpen: boolean;
  /** Sends a command; `typeMapping` says in which types replies come. */
  sendCommand(
    args: readonly (string | Uint8Array)[],
    options: { typeMapping: Record<number, unknown> },
  ): Promise<unknown>;
  /** Connects. */
  connect(): Promise<unknown>;
  /** Ends the connection at once. */
  destroy(): void;
  /** Keeps no process alive from now on. */
  unref(): void;
  /** Another client with the same options, but for these. */
  duplicate(overrides: object): NodeRedisClient;
  /** Listens to an event. */
  // deno-lint-ignore no-explicit-any -- as node-redis declares it: nothing narrower fits
  on(event: string, listener: (...args: any[]) => void): unknown;
  /** Listens no longer. */
  // deno-lint-ignore no-explicit-any -- as above
  off(event: string, listener: (...args: any[]) => void): unknown;
  /** Subscribes, for as long as the client lives. */
  subscribe(
    channels: string[],
    listener: (message: string, channel: string) => void,
  ): Promise<unknown>;
  /** Undoes `subscribe`. */
  unsubscribe(channels: string[]): Promise<unknown>;
}

/** Options of {@linkcode nodeRedisAdapter}. */
export type NodeRedisAdapterOptions =
  | {
    /**
     * The caller's own connected client. It is neither changed nor closed. Its own time limit of 5 s is the larger part
     * of what a command costs; `commandOptions: { timeout: 0 }` turns it off, and commands have the manager's.
     */
    readonly client: NodeRedisClient;
  }
  | ConnectionOptions;

/**
 * An adapter that speaks through node-redis: one connection for commands, and a second one, made when
 * first needed, on which word of other pods' writes comes in.
 *
 * @throws {ConfigError} when the URL is none. A missing package, a wrong password or a missing permission
 * shows when the manager opens.
 *
 * @example A connection of its own
 * ```ts ignore
 * import { SessionManager } from "@hakgal/sessions";
 * import { nodeRedisAdapter } from "@hakgal/sessions/adapters/node-redis";
 *
 * const adapter = nodeRedisAdapter({ url: "redis://localhost:6379" });
 * await using manager = new SessionManager({ adapter });
 * await manager.tenant("acme").increment("user-42", "tx_count_1h");
 * ```
 *
 * @example The caller's client
 * ```ts ignore
 * import { createClient } from "@redis/client";
 * import { nodeRedisAdapter } from "@hakgal/sessions/adapters/node-redis";
 *
 * const client = await createClient().on("error", console.error).connect();
 * const adapter = nodeRedisAdapter({ client });
 * ```
 */
export function nodeRedisAdapter(options: NodeRedisAdapterOptions): StorageAdapter {
  return "client" in options
    ? storeOnClient(options, new NodeRedisDriver(options))
    : storeOn(options, (connection) => new NodeRedisDriver(connection));
}

// RESP_TYPES.BLOB_STRING and RESP_TYPES.MAP: the bytes "$" and "%" that begin such a reply.
const AS_BYTES = { typeMapping: { 36: Buffer, 37: Array } };

class NodeRedisDriver implements RedisDriver {
  readonly name = "node-redis";
  readonly endpoint: Endpoint | undefined;
  readonly #channels = new Channels();
  #client: NodeRedisClient | undefined;
  #subscriber: NodeRedisClient | undefined;
  #lastError: Error | undefined;
  /** When the socket came to be whose server has not said hello yet. */
  #greetedAtMs: number | undefined;

  /** How many commands this turn has sent; the others wait. */
  #sent = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(options: NodeRedisAdapterOptions) {
    if ("client" in options) this.#client = options.client;
    else this.endpoint = toEndpoint(options);
  }

  async prepare(): Promise<void> {
    if (!this.endpoint || this.#client) return;
    this.#client = await this.#create(this.endpoint);
    this.#watch(this.#client);
  }

  async connect(timeoutMs: number): Promise<void> {
    await this.prepare();
    if (this.endpoint && this.#client) await inTime(becomesReady(this.#client), timeoutMs);
  }

  /** The client writes what a turn sends in one piece: in portions, the rest waits for the turns after. */
  send(command: RedisCommand): Promise<RedisReply> {
    if (this.#sent === 0) setImmediate(() => this.#sendWaiting());
    if (this.#sent < PORTION) {
      this.#sent++;
      return this.#send(command);
    }
    return new Promise((resolve) => this.#waiting.push(() => resolve(this.#send(command))));
  }

  #sendWaiting(): void {
    const portion = this.#waiting.splice(0, PORTION);
    this.#sent = portion.length;
    if (this.#sent > 0) setImmediate(() => this.#sendWaiting());
    for (const send of portion) send();
  }

  #send(command: RedisCommand): Promise<RedisReply> {
    const client = this.#client;
    if (!client || (this.endpoint && !client.isReady)) {
      this.#replaceIfStuck();
      const reason = this.#lastError?.message ?? "not connected";
      return Promise.reject(new NotConnectedError(reason, { cause: this.#lastError }));
    }
    return client.sendCommand(command.map(toArgument), AS_BYTES) as Promise<RedisReply>;
  }

  /** A command that was sent cannot be taken back here: only a new client gets rid of the connection. */
  recycle(): void {
    if (this.endpoint && this.#client?.isReady) this.#replace(this.#client);
  }

  /** No time limit of the client's covers a server that takes the connection and then says nothing. */
  #replaceIfStuck(): void {
    if (!this.endpoint || !this.#client || this.#greetedAtMs === undefined) return;
    if (performance.now() - this.#greetedAtMs > this.endpoint.connectTimeoutMs) {
      this.#replace(this.#client);
    }
  }

  #replace(stuck: NodeRedisClient): void {
    this.#greetedAtMs = undefined;
    this.#client = stuck.duplicate({});
    this.#watch(this.#client);
    void becomesReady(this.#client).catch(() => {});
    stuck.destroy();
  }

  async subscribe(
    channels: readonly string[],
    listener: ChannelListener,
  ): Promise<() => Promise<void>> {
    if (!this.#client) throw new NotConnectedError("not connected");
    this.#subscriber ??= this.#createSubscriber(this.#client);
    const subscriber = this.#subscriber;
    // Before anybody listens: the first connection is no gap.
    await becomesReady(subscriber);
    this.#channels.add(channels, listener);
    const end = async () => {
      const unused = this.#channels.remove(channels, listener);
      if (unused.length > 0 && subscriber.isReady) await subscriber.unsubscribe(unused);
    };
    try {
      await subscriber.subscribe([...channels], this.#tell);
    } catch (error) {
      await end();
      throw error;
    }
    return end;
  }

  close(): Promise<void> {
    const own = [this.#subscriber, this.endpoint && this.#client];
    this.#subscriber = undefined;
    if (this.endpoint) this.#client = undefined;
    for (const client of own) {
      if (client?.isOpen) client.destroy();
    }
    return Promise.resolve();
  }

  async #create(endpoint: Endpoint): Promise<NodeRedisClient> {
    const { createClient } = await loadClient("@redis/client", importClient);
    const { host, port, username, password, database, tls, connectTimeoutMs } = endpoint;
    const client = createClient({
      ...OWN_CONNECTION,
      socket: {
        ...{ host, port, connectTimeout: connectTimeoutMs, reconnectStrategy },
        ...(tls === undefined ? {} : { ...tls, tls: true }),
      },
      database,
      ...(username === undefined ? {} : { username }),
      ...(password === undefined ? {} : { password }),
    });
    return client;
  }

  #watch(client: NodeRedisClient): void {
    client.on("connect", () => {
      if (client === this.#client) this.#greetedAtMs = performance.now();
      // Destroyed before it had its socket, it has got one all the same, and cannot be destroyed again.
      else client.unref();
    });
    client.on("error", (error: Error) => {
      if (client !== this.#client) return;
      this.#lastError = error;
      this.#greetedAtMs = undefined;
    });
    client.on("ready", () => {
      if (client === this.#client) this.#lastError = this.#greetedAtMs = undefined;
      // It was destroyed while it was still connecting, and has gone on all the same.
      else if (client.isOpen) client.destroy();
    });
  }

  #createSubscriber(client: NodeRedisClient): NodeRedisClient {
    const subscriber = client.duplicate({ ...OWN_CONNECTION });
    // The client subscribes again by itself before it says that it is ready.
    subscriber.on("error", () => this.#channels.gap());
    subscriber.on("ready", () => this.#channels.gap());
    return subscriber;
  }

  readonly #tell = (message: string, channel: string): void => {
    this.#channels.tell(channel, message);
  };
}

const reconnectStrategy = (retries: number): number => Math.min(20 * (retries + 1), 200);

/**
 * What cannot be sent fails at once; "maintNotifications" would need the permission to read env, and client info that
 * for CLIENT on the server, which would note each refusal in its ACL log. The client's own limit of 5 s is a signal for
 * each command that lives on until then, answered or not: half of what a command costs, beside the limit that it has
 * here anyway.
 */
const OWN_CONNECTION = {
  commandOptions: { timeout: 0 },
  disableOfflineQueue: true,
  disableClientInfo: true,
  maintNotifications: "disabled",
} as const;

async function importClient(): Promise<{ createClient: (options: object) => NodeRedisClient }> {
  try {
    return await import("@redis/client");
  } catch (error) {
    try {
      // In a variable, so that this compiles without the package.
      const name = "redis";
      return await import(name);
    } catch {
      throw error;
    }
  }
}

/** Resolves when commands can be sent; rejects with the first error. */
function becomesReady(client: NodeRedisClient): Promise<void> {
  if (client.isReady) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const settle = (error?: Error): void => {
      client.off("ready", settle);
      client.off("error", settle);
      if (error) reject(error);
      else resolve();
    };
    client.on("ready", settle);
    client.on("error", settle);
    if (!client.isOpen) client.connect().catch(settle);
  });
}
