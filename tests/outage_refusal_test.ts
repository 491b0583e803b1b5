/** Servers that answer, and do not serve: loading, read-only, out of memory, without their scripts. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { StoreRejectedError } from "../mod.ts";
import type { RunningServer } from "../scripts/servers/server.ts";
import {
  idsOf,
  onEachServer,
  type OutagePod,
  OutagePods,
  PATIENT,
  storedSum,
  until,
} from "./support/outage.ts";
import { WireProxy } from "./support/wire_proxy.ts";

const IDS = idsOf("user", 5);

function createAll({ sessions }: OutagePod): Promise<unknown> {
  return Promise.all(IDS.map((id) => sessions.getOrCreate(id)));
}

async function incrementAll({ sessions }: OutagePod): Promise<void> {
  await Promise.all(IDS.map((id) => sessions.increment(id, "n")));
}

/** Everything is in the store, and nobody was told otherwise. */
async function assertSum(server: RunningServer, pod: OutagePod, expected: number): Promise<void> {
  await pod.manager.flush();
  assertEquals(await storedSum(server.url, pod.backend, IDS, "n"), expected);
  assertEquals(pod.told("rejected"), []);
}

onEachServer("LOADING is an outage with its reason, in which nothing is lost", async (server) => {
  await using pods = await OutagePods.open({ url: server.url });
  await pods.each(createAll);
  await server.command("DEBUG", "POPULATE", "1000", "filler", "100");
  await server.command("CONFIG", "SET", "loading-process-events-interval-bytes", "1024");
  await server.command("CONFIG", "SET", "key-load-delay", "1000");
  let isLoading = true;
  await Promise.all([
    server.command("DEBUG", "RELOAD").finally(() => isLoading = false),
    until(
      "the server loads",
      () => server.command("PING").then(() => false, (error) => /LOADING/.test(error.message)),
    )
      .then(() =>
        pods.each(async (pod) => {
          await incrementAll(pod);
          await pod.isDown();
          assert(isLoading);
          await incrementAll(pod);
          const [degraded] = pod.told("degraded");
          assert(/LOADING/.test(degraded!.reason), degraded!.reason);
        })
      ),
  ]);
  await pods.each(async (pod) => {
    await pod.isUp();
    await assertSum(server, pod, 10);
  });
});

onEachServer("READONLY in a failover is an outage with its reason", async (server) => {
  await using pods = await OutagePods.open({ url: server.url });
  await pods.each(createAll);
  await server.command("REPLICAOF", "127.0.0.1", "1");
  await pods.each(async (pod) => {
    await incrementAll(pod);
    await pod.isDown();
    await incrementAll(pod);
    assert(/READONLY/.test(pod.told("degraded")[0]!.reason), pod.told("degraded")[0]!.reason);
    assertEquals((await pod.sessions.get(IDS[0]!))?.context.n, 2);
  });
  await server.command("REPLICAOF", "NO", "ONE");
  await pods.each(async (pod) => {
    await pod.isUp();
    await assertSum(server, pod, 10);
  });
});

onEachServer("OOM is told to writers, and readers do not notice", async (server) => {
  await using pods = await OutagePods.open({ url: server.url, ...PATIENT });
  await pods.each(createAll);
  await pods.each(incrementAll);
  await server.command("CONFIG", "SET", "maxmemory", "1");
  await pods.each(async ({ sessions, manager }) => {
    const refused = await assertRejects(
      () => sessions.increment("user-0", "n"),
      StoreRejectedError,
    );
    assertEquals(refused.code, "OOM");
    await assertRejects(() => sessions.getOrCreate("other"), StoreRejectedError);
    const session = await sessions.loadFromStore("user-0");
    assertEquals([session?.context.n, session?.degraded], [1, false]);
    assertEquals(manager.status(), { ...manager.status(), store: "up", journaled: 0 });
  });
  await server.command("CONFIG", "SET", "maxmemory", "0");
  await pods.each(async (pod) => {
    await incrementAll(pod);
    await assertSum(server, pod, 10);
    assertEquals(pod.told("degraded"), []);
  });
});

onEachServer("journaled writes that meet OOM wait until there is room", async (server) => {
  await using proxy = await WireProxy.listen(server.port);
  await using pods = await OutagePods.open({ url: proxy.url });
  await pods.each(createAll);
  proxy.refuses = true;
  proxy.cut();
  await pods.each(async (pod) => {
    await incrementAll(pod);
    await pod.isDown();
  });
  await server.command("CONFIG", "SET", "maxmemory", "1");
  proxy.refuses = false;
  await pods.each(async (pod) => {
    await until("the journal is stalled", () => pod.told("stalled").length > 0);
    assertEquals(pod.told("stalled").map(({ code }) => code), ["OOM"]);
    const { store, journaled } = pod.manager.status();
    assertEquals([store, journaled], ["recovering", IDS.length]);
    const session = await pod.sessions.get("user-0");
    assertEquals([session?.context.n, session?.pending], [1, 1]);
    const refused = await assertRejects(
      () => pod.sessions.increment("user-0", "n"),
      StoreRejectedError,
    );
    assertEquals(refused.code, "OOM");
  });
  await server.command("CONFIG", "SET", "maxmemory", "0");
  await pods.each(async (pod) => {
    await pod.isUp();
    await assertSum(server, pod, 5);
  });
});

onEachServer("SCRIPT FLUSH is noticed by nobody", async (server) => {
  await using pods = await OutagePods.open({ url: server.url, ...PATIENT });
  await pods.each(createAll);
  for (let round = 0; round < 5; round++) {
    await Promise.all([pods.each(incrementAll), server.command("SCRIPT", "FLUSH")]);
  }
  await pods.each(async (pod) => {
    await assertSum(server, pod, 25);
    assertEquals(pod.told("degraded"), []);
  });
});
