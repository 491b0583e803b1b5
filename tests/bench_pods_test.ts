// The processes that work for the benchmark, on a real server: what they answer, and that none stays.
import { assert, assertEquals, assertRejects } from "@std/assert";
import { ByteCounter } from "../bench/byte_counter.ts";
import { openRawClient } from "../bench/clients/open.ts";
import { perSecond, Pod, together } from "../bench/pods/pod.ts";
import { openManager, TENANT } from "../bench/store.ts";
import { startServer } from "../scripts/servers/server.ts";
import { serverBinary } from "./support/servers.ts";

Deno.test("what two processes answered is in the store, and both end", async () => {
  await using server = await startServer(await serverBinary("redis"));
  await using manager = await openManager("ioredis", server.url);
  const sessions = manager.tenant(TENANT);
  await sessions.getOrCreate("hot", { n: 0 });
  const job = {
    job: "increment",
    backend: "ioredis",
    url: server.url,
    callers: 8,
    ids: ["hot"],
  } as const;
  let pieces: number;
  {
    await using one = await Pod.start(job);
    await using two = await Pod.start(job);
    const turn = await together([one, two], 100);
    assert(turn.elapsedMs >= 100 && turn.slowestMs > 0 && perSecond(turn) > 0);
    pieces = turn.pieces;
  }
  assertEquals((await sessions.loadFromStore("hot"))!.context.n, pieces);
});

Deno.test("a process that fails is told, and is not waited for", async () => {
  await using server = await startServer(await serverBinary("redis"));
  const job = {
    job: "increment",
    backend: "ioredis",
    url: server.url,
    callers: 1,
    ids: ["nobody"],
  } as const;
  await using pod = await Pod.start(job);
  await assertRejects(() => pod.obey({ turnMs: 10 }), Error, "ended with 1");
});

Deno.test("the link counts every byte each way, and nothing else", async () => {
  await using server = await startServer(await serverBinary("redis"));
  await using counter = await ByteCounter.listen(server.port);
  await using client = await openRawClient("ioredis", counter.url);
  await client.set("key", "value");
  const before = counter.count;
  await client.get("key");
  const { sent, received } = counter.count;
  assertEquals(sent - before.sent, "*2\r\n$3\r\nget\r\n$3\r\nkey\r\n".length);
  assertEquals(received - before.received, "$5\r\nvalue\r\n".length);
});
