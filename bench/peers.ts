/**
 * What people use today, each doing the same work on the same server.
 *
 * @module
 */

// Named here and not in deno.json, so that only who runs the bench fetches them.
import { BentoCache, bentostore } from "npm:bentocache@^1.6.1";
import { memoryDriver } from "npm:bentocache@^1.6.1/drivers/memory";
import { redisDriver } from "npm:bentocache@^1.6.1/drivers/redis";
import { RedisStore } from "npm:connect-redis@^10.0.0";
import { createClient } from "redis";

/** A session as the peers keep it: one value, read and written as a whole. */
export interface PlainSession {
  readonly context: Record<string, number>;
  readonly trajectory: number[][];
}

/** A session library that keeps whole values. */
export interface Peer extends AsyncDisposable {
  readonly name: string;
  get(id: string): Promise<PlainSession>;
  set(id: string, session: PlainSession): Promise<unknown>;
}

/** connect-redis 10 on node-redis. */
export async function connectRedis(url: string): Promise<Peer> {
  const client = createClient({ url });
  await client.connect();
  const store = new RedisStore({ client, prefix: "peer:" });
  return {
    name: "connect-redis",
    get: (id) => store.get(id) as unknown as Promise<PlainSession>,
    set: (id, session) => store.set(id, session as never) as unknown as Promise<void>,
    [Symbol.asyncDispose]: () => client.close(),
  };
}

/** bentocache 1.6 with its memory and Redis tiers. */
export function bentocache(url: string): Peer {
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
