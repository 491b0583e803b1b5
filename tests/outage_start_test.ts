/** Servers that are away when a pod starts. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { StoreUnavailableError } from "../mod.ts";
import {
  CLIENTS,
  COMMAND_TIMEOUT_MS,
  idsOf,
  onEachServer,
  OutagePod,
  OutagePods,
  stored,
} from "./support/outage.ts";

onEachServer("refused from the start, everything journaled arrives by itself", async (server) => {
  await server.kill();
  await using pods = await OutagePods.open({ url: server.url });
  const ids = idsOf("user", 10);
  await pods.each(async (pod) => {
    assertEquals(pod.manager.status().store, "down");
    assert(pod.told("warning").some(({ code }) => code === "STORE_AWAY"));
    await Promise.all(ids.map(async (id) => {
      assertEquals((await pod.sessions.getOrCreate(id, { plan: "free" })).degraded, true);
      assertEquals(await pod.sessions.increment(id, "n"), 1);
    }));
    assertEquals(await pod.sessions.get("unknown"), undefined);
  });
  await server.restart({ empty: true });
  await pods.each(async (pod) => {
    await pod.isUp();
    const contexts = await stored(server.url, pod.backend, ids);
    assertEquals([...contexts.values()], ids.map(() => ({ plan: "free", n: 1 })));
    assertEquals(pod.told("reconciled").map(({ rejected }) => rejected), [0]);
    await pod.manager.flush();
  });
});

onEachServer("frozen from the start, opening waits for one timeout", async (server) => {
  await server.freeze();
  const startMs = performance.now();
  await using pods = await OutagePods.open({ url: server.url });
  assert(performance.now() - startMs < 3 * COMMAND_TIMEOUT_MS, `${performance.now() - startMs} ms`);
  await pods.each(async (pod) => {
    await pod.sessions.getOrCreate("user", { plan: "free" });
    assertEquals(await pod.sessions.increment("user", "n"), 1);
  });
  server.resume();
  await pods.each(async (pod) => {
    await pod.isUp();
    const contexts = await stored(server.url, pod.backend, ["user"]);
    assertEquals(contexts.get("user"), { plan: "free", n: 1 });
  });
});

onEachServer("with failMode closed, opening and calls tell that it is away", async (server) => {
  await using pods = await OutagePods.open({ url: server.url, failMode: "closed" });
  await pods.each(({ sessions }) => sessions.getOrCreate("user"));
  await server.kill();
  await pods.each(async (pod) => {
    await assertRejects(() => pod.sessions.increment("user", "n"), StoreUnavailableError);
    await pod.isDown();
    const startMs = performance.now();
    await assertRejects(() => pod.sessions.getOrCreate("other"), StoreUnavailableError);
    assert(performance.now() - startMs < COMMAND_TIMEOUT_MS / 2);
    assertEquals(pod.manager.status().journaled, 0);
  });
  await Promise.all(CLIENTS.map((client) =>
    assertRejects(
      () => OutagePod.open(client, { url: server.url, failMode: "closed" }),
      StoreUnavailableError,
    )
  ));
  await server.restart();
  await pods.each(async (pod) => {
    await pod.isUp();
    await pod.sessions.getOrCreate("other");
  });
});
