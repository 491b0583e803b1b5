/**
 * The store that a command works on.
 *
 * @module
 */

import {
  type Backend,
  managerOptions,
  type OpenOptions,
  SessionManager,
} from "../adapters/open.ts";
import { KeySpace } from "../core/key_space.ts";
import type { StorageAdapter } from "../core/storage_adapter.ts";
import { checkTenant } from "../core/validation.ts";
import type { GlobalOptions } from "./command_context.ts";
import { byHashedIds } from "./hashed_ids.ts";
import type { Terminal } from "./terminal.ts";

/** Longest wait for the store's answer. */
const COMMAND_TIMEOUT_MS = 5_000;

/** A connection to the store. */
export interface Connection {
  readonly manager: SessionManager;
  readonly adapter: StorageAdapter;
  /** How the managers name their keys. */
  readonly keys: KeySpace;
  readonly keyPrefix: string;
  /** The store's kind and version. */
  readonly server: string;
}

/** Sessions of one tenant that are named by their hashed ids. */
export interface HashedIds {
  readonly tenant: string;
  readonly hashedIds: readonly string[];
}

/**
 * Runs `body` on the store that the options and the environment name. The manager serves nothing from memory, waits for a
 * store that is away instead of going on without, and is no part of the audit log. With `hashed` it takes these for ids.
 */
export async function withStore(
  options: GlobalOptions,
  terminal: Terminal,
  body: (connection: Connection) => Promise<void>,
  hashed?: HashedIds,
): Promise<void> {
  const settings = await managerOptions({
    ...chosen(options),
    ...{ failMode: "closed", maxStalenessMs: 0, commandTimeoutMs: COMMAND_TIMEOUT_MS },
    audit: { level: "off" },
  });
  const { idSecret, keyPrefix = "hakgal" } = settings;
  const keys = new KeySpace(keyPrefix, idSecret);
  const adapter = hashed
    ? byHashedIds(settings.adapter, keys, checkTenant(hashed.tenant), hashed.hashedIds)
    : settings.adapter;
  const manager = new SessionManager({ ...settings, adapter });
  try {
    manager.on("warning", ({ code, message }) => {
      if (code !== "NO_ID_SECRET") terminal.note(message);
    });
    const info = await manager.connect();
    await body({ manager, adapter, keys, keyPrefix, server: info?.server ?? adapter.name });
  } finally {
    await manager.close();
  }
}

/** The options of a manager that the command line gives. */
function chosen(options: GlobalOptions): OpenOptions {
  const { backend, url, username, password, keyPrefix, idSecret } = options;
  return {
    ...(backend !== undefined && { backend: backend as Backend }),
    ...(url !== undefined && { url }),
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(keyPrefix !== undefined && { keyPrefix }),
    ...(idSecret !== undefined && { idSecret }),
  };
}
