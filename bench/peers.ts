/**
 * What people use today, each doing the same work on the same server: a session is one value, read and written as a
 * whole.
 *
 * @module
 */

// Named here and not in deno.json, so that only who runs the bench fetches them.
import KeyvRedis from "npm:@keyv/redis@^5.1.6";
import { BentoCache, bentostore } from "npm:bentocache@^1.6.1";
import { memoryDriver } from "npm:bentocache@^1.6.1/drivers/memory";
import { redisDriver } from "npm:bentocache@^1.6.1/drivers/redis";
import { RedisStore } from "npm:connect-redis@^10.0.0";
import Keyv from "npm:keyv@^6.1.0";
import { createStorage } from "npm:unstorage@^1.17.6";
import unstorageRedis from "npm:unstorage@^1.17.6/drivers/redis";
import { createClient } from "redis";
import type { Peer, PlainSession } from "./peer.ts";

/** A year, in seconds: no value of the bench runs out. */
const TTL_S = 31_536_000;

/** Connects every one of them. */
export async function openPeers(url: string): Promise<Peer[]> {
  return [await connectRedis(url), keyv(url), bentocache(url), unstorage(url)];
}

async function connectRedis(url: string): Promise<Peer> {
  const client = createClient({ url });
  await client.connect();
  const store = new RedisStore({ client, prefix: "connect-redis:", ttl: TTL_S });
  return {
    name: "connect-redis",
    get: (id) => store.get(id) as unknown as Promise<PlainSession>,
    set: (id, session) => store.set(id, session as never) as unknown as Promise<void>,
    [Symbol.asyncDispose]: () => client.close(),
  };
}

function keyv(url: string): Peer {
  const store = new Keyv({ store: new KeyvRedis(url), namespace: "keyv" });
  return {
    name: "keyv",
    get: (id) => store.get(id) as Promise<PlainSession>,
    set: (id, session) => store.set(id, session, TTL_S * 1_000),
    async [Symbol.asyncDispose]() {
      await store.disconnect();
    },
  };
}

/** With its memory and Redis tiers. */
function bentocache(url: string): Peer {
  const { hostname: host, port } = new URL(url);
  const connection = { host, port: Number(port) };
  const cache = new BentoCache({
    default: "tiers",
    stores: {
      tiers: bentostore()
        .useL1Layer(memoryDriver({ maxItems: 10_000 }))
        .useL2Layer(redisDriver({ connection })),
    },
  });
  return {
    name: "bentocache",
    get: (key) => cache.get({ key }) as Promise<PlainSession>,
    set: (key, value) => cache.set({ key, value, ttl: "1h" }),
    [Symbol.asyncDispose]: () => cache.disconnectAll(),
  };
}

function unstorage(url: string): Peer {
  const storage = createStorage<PlainSession>({
    driver: unstorageRedis({ url, base: "unstorage", ttl: TTL_S }),
  });
  return {
    name: "unstorage",
    get: (id) => storage.getItem(id) as Promise<PlainSession>,
    set: (id, session) => storage.setItem(id, session),
    [Symbol.asyncDispose]: () => storage.dispose(),
  };
}
