/**
 * Adapters and managers of a backend, as the cases and their processes open them.
 *
 * @module
 */

import { ioredisAdapter } from "../adapters/ioredis.ts";
import { nodeRedisAdapter } from "../adapters/node_redis.ts";
import { valkeyGlideAdapter } from "../adapters/valkey_glide.ts";
import { sqliteAdapter } from "../adapters/sqlite.ts";
import { type OpenOptions, SessionManager, type StorageAdapter } from "../mod.ts";
import type { CaseBackend } from "./case.ts";

/** The one that all pods of the bench share. */
export const ID_SECRET = "a secret for the bench";

/** The tenant of all sessions of the bench. */
export const TENANT = "bench";

/** Fits every machine: a stall of a busy one is no outage. */
const COMMAND_TIMEOUT_MS = 10_000;

/** An adapter of a backend that keeps sessions outside of the process. */
export function adapterOf(backend: CaseBackend, url: string): StorageAdapter {
  switch (backend) {
    case "ioredis":
      return ioredisAdapter({ url });
    case "node-redis":
      return nodeRedisAdapter({ url });
    case "valkey-glide":
      return valkeyGlideAdapter({ url });
    case "sqlite":
      return sqliteAdapter({ path: url });
    default:
      throw new RangeError(`"${backend}" has no store to connect to.`);
  }
}

/** Opens a pod. */
export function openManager(
  backend: CaseBackend,
  url: string | undefined,
  options: Partial<OpenOptions> = {},
): Promise<SessionManager> {
  if (backend === "none") throw new RangeError("This case has no store.");
  return SessionManager.open({
    ...(options.adapter ? {} : { backend, ...(backend !== "memory" && { url: url! }) }),
    idSecret: ID_SECRET,
    commandTimeoutMs: COMMAND_TIMEOUT_MS,
    ...options,
  });
}
