/**
 * Configuration by environment variables.
 *
 * @module
 */

import { type AuditOptions, checkAuditLevel } from "../core/audit.ts";
import { ConfigError } from "../core/errors.ts";
import type { OpenOptions } from "./open.ts";
import type { TlsOptions } from "./redis/options.ts";

/** Variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The process's environment; empty where there is none, or where it may not be read. */
export function processEnvironment(): Environment {
  const { process } = globalThis as { process?: { env?: Environment } };
  return new Proxy({}, {
    get(_, name) {
      try {
        return process?.env?.[String(name)];
      } catch {
        return undefined; // Deno without --allow-env: as if it were not set.
      }
    },
  });
}

/** The options that say where the store is. */
export type BackendOptions = Pick<
  OpenOptions,
  "backend" | "url" | "username" | "password" | "tls"
>;

/** Which backend the environment asks for, if any. */
export function backendFrom(env: Environment): BackendOptions {
  const backend = read(env, "HAKGAL_SESSION_BACKEND");
  const url = read(env, "HAKGAL_SESSION_URL");
  const cloud = cloudFrom(env);
  if (backend === undefined && url === undefined) {
    return cloud ? { backend: "ioredis", ...cloud } : {};
  }
  const redisFamily = backend !== "memory" && backend !== "sqlite";
  return {
    ...(backend !== undefined && { backend: backend as NonNullable<OpenOptions["backend"]> }),
    ...(url === undefined ? redisFamily && cloud : { url }),
  };
}

/** What else the environment says. */
export function settingsFrom(env: Environment): Pick<OpenOptions, "ttlMs" | "idSecret"> {
  const ttl = read(env, "HAKGAL_SESSION_TTL_MS");
  const idSecret = read(env, "HAKGAL_SESSION_ID_SECRET");
  if (ttl !== undefined && !/^\d+$/.test(ttl)) {
    throw new ConfigError(
      "HAKGAL_SESSION_TTL_MS",
      `HAKGAL_SESSION_TTL_MS is a whole number of milliseconds; got ${JSON.stringify(ttl)}.`,
    );
  }
  return {
    ...(ttl !== undefined && { ttlMs: Number(ttl) }),
    ...(idSecret !== undefined && { idSecret }),
  };
}

/** What the environment says of the audit log, where the options are silent. */
export function auditFrom(env: Environment, options: AuditOptions = {}): AuditOptions {
  const level = options.level === undefined ? read(env, "AUDIT_LEVEL") : undefined;
  const sink = options.sink === undefined ? read(env, "HAKGAL_SESSION_AUDIT_PATH") : undefined;
  return {
    ...options,
    ...(level !== undefined && { level: checkAuditLevel("AUDIT_LEVEL", level) }),
    ...(sink !== undefined && { sink }),
  };
}

/** The address of a managed Redis, as its console gives it. */
function cloudFrom(env: Environment): BackendOptions | undefined {
  const host = read(env, "REDIS_CLOUD_HOST");
  if (host === undefined) return undefined;
  const port = read(env, "REDIS_CLOUD_PORT") ?? "6379";
  if (!/^\d{1,5}$/.test(port)) {
    throw new ConfigError(
      "REDIS_CLOUD_PORT",
      `REDIS_CLOUD_PORT is a port; got ${JSON.stringify(port)}.`,
    );
  }
  const username = read(env, "REDIS_CLOUD_USERNAME");
  const password = read(env, "REDIS_CLOUD_PASSWORD");
  const tls = tlsFrom(env);
  return {
    url: `${tls ? "rediss" : "redis"}://${host}:${port}`,
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(tls && { tls }),
  };
}

function tlsFrom(env: Environment): TlsOptions | undefined {
  const ca = read(env, "REDIS_CLOUD_CA");
  const wanted = read(env, "REDIS_CLOUD_TLS");
  if (ca !== undefined && !ca.includes("-----BEGIN CERTIFICATE-----")) {
    throw new ConfigError(
      "REDIS_CLOUD_CA",
      `REDIS_CLOUD_CA is a certificate as PEM text, e.g. REDIS_CLOUD_CA="$(cat ca.pem)".`,
    );
  }
  if (ca !== undefined) return { ca };
  return wanted !== undefined && !/^(0|false|no|off)$/i.test(wanted) ? {} : undefined;
}

function read(env: Environment, name: string): string | undefined {
  const value = env[name];
  return value === undefined || value === "" ? undefined : value;
}
