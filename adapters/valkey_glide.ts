/**
 * Sessions in Redis or Valkey through Valkey GLIDE 2.
 *
 * @module
 */

import { ConfigError } from "../core/errors.ts";
import type { StorageAdapter } from "../core/storage_adapter.ts";
import { Channels } from "./redis/channels.ts";
import { storeOn, storeOnClient } from "./redis/connect.ts";
import {
  type ChannelListener,
  inTime,
  NotConnectedError,
  type RedisCommand,
  type RedisDriver,
  type RedisReply,
  toArgument,
} from "./redis/driver.ts";
import { type Endpoint, loadClient, toEndpoint } from "./redis/endpoint.ts";
import { replyCode } from "./redis/errors.ts";
import type { ConnectionOptions } from "./redis/options.ts";

export type { ConnectionOptions };

/** What is used of a GLIDE client. */
export interface ValkeyGlideClient {
  /** Sends a command; `decoder` says in which type replies come. */
  customCommand(args: (string | Uint8Array)[], options: { decoder: number }): Promise<unknown>;
}

/** Options of {@linkcode valkeyGlideAdapter}. */
export type ValkeyGlideAdapterOptions =
  | {
    /**
     * The caller's own client. It is neither changed nor closed. GLIDE cannot make a second connection
     * from it, so this adapter does not hear of other pods' writes: cached copies are as fresh as
     * `maxStalenessMs` says.
     */
    readonly client: ValkeyGlideClient;
  }
  | ConnectionOptions;

/**
 * An adapter that speaks through Valkey GLIDE: one connection for commands, and a second one, made when
 * first needed, on which word of other pods' writes comes in.
 *
 * GLIDE tells nobody when a subscription was lost and made again, so words can be lost unnoticed: a copy
 * is then as fresh as `maxStalenessMs` says. Each client that GLIDE closes leaves a file descriptor open.
 * The server's user needs the permission for INFO.
 *
 * @throws {ConfigError} when the URL is none, or when a client certificate or a server name is asked for,
 * which GLIDE has no option for. A missing package, a wrong password or a missing permission shows when
 * the manager opens.
 *
 * @example A connection of its own
 * ```ts ignore
 * import { SessionManager } from "@hakgal/sessions";
 * import { valkeyGlideAdapter } from "@hakgal/sessions/adapters/valkey-glide";
 *
 * const adapter = valkeyGlideAdapter({ url: "redis://localhost:6379" });
 * await using manager = new SessionManager({ adapter });
 * await manager.tenant("acme").increment("user-42", "tx_count_1h");
 * ```
 *
 * @example The caller's client
 * ```ts ignore
 * import { GlideClient } from "@valkey/valkey-glide";
 * import { valkeyGlideAdapter } from "@hakgal/sessions/adapters/valkey-glide";
 *
 * const client = await GlideClient.createClient({ addresses: [{ host: "localhost" }] });
 * const adapter = valkeyGlideAdapter({ client });
 * ```
 */
export function valkeyGlideAdapter(options: ValkeyGlideAdapterOptions): StorageAdapter {
  return "client" in options
    ? storeOnClient(options, new CallersGlideDriver(options.client))
    : storeOn(options, (connection) => new OwnGlideDriver(toGlideEndpoint(connection)));
}

function toGlideEndpoint(options: ConnectionOptions): Endpoint {
  for (const option of ["cert", "key", "servername"] as const) {
    if (options.tls?.[option] === undefined) continue;
    throw new ConfigError(
      `tls.${option}`,
      `Valkey GLIDE 2 has no public option for tls.${option}. Use the backend ioredis or node-redis, or leave it out.`,
    );
  }
  return toEndpoint(options);
}

class CallersGlideDriver implements RedisDriver {
  readonly name = "valkey-glide";
  readonly #client: ValkeyGlideClient;

  constructor(client: ValkeyGlideClient) {
    this.#client = client;
  }

  prepare(): Promise<void> {
    return Promise.resolve();
  }

  connect(): Promise<void> {
    return Promise.resolve();
  }

