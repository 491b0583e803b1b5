/**
 * The server that the doctor looks at: by the options, else by the environment.
 *
 * @module
 */

import { readFile } from "node:fs/promises";
import { backendFrom, type BackendOptions } from "../../adapters/environment.ts";
import { type Endpoint, toEndpoint } from "../../adapters/redis/endpoint.ts";
import type { ConnectionOptions, TlsOptions } from "../../adapters/redis/options.ts";
import { RedisStore } from "../../adapters/redis/store.ts";
import type { StorageAdapter } from "../../core/storage_adapter.ts";
import type { GlobalOptions } from "../command_context.ts";
import type { Terminal } from "../terminal.ts";
import { UsageError } from "../usage_error.ts";

/** Options of the doctor. */
export interface DoctorOptions extends GlobalOptions {
  readonly tenant?: string;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly servername?: string;
  readonly timeout?: number;
}

/** A server, and how to get at it. */
export interface Target {
  readonly endpoint: Endpoint;
  readonly store: RedisStore;
}

/** Loads a client when it is chosen. */
const CLIENTS: Readonly<Record<string, (options: ConnectionOptions) => Promise<StorageAdapter>>> = {
  async "ioredis"(options) {
    return (await import("../../adapters/ioredis.ts")).ioredisAdapter(options);
  },
  async "node-redis"(options) {
    return (await import("../../adapters/node_redis.ts")).nodeRedisAdapter(options);
  },
  async "valkey-glide"(options) {
    return (await import("../../adapters/valkey_glide.ts")).valkeyGlideAdapter(options);
  },
};

/** Finds the target; nothing is connected yet. */
export async function findTarget(
  options: DoctorOptions,
  terminal: Terminal,
  timeoutMs: number,
): Promise<Target> {
  const { backend = "ioredis", url, ...login } = await chosen(options, terminal);
  const client = CLIENTS[backend];
  if (!client) {
    throw new UsageError(
      `The doctor looks at Redis and Valkey, by --backend ${
        Object.keys(CLIENTS).join(", ")
      }; not at ` +
        `${JSON.stringify(backend)}.`,
    );
  }
  if (url === undefined) {
    throw new UsageError(
      "Say where the server is: --url redis://HOST:PORT, or HAKGAL_SESSION_URL or REDIS_CLOUD_HOST.",
    );
  }
  const connection: ConnectionOptions = { ...login, url, connectTimeoutMs: timeoutMs };
  const adapter = await client(connection);
  await adapter.prepare?.();
  // With one login for everything, every client's adapter is one.
  return { endpoint: toEndpoint(connection), store: adapter as RedisStore };
}

async function chosen(options: DoctorOptions, terminal: Terminal): Promise<BackendOptions> {
  const { backend, url, username, password, servername } = options;
  const { tls: foundTls, ...environment } = url === undefined ? backendFrom(terminal.env) : {};
  const given: TlsOptions = {
    ...foundTls,
    ...(options.ca !== undefined && { ca: await pem("--ca", options.ca) }),
    ...(options.cert !== undefined && { cert: await pem("--cert", options.cert) }),
    ...(options.key !== undefined && { key: await pem("--key", options.key) }),
    ...(servername !== undefined && { servername }),
  };
  const isTls = foundTls !== undefined || Object.keys(given).length > 0;
  return {
    ...environment,
    ...(backend !== undefined && { backend: backend as NonNullable<BackendOptions["backend"]> }),
    ...(url !== undefined && { url }),
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(isTls && { tls: given }),
  };
}

async function pem(option: string, path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    const reason = cause instanceof Error && "code" in cause ? String(cause.code) : String(cause);
    throw new UsageError(
      `${path} cannot be read (${reason}): ${option} names a file with PEM text.`,
      { cause },
    );
  }
}
