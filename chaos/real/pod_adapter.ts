/**
 * The code that a pod speaks to its store through.
 *
 * @module
 */

import type { StorageAdapter } from "../../mod.ts";
import { loadAdapterModule } from "../adapter_module.ts";
import type { AdapterChoice, StoreAddress } from "./pod_messages.ts";
import type { PodBackend } from "./target.ts";

/** Makes a pod's adapter to the store at that address. */
export type OpenAdapter = (address: StoreAddress) => StorageAdapter | Promise<StorageAdapter>;

/** Loads an adapter's code, its client library included. */
export async function loadAdapter(choice: AdapterChoice): Promise<OpenAdapter> {
  if (choice.kind === "built-in") return await loadBuiltIn(choice.backend);
  const { createAdapter } = await loadAdapterModule(choice.url);
  return ({ store, folder, url }) =>
    createAdapter({ store, folder, ...(url === undefined ? {} : { url }) });
}

/** Whether the faults of commands are made in the pod, because there is no connection that a proxy could stand on. */
export function makesFaultsItself(choice: AdapterChoice): boolean {
  return choice.kind === "module" || choice.backend === "sqlite";
}

async function loadBuiltIn(backend: PodBackend): Promise<OpenAdapter> {
  switch (backend) {
    case "sqlite": {
      const { sqliteAdapter } = await import("../../adapters/sqlite.ts");
      return ({ url = "" }) => sqliteAdapter({ path: url });
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

/** The client library is loaded by an adapter that is not opened. */
async function prepared(open: (url: string) => StorageAdapter): Promise<OpenAdapter> {
  await open("redis://127.0.0.1:1").prepare?.();
  return ({ url = "" }) => open(url);
}