  send(command: RedisCommand): Promise<RedisReply> {
    return sendThrough(this.#client, command);
  }

  recycle(): void {
    // The connection is the caller's.
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** A client of our own, which is closed at the end. */
type OwnClient = ValkeyGlideClient & {
  close(): void;
  subscribe(channels: string[], timeoutMs: number): Promise<void>;
  unsubscribe(channels: string[], timeoutMs: number): Promise<void>;
};

class OwnGlideDriver implements RedisDriver {
  readonly name = "valkey-glide";
  readonly endpoint: Endpoint;
  readonly #channels = new Channels();
  #requestTimeoutMs = 1_000;
  #client: OwnClient | undefined;
  #connecting: Promise<OwnClient> | undefined;
  /** Finds out why the client has no answer. */
  #asking: Promise<void> | undefined;
  #askAgainAtMs = 0;
  #subscriber: Promise<OwnClient> | undefined;
  #isClosed = false;
  #lastError: unknown;

  constructor(endpoint: Endpoint) {
    this.endpoint = endpoint;
  }

  async prepare(): Promise<void> {
    await loadGlide();
  }

  async connect(timeoutMs: number): Promise<void> {
    this.#isClosed = false;
    this.#requestTimeoutMs = timeoutMs;
    if (!this.#client) await inTime(this.#reconnect(), timeoutMs);
  }

  send(command: RedisCommand): Promise<RedisReply> {
    return this.#client ? sendThrough(this.#client, command) : this.#sendThroughNew(command);
  }

  /** Once made, a client connects again by itself; one that could not be made does not. */
  async #sendThroughNew(command: RedisCommand): Promise<RedisReply> {
    const lastError = this.#lastError;
    const connecting = this.#isClosed ? undefined : this.#reconnect();
    if (replyCode(lastError) === undefined) {
      // Nobody waits for a server that is away.
      connecting?.catch(() => {});
    } else {
      // One that refused the login says at once whether it still does.
      await connecting;
    }
    if (!this.#client) throw new NotConnectedError("not connected", { cause: this.#lastError });
    return await sendThrough(this.#client, command);
  }

  /**
   * GLIDE replaces a connection by itself that it sees to be dead; when its login is refused then, it tells nobody. So
   * another client looks: where it is refused, that is told; where it is served, it takes the place of one that stays
   * silent. That leaves a file descriptor behind, and is rare.
   */
  recycle(): void {
    const silent = this.#client;
    if (!silent || this.#asking || performance.now() < this.#askAgainAtMs) return;
    this.#askAgainAtMs = performance.now() + ASK_PAUSE_MS;
    this.#asking = this.#replace(silent).finally(() => this.#asking = undefined);
  }

  async #replace(silent: OwnClient): Promise<void> {
    let other: OwnClient;
    try {
      other = await this.#create(false);
    } catch (error) {
      if (replyCode(error) === undefined || this.#client !== silent) return;
      this.#lastError = error;
      this.#client = undefined;
      return silent.close();
    }
    const isDead = !await answers(silent) && this.#client === silent;
    if (!isDead) return other.close();
    this.#client = other;
    // The new one is looked after from its first silence on.
    this.#askAgainAtMs = 0;
    silent.close();
  }

  async subscribe(
    channels: readonly string[],
    listener: ChannelListener,
  ): Promise<() => Promise<void>> {
    this.#subscriber ??= this.#create(true);
    const timeoutMs = this.#requestTimeoutMs;
    this.#channels.add(channels, listener);
    const end = async () => {
      const unused = this.#channels.remove(channels, listener);
      const subscriber = await this.#subscriber;
      if (unused.length > 0) await subscriber?.unsubscribe(unused, timeoutMs);
    };
    try {
      await (await this.#subscriber).subscribe([...channels], timeoutMs);
    } catch (error) {
      this.#channels.remove(channels, listener);
      throw normalize(error);
    }
    return end;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const own = [this.#connecting, this.#subscriber, this.#client];
    this.#connecting = this.#subscriber = this.#client = undefined;
    // One that is just being made is closed when it is there; close() does not wait for the server.
    for (const client of own) {
      if (client instanceof Promise) client.then((late) => late.close(), () => {});
      else client?.close();
    }
    await Promise.resolve();
  }

  async #reconnect(): Promise<void> {
    this.#connecting ??= this.#create(false);
    const connecting = this.#connecting;
    try {
      const client = await connecting;
      if (this.#connecting === connecting) this.#client = client;
      this.#lastError = undefined;
    } catch (error) {
      this.#lastError = error;
      throw error;
    } finally {
      if (this.#connecting === connecting) this.#connecting = undefined;
    }
  }

  async #create(subscribes: boolean): Promise<OwnClient> {
    const { GlideClient, Logger } = await loadGlide();
    // It writes to the console by default. A configuration of the caller's stays.
    Logger.init("off");
    const { host, port, username, password, database, tls, connectTimeoutMs } = this.endpoint;
    try {
      return await GlideClient.createClient({
        addresses: [{ host, port }],
        databaseId: database,
        useTLS: tls !== undefined,
        requestTimeout: OWN_TIMEOUTS * this.#requestTimeoutMs,
        connectionBackoff: CONNECTION_BACKOFF,
        ...(password === undefined
          ? {}
          : { credentials: username === undefined ? { password } : { username, password } }),
        advancedConfiguration: {
          connectionTimeout: connectTimeoutMs,
          ...(tls?.ca === undefined
            ? {}
            : { tlsAdvancedConfiguration: { rootCertificates: tls.ca } }),
        },
        ...(subscribes
          ? {
            pubsubSubscriptions: {
              channelsAndPatterns: {},
              callback: ({ channel, message }: { channel: unknown; message: unknown }) =>
                this.#channels.tell(String(channel), String(message)),
            },
          }
          : {}),
      });
    } catch (error) {
      throw asNotConnected(error);
    }
  }
}

const loadGlide = () => loadClient("@valkey/valkey-glide", () => import("@valkey/valkey-glide"));

/**
 * GLIDE's own time limit, in those that a command has here. Were both the same, GLIDE's might always end first, and
 * nobody would see that the connection is silent.
 */
const OWN_TIMEOUTS = 2;

/** A second client is not made more often than this. */
const ASK_PAUSE_MS = 5_000;

/** With 0 retries a command sent while the connection is lost would hang for ever. */
const CONNECTION_BACKOFF = { numberOfRetries: 4, factor: 10, exponentBase: 2 } as const;

// Decoder.Bytes
const AS_BYTES = { decoder: 0 };

async function sendThrough(client: ValkeyGlideClient, command: RedisCommand): Promise<RedisReply> {
  try {
    const reply = await client.customCommand(command.map(toArgument), AS_BYTES);
    return (MAPS.has(command[0]) ? flatten(reply) : reply) as RedisReply;
  } catch (error) {
    throw normalize(error);
  }
}

/** Whether a client's connection leads to a server. */
async function answers(client: ValkeyGlideClient): Promise<boolean> {
  try {
    await sendThrough(client, ["PING"]);
    return true;
  } catch (error) {
    return replyCode(error) !== undefined;
  }
}

/** Commands that are answered by a map. */
const MAPS = new Set(["HGETALL", "HELLO", "CONFIG"]);

/**
 * A map comes as objects of key and value. The client keeps it until another command is given the same slot, be that for
 * ever: so it is emptied, or the bytes of the most records that were ever read at once would stay.
 */
function flatten(reply: unknown): unknown {
  if (!Array.isArray(reply)) return reply;
  const list = reply.flatMap((entry) => "key" in entry ? [entry.key, entry.value] : [entry]);
  reply.length = 0;
  return list;
}

/** GLIDE's own names for a server's error codes. */
const CODES: Readonly<Record<string, string>> = {
  Ask: "ASK",
  BusyLoadingError: "LOADING",
  ClusterDown: "CLUSTERDOWN",
  MasterDown: "MASTERDOWN",
  Moved: "MOVED",
  NoScriptError: "NOSCRIPT",
  PermissionDenied: "NOPERM",
  ReadOnly: "READONLY",
  ResponseError: "ERR",
  TryAgain: "TRYAGAIN",
};

/** The error as the server gave it, its code first. */
function normalize(error: unknown): unknown {
  const message = error instanceof Error ? error.message : String(error);
  const [, name, text] = /signalled by the server: - (\w+): (.*)$/s.exec(message) ?? [];
  const code = name === undefined ? undefined : CODES[name];
  return code === undefined ? error : new Error(`${code} ${text}`, { cause: error });
}

/** A client could not be made: because of its login, for want of a primary, or since the server is away. */
function asNotConnected(error: unknown): unknown {
  const text = error instanceof Error ? error.message : String(error);
  const message = text.replaceAll(/\s+/g, " ");
  if (message.includes("No primary node found")) {
    return new Error(`READONLY the server is a replica: ${message}`, { cause: error });
  }
  // It asks for INFO by itself, so a user without that permission cannot use it.
  const refusal = /\b(WRONGPASS|NOAUTH|NOPERM)\b.*/s.exec(
    message.replace("PermissionDenied", "NOPERM"),
  )?.[0];
  return refusal === undefined
    ? new NotConnectedError(message, { cause: error })
    : new Error(refusal.replace(/[\s)]+$/, ""), { cause: error });
}
