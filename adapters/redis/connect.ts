/**
 * From an adapter's options to its store: one login for everything, or one for each tenant.
 *
 * @module
 */

import { ConfigError } from "../../core/errors.ts";
import { count, refuseUnknown } from "../../core/options.ts";
import type { StorageAdapter } from "../../core/storage_adapter.ts";
import type { RedisDriver } from "./driver.ts";
import { DEFAULT_CONNECT_TIMEOUT_MS } from "./endpoint.ts";
import type { ConnectionOptions, Credentials, TenantConnectionOptions } from "./options.ts";
import { RedisStore } from "./store.ts";
import { TenantStores } from "./tenant_stores.ts";

/** Makes the store; nothing is connected yet. Throws `ConfigError` when an option is wrong. */
export function storeOn(
  options: ConnectionOptions,
  driverFor: (options: ConnectionOptions) => RedisDriver,
): StorageAdapter {
  const { credentials, tenantConnections, ...connection } = options;
  if (credentials === undefined) {
    if (tenantConnections === undefined) return new RedisStore(driverFor(connection));
    throw new ConfigError(
      "tenantConnections",
      `"tenantConnections" bounds what the option "credentials" makes: give that too, or leave it out.`,
    );
  }
  if (typeof credentials !== "function") {
    throw new ConfigError(
      "credentials",
      `"credentials" is a function (tenant) => ({ username, password }); got ${typeof credentials}.`,
    );
  }
  return new TenantStores({
    ...bounds(tenantConnections),
    manager: new RedisStore(driverFor(connection), "upkeep"),
    credentialsOf: credentials,
    storeFor: (login: Credentials) => new RedisStore(driverFor({ ...connection, ...login })),
    connectTimeoutMs: connection.connectTimeoutMs ?? DEFAULT_CONNECT_TIMEOUT_MS,
  });
}

/** A client of the caller's is logged in already. */
export function storeOnClient(options: object, driver: RedisDriver): StorageAdapter {
  const given = ["credentials", "tenantConnections"].find((name) => name in options);
  if (given === undefined) return new RedisStore(driver);
  throw new ConfigError(
    given,
    `"${given}" needs connections of the adapter's own: give "url" instead of "client".`,
  );
}

function bounds(given: TenantConnectionOptions = {}): Required<TenantConnectionOptions> {
  refuseUnknown(given, ["max", "idleMs"], "tenantConnections.");
  const { max = 64, idleMs = 60_000 } = given;
  return {
    max: count("tenantConnections.max", max, 1, 10_000),
    idleMs: count("tenantConnections.idleMs", idleMs, 1, 86_400_000, " milliseconds"),
  };
}
