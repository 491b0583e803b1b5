/**
 * A pod takes over 10,000 sessions of another that died.
 *
 * @module
 */

import { Redis } from "ioredis";
import { KeySpace } from "../core/key_space.ts";
import { SessionManager } from "../mod.ts";
import { type Rates, time } from "./measure.ts";

const SESSIONS = 10_000;
const PIPELINE = 256;
const SECRET = "a secret for the bench";

/** Sessions a second: `recover`, and a raw pipelined HGETALL of the same records. */
export async function recoveryRates(url: string, turns: number): Promise<Rates> {
  const ids = Array.from({ length: SESSIONS }, (_, index) => `recover-${index}`);
  const options = { backend: "ioredis", url, idSecret: SECRET } as const;
  await using manager = await SessionManager.open(options);
  const acme = manager.tenant("bench");
  for (let start = 0; start < SESSIONS; start += PIPELINE) {
    const slice = ids.slice(start, start + PIPELINE);
    await Promise.all(slice.map((id) => acme.getOrCreate(id, { request_count: 42 })));
  }
  const keySpace = new KeySpace("hakgal", SECRET);
  const keys = ids.map((id) => keySpace.session("bench", id).storeKey);
  const client = new Redis(url);
  try {
    return await time([
      { name: "raw pipelined HGETALL", job: () => hgetallAll(client, keys) },
      {
        name: "ours",
        async job() {
          manager.clearCache();
          return (await acme.recover(ids)).size;
        },
      },
    ], turns);
  } finally {
    client.disconnect();
  }
}

async function hgetallAll(client: Redis, keys: readonly string[]): Promise<number> {
  for (let start = 0; start < keys.length; start += PIPELINE) {
    const pipeline = client.pipeline();
    for (const key of keys.slice(start, start + PIPELINE)) pipeline.hgetallBuffer(key);
    await pipeline.exec();
  }
  return keys.length;
}
