// The kit's parts, each by itself, through the entry points that users have.
import { assert, assertEquals, assertGreater } from "@std/assert";
import { SessionManager } from "@hakgal/sessions";
import { ioredisAdapter } from "@hakgal/sessions/adapters/ioredis";
import { memoryAdapter, MemoryStore } from "@hakgal/sessions/adapters/memory";
import { type CommandInfo, FaultProxy, FaultyAdapter, runChaos } from "@hakgal/sessions/chaos";
import { conformanceCases, runConformance } from "@hakgal/sessions/chaos/conformance";
import { startServer } from "../scripts/servers/server.ts";
import { started } from "./support/server_module.ts";
import { serverBinary } from "./support/servers.ts";

const decoder = new TextDecoder();

Deno.test("the fault proxy alone: an increment whose reply is lost counts once", async () => {
  await using server = await startServer(await serverBinary("redis"));
  let cuts = 0;
  let isArmed = false;
  await using proxy = await FaultProxy.listen({
    upstream: { host: server.host, port: server.port },
    faultFor: ([name]) => {
      if (!isArmed || decoder.decode(name).toUpperCase() !== "EVALSHA") return undefined;
      [isArmed, cuts] = [false, cuts + 1];
      return { kind: "reply-cut" };
    },
  });
  const adapter = ioredisAdapter({ url: `redis://127.0.0.1:${proxy.port}` });
  await using manager = new SessionManager({ adapter });
  const acme = manager.tenant("acme");
  await acme.getOrCreate("user-42");
  isArmed = true;
  await acme.increment("user-42", "tx_count_1h");
  await manager.flush({ timeoutMs: 30_000 });
  assertEquals(cuts, 1);
  assertEquals((await acme.get("user-42", { fresh: true }))?.context, { tx_count_1h: 1 });
});

Deno.test("the conformance suite alone: it passes on a server, and fails where replies are lost", async () => {
  const names = conformanceCases().slice(0, 12).map(({ name }) => name);
  const filter = ({ name }: { readonly name: string }) => names.includes(name);
  await using server = await startServer(await serverBinary("redis"));
  const create = () => ioredisAdapter({ url: server.url });
  const good = await runConformance({ name: "mine", create }, { filter });
  assertEquals([good.passed, good.failed, good.skipped], [names.length, 0, 0]);
  const store = new MemoryStore();
  const faultFor = ({ kind }: CommandInfo) =>
    kind === "commit" ? { kind: "reply-cut" } as const : undefined;
  const lossy = () => new FaultyAdapter(memoryAdapter({ store }), { faultFor });
  const bad = await runConformance({ name: "mine", create: lossy }, { filter });
  assertEquals([bad.passed, bad.failed], [0, names.length]);
});

Deno.test("runChaos starts a module's own store, takes it away, and stops it", async () => {
  const result = await runChaos({
    adapterModule: new URL("./support/server_module.ts", import.meta.url),
    ...{ faults: ["server-restart", "store-freeze"], seed: 1, runs: 8, timeLimitMs: 240_000 },
  });
  assertEquals([result.verdict, result.exitCode], ["held", 0], result.explanation);
  const [backend] = result.backends;
  assertGreater(backend!.faults["server-restart"], 0, result.explanation);
  assertGreater(backend!.faults["store-freeze"], 0, result.explanation);
  assertGreater(started.length, 0);
  const done = started.flatMap((one) => one.done);
  for (const what of ["kill", "restart", "freeze", "resume"]) assert(done.includes(what), what);
  for (const { server, done } of started) {
    assertEquals([server.isRunning, done.at(-1)], [false, "stop"]);
  }
});
