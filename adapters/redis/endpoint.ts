/**
 * Connection options in one form, checked.
 *
 * @module
 */

import { ConfigError } from "../../core/errors.ts";
import { loadOptional } from "../../core/optional_package.ts";
import type { ConnectionOptions, TlsOptions } from "./options.ts";

/** Where a server is and how to log in. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly database: number;
  /** Undefined: without TLS. */
  readonly tls: TlsOptions | undefined;
  readonly connectTimeoutMs: number;
}

const DEFAULT_PORT = 6379;
export const DEFAULT_CONNECT_TIMEOUT_MS = 1_000;

/** Reads the URL and what is said beside it. Throws `ConfigError`, which never shows the URL. */
export function toEndpoint(options: ConnectionOptions): Endpoint {
  const url = URL.canParse(options.url) ? new URL(options.url) : undefined;
  const database = url?.pathname.replace(/^\//, "") ?? "";
  if (!url || !/^rediss?:$/.test(url.protocol) || !/^\d*$/.test(database)) {
    throw new ConfigError(
      "url",
      "The URL must be redis://[user[:password]@]host[:port][/database], or rediss:// for TLS.",
    );
  }
  const said = (text: string) => text === "" ? undefined : decodeURIComponent(text);
  return {
    host: url.hostname.replace(/^\[(.*)\]$/, "$1") || "localhost",
    port: url.port === "" ? DEFAULT_PORT : Number(url.port),
    username: options.username ?? said(url.username),
    password: options.password ?? said(url.password),
    database: Number(database),
    tls: checkPems(options.tls) ?? (url.protocol === "rediss:" ? {} : undefined),
    connectTimeoutMs: options.connectTimeoutMs ?? DEFAULT_CONNECT_TIMEOUT_MS,
  };
}

/** What is no PEM text would be a client's error about ASN.1, at the first connection. */
function checkPems(tls: TlsOptions | undefined): TlsOptions | undefined {
  for (const name of ["ca", "cert", "key"] as const) {
    const text = tls?.[name];
    if (text === undefined || typeof text === "string" && text.includes("-----BEGIN ")) continue;
    throw new ConfigError(
      `tls.${name}`,
      `"tls.${name}" is PEM text, which has a line "-----BEGIN …-----"; not a file's path.`,
    );
  }
  if ((tls?.cert === undefined) === (tls?.key === undefined)) return tls;
  const missing = tls?.cert === undefined ? "tls.cert" : "tls.key";
  throw new ConfigError(
    missing,
    `"tls.cert" and "tls.key" belong together: "${missing}" is missing.`,
  );
}

/** Waits for a client's package; a missing one is a `ConfigError` that says how to add it. */
export function loadClient<Module>(name: string, load: () => Promise<Module>): Promise<Module> {
  return loadOptional(name, "backend", load);
}
