/**
 * One counter in a session of ten vectors of 1,536 numbers: what a firewall does on every request.
 *
 * @module
 */

import { Redis } from "ioredis";
import { encodeBatch } from "../adapters/redis/layout.ts";
import { COMMIT } from "../adapters/redis/scripts.ts";
import { ioredisAdapter } from "../adapters/ioredis.ts";
import { type CommitBatch, SessionManager, type StorageAdapter } from "../mod.ts";
import { measure, type MeasureOptions, type Rates } from "./measure.ts";
import type { Peer, PlainSession } from "./peers.ts";

const LANES = 64;
const IDS = Array.from({ length: LANES }, (_, lane) => `bench-${lane}`);

/** Increments a second: ours, a raw EVALSHA of the same script, and the peers' read, add, write. */
export async function counterRates(
  url: string,
  peers: readonly Peer[],
  options: Omit<MeasureOptions, "concurrency">,
): Promise<Rates> {
  const client = new Redis(url);
  const recorded: { key: string; batch: CommitBatch }[] = [];
  const adapter = recording(ioredisAdapter({ client }), recorded);
  const manager = new SessionManager({ adapter, idSecret: "a secret for the bench" });
  try {
    const acme = manager.tenant("bench");
    const vector = new Float32Array(1_536).fill(0.123456789);
    for (const id of IDS) {
      await acme.getOrCreate(id, { plan: "free" });
      await acme.apply(id, { append: Array(10).fill(vector), set: { n: 0 } });
    }
    recorded.length = 0;
    for (const id of IDS) await acme.increment(id, "n");
    const raw = rawCommits(client, recorded.map((command) => ({ ...command })));
    recorded.length = 0;
    const plain: PlainSession = {
      context: { n: 0 },
      trajectory: Array.from({ length: 10 }, () => Array.from(vector)),
    };
    for (const peer of peers) for (const id of IDS) await peer.set(id, plain);
    return await measure([
      { name: "raw EVALSHA", work: raw },
      { name: "ours, 64 sessions", work: (lane) => acme.increment(IDS[lane]!, "n") },
      { name: "ours, one hot session", work: () => acme.increment(IDS[0]!, "n") },
      ...peers.map((peer) => ({
        name: peer.name,
        async work(lane: number) {
          const session = await peer.get(IDS[lane]!);
          session.context.n = (session.context.n ?? 0) + 1;
          await peer.set(IDS[lane]!, session);
        },
      })),
    ], { ...options, concurrency: LANES });
  } finally {
    await manager.close();
    client.disconnect();
  }
}

/** The manager's own commands, sent without the manager: a writer and a session for each lane. */
function rawCommits(
  client: Redis,
  commands: readonly { key: string; batch: CommitBatch }[],
): (lane: number) => Promise<unknown> {
  let seq = 0;
  const sha = client.script("LOAD", COMMIT.text);
  return async (lane) => {
    const { key, batch } = commands[lane]!;
    const { prev: _, ...rest } = batch;
    const args = encodeBatch({ ...rest, writer: "raw", seq: ++seq });
    return await client.evalsha(await sha as string, 1, key, ...args as string[]);
  };
}

function recording(
  inner: StorageAdapter,
  recorded: { key: string; batch: CommitBatch }[],
): StorageAdapter {
  const commit: StorageAdapter["commit"] = (key, batch, options) => {
    if (recorded.length < LANES) recorded.push({ key, batch });
    return inner.commit(key, batch, options);
  };
  return new Proxy(inner, {
    get(target, name) {
      if (name === "commit") return commit;
      const value = Reflect.get(target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}
