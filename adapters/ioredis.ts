/**
 * Sessions in Redis or Valkey through ioredis 5 or 6.
 *
 * @module
 */

import type { Buffer } from "node:buffer";
import { nextTick } from "node:process";
import type { Command, Redis } from "ioredis";
import { systemClock, type Timer } from "../core/clock.ts";
import { ConfigError } from "../core/errors.ts";
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
import {
  DEFAULT_CONNECT_TIMEOUT_MS,
  type Endpoint,
  loadClient,
  toEndpoint,
} from "./redis/endpoint.ts";
import { replyCode } from "./redis/errors.ts";
import type { ConnectionOptions } from "./redis/options.ts";

export type { ConnectionOptions };

/** What is used of an ioredis client. */
export interface IoredisClient {
  /** `ready` when it can be used. */
  readonly status: string;
  /** Those that matter here. */
  readonly options: { readonly keyPrefix?: string | undefined };
  /** The connection's socket, once there is one. */
  readonly stream?: { cork?(): void; uncork?(): void } | undefined;
  /** Sends a command; replies are bytes. */
  // deno-lint-ignore no-explicit-any -- Node's Buffer, which not every user has the types of
  callBuffer(command: string, ...args: any[]): Promise<unknown>;
  /** Connects, when it does not by itself. */
  connect(): Promise<void>;
  /** Ends the connection; with `reconnect` it is made anew. */
  disconnect(reconnect?: boolean): void;
  /** Another client with the same options, but for these. */
  duplicate(overrides: object): IoredisClient;
  /** Listens to an event. */
  // deno-lint-ignore no-explicit-any -- as ioredis declares it: nothing narrower fits
  on(event: string, listener: (...args: any[]) => void): unknown;
  /** Listens no longer. */
  // deno-lint-ignore no-explicit-any -- as above
  off(event: string, listener: (...args: any[]) => void): unknown;
  /** Subscribes, for as long as the client lives. */
  subscribe(...channels: string[]): Promise<unknown>;
  /** Undoes `subscribe`. */
  unsubscribe(...channels: string[]): Promise<unknown>;
}

/** Options of {@linkcode ioredisAdapter}. */
export type IoredisAdapterOptions =
  | {
    /**
     * The caller's own client, without a `keyPrefix`. It is neither changed nor closed; should it resend
     * commands by itself, a write takes effect once all the same.
     */
    readonly client: IoredisClient;
  }
  | ConnectionOptions;

/**
 * An adapter that speaks through ioredis: one connection for commands, and a second one, made when first
 * needed, on which word of other pods' writes comes in.
 *
 * @throws {ConfigError} when the URL is none, or the client has a `keyPrefix`. A missing package, a wrong
 * password or a missing permission shows when the manager opens.
 *
 * @example A connection of its own
 * ```ts ignore
 * import { SessionManager } from "@hakgal/sessions";
 * import { ioredisAdapter } from "@hakgal/sessions/adapters/ioredis";
 *
 * const adapter = ioredisAdapter({ url: "redis://localhost:6379" });
 * await using manager = new SessionManager({ adapter });
 * await manager.tenant("acme").increment("user-42", "tx_count_1h");
 * ```
 *
 * @example The caller's client
 * ```ts ignore
 * import { Redis } from "ioredis";
 * import { ioredisAdapter } from "@hakgal/sessions/adapters/ioredis";
 *
 * const client = new Redis();
 * const adapter = ioredisAdapter({ client });
 * ```
 */
export function ioredisAdapter(options: IoredisAdapterOptions): StorageAdapter {
  return "client" in options
    ? storeOnClient(options, new IoredisDriver(options))
    : storeOn(options, (connection) => new IoredisDriver(connection));
}

/** What an ioredis command holds of a call, once nobody waits for it. */
const EMPTIED = {
  promise: undefined,
  args: [],
  keys: [],
  resolve() {},
  reject() {},
};

const BYTES = { replyEncoding: null };

/** Sends a command through a connection of our own; replies are bytes. */
type OwnSend = (name: string, args: (string | Buffer)[]) => Promise<unknown>;

/**
 * Sends commands that are emptied once they are answered. The entries of ioredis's queue are made of a literal, which V8 may
 * make among the old: until the next full collection each keeps its command, and that its arguments and its reply.
 */
