/** How commands of one turn are sent: in portions, and in order. */

import { assert, assertEquals } from "@std/assert";
import { createClient } from "@redis/client";
import { Redis } from "ioredis";
import { setImmediate } from "node:timers";
import { ioredisAdapter } from "../adapters/ioredis.ts";
import { nodeRedisAdapter, type NodeRedisClient } from "../adapters/node_redis.ts";
import { PORTION } from "../adapters/redis/driver.ts";
import { startServer } from "../scripts/servers/server.ts";
import { CALL, POD_KEY } from "./redis_support.ts";
import { serverBinary } from "./support/servers.ts";

const KEYS = Array.from({ length: 2 * PORTION + 5 }, (_, index) => `portion:${index}`);
/** The reads, and the clock that is read before them. */
const COMMANDS = KEYS.length + 1;

Deno.test("ioredis: what one turn sends is written in portions", async () => {
  await using server = await startServer(await serverBinary("redis"));
  const client = new Redis(server.url, { lazyConnect: true });
  await client.connect();
  try {
    const adapter = ioredisAdapter({ client });
    await adapter.open({ ...CALL, podKey: POD_KEY });
    const { stream } = client;
    let pieces = 0;
    const uncork = stream.uncork.bind(stream);
    stream.uncork = () => {
      pieces++;
      uncork();
    };
    await adapter.loadMany!(KEYS, { tombstoneMs: 1 }, CALL);
    assertEquals(pieces, Math.ceil(COMMANDS / PORTION));
    assertEquals(stream.writableCorked, 0);
    await adapter.close();
  } finally {
    client.disconnect();
  }
});

Deno.test("node-redis: what one turn is given is sent in portions, in order", async () => {
  await using server = await startServer(await serverBinary("redis"));
  const client = createClient({ url: server.url, commandOptions: { timeout: 0 } });
  await client.connect();
  try {
    const sent: { key: string; turn: number }[] = [];
    let turn = 0;
    let isCounting = true;
    const count = (): void => {
      turn++;
      if (isCounting) setImmediate(count);
    };
    const watched = new Proxy(client as unknown as NodeRedisClient, {
      get(target, name) {
        if (name !== "sendCommand") return Reflect.get(target, name, target);
        return (...[args, options]: Parameters<NodeRedisClient["sendCommand"]>) => {
          sent.push({ key: String(args[1] ?? args[0]), turn });
          return target.sendCommand(args, options);
        };
      },
    });
    const adapter = nodeRedisAdapter({ client: watched });
    await adapter.open({ ...CALL, podKey: POD_KEY });
    sent.length = 0;
    count();
    await adapter.loadMany!(KEYS, { tombstoneMs: 1 }, CALL).finally(() => isCounting = false);
    const inOrder = sent.map(({ key }) => key).filter((key) => KEYS.includes(key));
    // Those that are missing are asked for again, by the script.
    assertEquals(inOrder.slice(0, KEYS.length), KEYS);
    const perTurn = Map.groupBy(sent, ({ turn }) => turn);
    assert([...perTurn.values()].every((commands) => commands.length <= PORTION));
    assert(perTurn.size > 2, "all was sent in one turn");
    await adapter.close();
  } finally {
    client.destroy();
  }
});
