/** Servers that stand still (SIGSTOP), and go on later with what they had been sent. */

import { assert, assertEquals } from "@std/assert";
import {
  COMMAND_TIMEOUT_MS,
  idsOf,
  onEachServer,
  OutagePods,
  pause,
  storedSum,
} from "./support/outage.ts";

onEachServer("frozen and resumed, late commands count once", async (server) => {
  await using pods = await OutagePods.open({ url: server.url });
  const ids = idsOf("user", 20);
  await pods.each(({ sessions }) => Promise.all(ids.map((id) => sessions.getOrCreate(id))));
  await server.freeze();
  await pods.each(async (pod) => {
    // These are on their way to the server, which executes them after all when it goes on.
    await Promise.all(ids.map((id) => pod.sessions.increment(id, "n")));
    await pod.isDown();
    for (let round = 0; round < 3; round++) {
      await Promise.all(ids.map((id) => pod.sessions.increment(id, "n")));
      await pause(COMMAND_TIMEOUT_MS);
    }
    assertEquals((await pod.sessions.get(ids[0]!))?.context.n, 4);
  });
  server.resume();
  await pods.each(async (pod) => {
    await pod.manager.flush();
    assertEquals(await storedSum(server.url, pod.backend, ids, "n"), 80);
    assertEquals(pod.told("rejected"), []);
    assertEquals(pod.told("memoryLost"), []);
    await pod.isUp();
    assertEquals(await pod.sessions.increment(ids[0]!, "n"), 5);
  });
});

onEachServer("frozen, of 20 new sessions one waits and all are answered", async (server) => {
  await using pods = await OutagePods.open({ url: server.url });
  await pods.each(({ sessions }) => sessions.getOrCreate("known"));
  await server.freeze();
  const ids = idsOf("new", 20);
  await pods.each(async (pod) => {
    const tookMs: number[] = [];
    for (const id of ids) {
      const startMs = performance.now();
      const session = await pod.sessions.getOrCreate(id, { plan: "free" });
      tookMs.push(performance.now() - startMs);
      assert(session.degraded);
      assertEquals(session.context, { plan: "free" });
    }
    const waited = tookMs.filter((ms) => ms > COMMAND_TIMEOUT_MS / 2);
    assert(waited.length <= 1, `${tookMs.map(Math.round)}`);
    // The rest is for a machine that has other things to do.
    assert(Math.max(...tookMs) < COMMAND_TIMEOUT_MS + 300, `${tookMs.map(Math.round)}`);
    assertEquals(pod.told("degraded").length, 1);
  });
  server.resume();
  await pods.each(async (pod) => {
    await pod.manager.flush();
    await Promise.all(ids.map(async (id) => {
      const session = await pod.sessions.loadFromStore(id);
      assertEquals([session?.context, session?.pending], [{ plan: "free" }, 0]);
    }));
  });
});