function sender(client: Redis, CommandClass: typeof Command): OwnSend {
  return (name, args) => {
    const command = new CommandClass(name, args, BYTES);
    const { promise } = command;
    const empty = () => Object.assign(command, EMPTIED);
    promise.then(empty, empty);
    client.sendCommand(command);
    return promise;
  };
}

class IoredisDriver implements RedisDriver {
  readonly name = "ioredis";
  readonly endpoint: Endpoint | undefined;
  readonly #channels = new Channels();
  #client: IoredisClient | undefined;
  /** Sends through the client, where it is our own. */
  #ownSend: OwnSend | undefined;
  #subscriber: IoredisClient | undefined;
  #lastError: Error | undefined;
  /** The socket that writes at the end of this turn. */
  #gathering: IoredisClient["stream"];
  /** How many commands this turn has sent before. */
  #gathered = 0;
  /** The socket that was given up last. */
  #recycled: IoredisClient["stream"];

  constructor(options: IoredisAdapterOptions) {
    if ("client" in options) {
      this.#client = options.client;
      if (options.client.options.keyPrefix) {
        throw new ConfigError(
          "client",
          "The client has a keyPrefix, which would hide keys from list(): use the manager's keyPrefix.",
        );
      }
    } else this.endpoint = toEndpoint(options);
  }

  async prepare(): Promise<void> {
    if (this.endpoint) this.#client ??= await this.#create(this.endpoint);
  }

