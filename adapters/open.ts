/**
 * Opening a manager by the name of a backend. Only this module knows both the manager and the adapters.
 *
 * @module
 */

import { closest } from "fastest-levenshtein";
import { ConfigError } from "../core/errors.ts";
import { MANAGER_OPTIONS, type ManagerOptions, refuseUnknown } from "../core/options.ts";
import type { AnyContext } from "../core/session.ts";
import { BaseSessionManager } from "../core/session_manager.ts";
import type { StorageAdapter } from "../core/storage_adapter.ts";
import {
  auditFrom,
  backendFrom,
  type Environment,
  processEnvironment,
  settingsFrom,
} from "./environment.ts";
import type {
  ConnectionOptions,
  CredentialsOf,
  TenantConnectionOptions,
  TlsOptions,
} from "./redis/options.ts";

/** The backends that can be chosen by name. */
export type Backend = "memory" | "sqlite" | "ioredis" | "node-redis" | "valkey-glide";

/** Options of {@linkcode SessionManager.open}: a backend by name, or an adapter. */
export interface OpenOptions<Context extends object = AnyContext>
  extends Omit<ManagerOptions<Context>, "adapter"> {
  /** The backend's name. @default `HAKGAL_SESSION_BACKEND`; ioredis if only a URL is given */
  readonly backend?: Backend;
  /** An adapter, instead of a backend by name. */
  readonly adapter?: StorageAdapter;
  /**
   * Where the store is: `redis://` or `rediss://` for the Redis family, a file's path or `file:` URL for SQLite.
   *
   * @default `HAKGAL_SESSION_URL`
   */
  readonly url?: string;
  /** The Redis family's ACL user. */
  readonly username?: string;
  /** The Redis family's password. */
  readonly password?: string;
  /** Certificates, as PEM text. */
  readonly tls?: TlsOptions;
  /**
   * Answers each tenant's login: the Redis family's connections for a tenant's sessions are logged in by it, so that
   * the server keeps tenants apart (`tenantAclRules`). `list()` and heartbeats use `username` and `password`.
   *
   * @default one login for everything
   */
  readonly credentials?: CredentialsOf;
  /** Bounds of the connections that `credentials` leads to. */
  readonly tenantConnections?: TenantConnectionOptions;
}

/** What only a server is told. */
const LOGIN_OPTIONS = ["username", "password", "tls", "credentials", "tenantConnections"] as const;

/** Loads a backend's adapter, and with it the client library, only when it is chosen. */
const REGISTRY: Record<Backend, (options: OpenOptions) => Promise<StorageAdapter>> = {
  async memory(options) {
    refuseConnection("memory", options, ["url", ...LOGIN_OPTIONS]);
    const { memoryAdapter, MemoryStore } = await import("./memory.ts");
    const { clock } = options;
    return memoryAdapter({ store: new MemoryStore(clock ? { clock } : {}) });
  },
  async sqlite(options) {
    refuseConnection("sqlite", options, LOGIN_OPTIONS);
    const { sqliteAdapter } = await import("./sqlite.ts");
    return sqliteAdapter({ path: required("sqlite", options.url, "sessions.db") });
  },
  async ioredis(options) {
    const { ioredisAdapter } = await import("./ioredis.ts");
    return ioredisAdapter(connection("ioredis", options));
  },
  async "node-redis"(options) {
    const { nodeRedisAdapter } = await import("./node_redis.ts");
    return nodeRedisAdapter(connection("node-redis", options));
  },
  async "valkey-glide"(options) {
    const { valkeyGlideAdapter } = await import("./valkey_glide.ts");
    return valkeyGlideAdapter(connection("valkey-glide", options));
  },
};

/**
 * Keeps sessions in memory for speed and in a store for truth. One manager a process and store is enough; all
 * tenants share it.
 */
