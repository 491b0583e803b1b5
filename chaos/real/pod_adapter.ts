/**
 * The code that a pod speaks to its store through.
 *
 * @module
 */

import type { StorageAdapter } from "../../mod.ts";
import type { AdapterChoice } from "./pod_messages.ts";

/** Makes a pod's adapter to the store of that URL. */
export type OpenAdapter = (url: string) => StorageAdapter;

/** Loads an adapter's code, its client library included. */
export async function loadAdapter({ backend }: AdapterChoice): Promise<OpenAdapter> {
  switch (backend) {
    case "sqlite": {
      const { sqliteAdapter } = await import("../../adapters/sqlite.ts");
      return (path) => sqliteAdapter({ path });
    }
    case "ioredis": {
      const { ioredisAdapter } = await import("../../adapters/ioredis.ts");
      return await prepared((url) => ioredisAdapter({ url }));
    }
    case "node-redis": {
      const { nodeRedisAdapter } = await import("../../adapters/node_redis.ts");
      return await prepared((url) => nodeRedisAdapter({ url }));
    }
    case "valkey-glide": {
      const { valkeyGlideAdapter } = await import("../../adapters/valkey_glide.ts");
      return await prepared((url) => valkeyGlideAdapter({ url }));
    }
  }
}

/** Whether the faults of commands are made in the pod, because there is no connection that a proxy could stand on. */
export function makesFaultsItself({ backend }: AdapterChoice): boolean {
  return backend === "sqlite";
}

/** The client library is loaded by an adapter that is not opened. */
async function prepared(open: OpenAdapter): Promise<OpenAdapter> {
  await open("redis://127.0.0.1:1").prepare?.();
  return open;
}