  async connect(timeoutMs: number): Promise<void> {
    await this.prepare();
    if (this.endpoint && this.#client) {
      await inTime(becomesReady(this.#client), timeoutMs);
    }
    try {
      // Of the commands that tell whether the login was taken, it is the one that asks for no permission.
      await inTime(this.send(["HELLO"]), timeoutMs);
    } catch (error) {
      // The reply to a command is NOAUTH; that it was the password is said by an event alone.
      throw this.#lastError && replyCode(this.#lastError) === "WRONGPASS" ? this.#lastError : error;
    }
  }

  send([name, ...args]: RedisCommand): Promise<RedisReply> {
    const client = this.#client;
    if (!client || (this.endpoint && client.status !== "ready")) {
      const reason = this.#lastError?.message ?? "not connected";
      return Promise.reject(new NotConnectedError(reason, { cause: this.#lastError }));
    }
    this.#gather(client.stream);
    const sent = args.map(toArgument);
    const reply = this.#ownSend?.(name, sent) ?? client.callBuffer(name, ...sent);
    return reply as Promise<RedisReply>;
  }

  /** What is sent in one turn is written in portions: the client would write each command by itself. */
  #gather(stream: IoredisClient["stream"]): void {
    if (!stream) return;
    if (stream === this.#gathering) {
      if (++this.#gathered % PORTION > 0) return;
      stream.uncork?.();
      stream.cork?.();
      return;
    }
    this.#gathering = stream;
    this.#gathered = 0;
    stream.cork?.();
    nextTick(() => {
      this.#gathering = undefined;
      stream.uncork?.();
    });
  }

  recycle(): void {
    const client = this.#client;
    // It counts as ready until its socket is closed, which a frozen server takes its time for.
    if (!this.endpoint || client?.status !== "ready" || client.stream === this.#recycled) return;
    this.#recycled = client.stream;
    client.disconnect(true);
  }

  async subscribe(
    channels: readonly string[],
    listener: ChannelListener,
  ): Promise<() => Promise<void>> {
    if (!this.#client) throw new NotConnectedError("not connected");
    this.#subscriber ??= this.#createSubscriber(this.#client);
    const subscriber = this.#subscriber;
    this.#channels.add(channels, listener);
    const end = async () => {
      const unused = this.#channels.remove(channels, listener);
      if (unused.length > 0 && subscriber.status === "ready") {
        await subscriber.unsubscribe(...unused);
      }
    };
    try {
      await becomesReady(subscriber);
      await subscriber.subscribe(...channels);
    } catch (error) {
      await end();
      throw error;
    }
    return end;
  }

  async close(): Promise<void> {
    const own = [this.#subscriber, this.endpoint && this.#client];
    this.#subscriber = undefined;
    if (this.endpoint) this.#client = undefined;
    await Promise.all(own.map((client) => client && ends(client)));
  }

  async #create(endpoint: Endpoint): Promise<IoredisClient> {
    const ioredis = await loadClient("ioredis", () => import("ioredis"));
    // Before 5.3 the class is not among the exports that have a name: it is the module itself.
    const Redis = ioredis.Redis ?? ioredis.default;
    const { host, port, username, password, database, tls, connectTimeoutMs } = endpoint;
    const client = new Redis({
      ...OWN_CONNECTION,
      host,
      port,
      db: database,
      connectTimeout: connectTimeoutMs,
      ...(username === undefined ? {} : { username }),
      ...(password === undefined ? {} : { password }),
      ...(tls === undefined ? {} : { tls: { ...tls } }),
    });
    client.on("error", (error: Error) => this.#lastError = error);
    client.on("ready", () => this.#lastError = undefined);
    boundHandshake(client, connectTimeoutMs);
    this.#ownSend = sender(client, ioredis.Command);
    return client;
  }

  #createSubscriber(client: IoredisClient): IoredisClient {
    const subscriber = client.duplicate(OWN_CONNECTION);
    boundHandshake(subscriber, this.endpoint?.connectTimeoutMs ?? DEFAULT_CONNECT_TIMEOUT_MS);
    let connections = 0;
    subscriber.on("error", () => {
      // Told by "close"; without a listener it would be thrown.
    });
    subscriber.on("message", (channel: string, message: string) => {
      this.#channels.tell(channel, message);
    });
    subscriber.on("close", () => this.#channels.gap());
    subscriber.on("ready", () => {
      const names = this.#channels.names;
      if (connections++ === 0 || names.length === 0) return;
      // What was published until the server confirms it is lost too. A failure closes the connection.
      subscriber.subscribe(...names).then(
        () => this.#channels.gap(),
        () => subscriber.disconnect(true),
      );
    });
    return subscriber;
  }
}

const CLOSE_TIMEOUT_MS = 400;

/**
 * A command that was sent is never sent again by the client, and one that cannot be sent fails at once
 * (ioredis's defaults would apply it twice); the connection itself is made again and again.
 */
const OWN_CONNECTION = {
  lazyConnect: true,
  maxRetriesPerRequest: 0,
  autoResendUnfulfilledCommands: false,
  autoResubscribe: false,
  enableOfflineQueue: false,
  // It would need a permission, and be refused without it in the server's ACL log.
  disableClientInfo: true,
  // It would need the permission for INFO, and warn on the console where that is missing.
  enableReadyCheck: false,
  // A frozen server does not answer the end of a connection, and of a socket that has ended none comes at all.
  disconnectTimeout: 0,
  retryStrategy: (times: number): number => Math.min(20 * times, 200),
};

/** Gives a connection up whose first commands are not answered: the client waits for their answers for ever. */
function boundHandshake(client: IoredisClient, timeoutMs: number): void {
  let timer: Timer | undefined;
  client.on("connect", () => {
    timer = systemClock.after(timeoutMs, () => {
      if (client.status === "connect") client.disconnect(true);
    });
  });
  for (const event of ["ready", "close"]) client.on(event, () => timer?.cancel());
}

/** Resolves when commands can be sent; rejects with the first error. */
function becomesReady(client: IoredisClient): Promise<void> {
  if (client.status === "ready") return Promise.resolve();
  return new Promise((resolve, reject) => {
    const settle = (error?: Error): void => {
      client.off("ready", settle);
      client.off("error", settle);
      client.off("end", onEnd);
      if (error) reject(error);
      else resolve();
    };
    const onEnd = (): void => settle(new NotConnectedError("the connection was closed"));
    client.on("ready", settle);
    client.on("error", settle);
    client.on("end", onEnd);
    if (client.status === "wait" || client.status === "end") {
      // Its rejection says less than the event.
      client.connect().catch(() => {});
    }
  });
}

/** Closes a connection and resolves when it is closed. */
function ends(client: IoredisClient): Promise<void> {
  // In the other states there is no socket whose end could be waited for.
  const hasSocket = ["connecting", "connect", "ready"].includes(client.status);
  const ended = new Promise<void>((resolve) => client.on("end", () => resolve()));
  client.disconnect();
  // Its own timer, which is due at once, goes first.
  return hasSocket
    ? inTime(ended, CLOSE_TIMEOUT_MS).catch(() => {})
    : new Promise((resolve) => setTimeout(resolve, 0));
}