export class SessionManager<Context extends object = AnyContext>
  extends BaseSessionManager<Context> {
  /**
   * Makes a manager on an adapter; nothing is sent yet.
   *
   * @throws ConfigError when an option is unknown, or out of range
   */
  constructor(options: ManagerOptions<Context>) {
    super(
      options,
      async (path) => (await import("./sqlite_journal.ts")).sqliteJournal({ path }),
      async (path, bounds) => (await import("./audit_file.ts")).auditFile({ path, ...bounds }),
    );
  }

  /**
   * Opens a manager on a backend by name, and connects. What the options leave out is read from the environment:
   * `HAKGAL_SESSION_BACKEND` and `HAKGAL_SESSION_URL` (or `REDIS_CLOUD_HOST`, `_PORT`, `_USERNAME`, `_PASSWORD`,
   * `_TLS`, `_CA`) when no backend is named, `HAKGAL_SESSION_TTL_MS`, `HAKGAL_SESSION_ID_SECRET`, `AUDIT_LEVEL`,
   * `HAKGAL_SESSION_AUDIT_PATH`.
   *
   * @example
   * ```ts
   * import { SessionManager } from "@hakgal/sessions";
   *
   * await using manager = await SessionManager.open({ backend: "memory", ttlMs: 60_000 });
   * console.assert(manager.status().store === "up");
   * ```
   * @throws ConfigError when an option is wrong, or the client library is not installed
   * @throws StoreUnavailableError when `failMode` is `closed` and the store cannot be reached within the command timeout
   * @throws StoreRejectedError when it refuses: wrong password, missing permission, read-only replica
   */
  static async open<Context extends object = AnyContext>(
    options: OpenOptions<Context> = {},
  ): Promise<SessionManager<Context>> {
    const manager = new SessionManager<Context>(await managerOptions(options));
    try {
      await manager.connect();
    } catch (error) {
      await manager.close().catch(() => {});
      throw error;
    }
    return manager;
  }
}

/** What `SessionManager.open` makes of its options: the environment is read, and the backend's adapter made. */
export async function managerOptions<Context extends object = AnyContext>(
  options: OpenOptions<Context>,
): Promise<ManagerOptions<Context>> {
  refuseUnknown(options, [...OPEN_OPTIONS, ...MANAGER_OPTIONS]);
  const resolved = withEnvironment(options, processEnvironment());
  const adapter = resolved.adapter ?? await REGISTRY[checkBackend(resolved.backend)](
    resolved as OpenOptions,
  );
  return { ...withoutConnection(resolved), adapter };
}

const OPEN_OPTIONS: readonly (keyof OpenOptions)[] = [
  "backend",
  "adapter",
  "url",
  ...LOGIN_OPTIONS,
];

/** What is the manager's, and not the connection's. */
function withoutConnection<Context extends object>(
  options: OpenOptions<Context>,
): Omit<ManagerOptions<Context>, "adapter"> {
  const entries = Object.entries(options);
  return Object.fromEntries(entries.filter(([name]) => !OPEN_NAMES.has(name)));
}

const OPEN_NAMES: ReadonlySet<string> = new Set(OPEN_OPTIONS);

function withEnvironment<Context extends object>(
  options: OpenOptions<Context>,
  env: Environment,
): OpenOptions<Context> {
  if (options.adapter && (options.backend ?? options.url) !== undefined) {
    throw new ConfigError("adapter", `Give "adapter", or "backend" and "url"; not both.`);
  }
  if (options.adapter) refuseConnection("adapter", options, LOGIN_OPTIONS);
  const named = options.adapter ?? options.backend ?? options.url;
  const backend = named === undefined ? backendFrom(env) : {};
  const audit = auditFrom(env, options.audit);
  const merged = { ...settingsFrom(env), ...backend, ...options, audit };
  const guessed = merged.backend === undefined && /^rediss?:/.test(merged.url ?? "");
  return guessed ? { ...merged, backend: "ioredis" } : merged;
}

function checkBackend(backend: Backend | undefined): Backend {
  const names = Object.keys(REGISTRY);
  if (backend === undefined) {
    throw new ConfigError(
      "backend",
      `Say which backend to use: ${names.join(", ")}; by the option "backend" or by the ` +
        `environment variable HAKGAL_SESSION_BACKEND.`,
    );
  }
  if (!names.includes(backend)) {
    throw new ConfigError(
      "backend",
      `There is no backend "${backend}". Did you mean "${closest(String(backend), names)}"?`,
    );
  }
  return backend;
}

function connection(backend: Backend, options: OpenOptions): ConnectionOptions {
  const { username, password, tls, credentials, tenantConnections } = options;
  return {
    url: required(backend, options.url, "redis://127.0.0.1:6379"),
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(tls !== undefined && { tls }),
    ...(credentials !== undefined && { credentials }),
    ...(tenantConnections !== undefined && { tenantConnections }),
    connectTimeoutMs: options.commandTimeoutMs ?? 1_000,
  };
}

function required(backend: Backend, url: string | undefined, example: string): string {
  if (typeof url === "string" && url !== "") return url;
  throw new ConfigError(
    "url",
    `The backend "${backend}" needs "url", e.g. "${example}"; or HAKGAL_SESSION_URL.`,
  );
}

function refuseConnection(
  backend: Backend | "adapter",
  options: Partial<OpenOptions>,
  names: readonly (keyof OpenOptions)[],
): void {
  const given = names.find((name) => options[name] !== undefined);
  if (given === undefined) return;
  throw new ConfigError(
    given,
    backend === "adapter"
      ? `"${given}" is the adapter's to be told: give it to the function that makes "adapter".`
      : `The backend "${backend}" takes no "${given}".`,
  );
}
