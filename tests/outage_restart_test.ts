/** Servers that are killed and come back: with their data, without it, and with older data. */

import { assert, assertEquals } from "@std/assert";
import { idsOf, onEachServer, OutagePods, stored, storedSum } from "./support/outage.ts";

onEachServer("killed and restarted with its data, every increment counts once", async (server) => {
  await using pods = await OutagePods.open({ url: server.url });
  const ids = idsOf("user", 20);
  await pods.each(({ sessions }) => Promise.all(ids.map((id) => sessions.getOrCreate(id))));
  // Some are under way when it dies: nobody knows whether they were applied.
  await Promise.all([
    pods.each(({ sessions }) => Promise.all(ids.map((id) => sessions.increment(id, "n")))),
    server.kill(),
  ]);
  await pods.each(async (pod) => {
    await Promise.all(ids.map((id) => pod.sessions.increment(id, "n")));
    await pod.isDown();
    const session = await pod.sessions.get(ids[0]!);
    assert(session?.degraded && session.pending > 0);
    assertEquals(session.context.n, 2);
  });
  await server.restart();
  await pods.each(async (pod) => {
    await pod.isUp();
    await pod.manager.flush();
    assertEquals(await storedSum(server.url, pod.backend, ids, "n"), 40);
    assertEquals(pod.told("rejected"), []);
  });
}, { persistence: "aof-unsynced" });

onEachServer(
  "killed and back empty, 1,000 increments of 200 sessions are there",
  async (server) => {
    await using pods = await OutagePods.open({ url: server.url });
    const ids = idsOf("user", 200);
    await pods.each(async (pod) => {
      for (const id of ids) await pod.sessions.getOrCreate(id, { plan: "free" });
      // On a slow machine there may have been an outage already.
      await pod.isUp();
    });
    const degradedBefore = new Map(pods.all.map((pod) => [pod, pod.told("degraded").length]));
    await server.kill();
    await pods.each(async (pod) => {
      await Promise.all(
        Array.from({ length: 1_000 }, (_, index) => pod.sessions.increment(ids[index % 200]!, "n")),
      );
      await pod.isDown();
      const session = await pod.sessions.get(ids[7]!);
      assertEquals([session?.degraded, session?.pending, session?.context.n], [true, 5, 5]);
    });
    await server.restart({ empty: true });
    await pods.each(async (pod) => {
      await pod.manager.flush();
      const contexts = await stored(server.url, pod.backend, ids);
      assertEquals(contexts.size, 200);
      for (const context of contexts.values()) assertEquals(context, { plan: "free", n: 5 });
      assert(pod.told("degraded").length > degradedBefore.get(pod)!);
      assertEquals(pod.told("memoryLost").length, 1);
      assertEquals(pod.told("healed").length, 200);
      assertEquals(pod.told("rejected"), []);
      await pod.isUp();
      assertEquals(await pod.sessions.increment(ids[0]!, "n"), 6);
    });
  },
);

onEachServer(
  "back from an older snapshot, it gets back what it had acknowledged",
  async (server) => {
    await using pods = await OutagePods.open({ url: server.url });
    await pods.each(async ({ sessions }) => {
      for (const id of ["kept", "dead", "deadOffline"]) await sessions.getOrCreate(id, { n: 1 });
    });
    await server.command("SAVE");
    await Deno.copyFile(`${server.dir}/data/dump.rdb`, `${server.dir}/older.rdb`);
    await pods.each(async ({ sessions }) => {
      assertEquals(await sessions.increment("kept", "n"), 2);
      assertEquals(await sessions.destroy("dead"), true);
      await sessions.getOrCreate("younger", { n: 10 });
    });
    await server.kill();
    await pods.each(async (pod) => {
      assertEquals(await pod.sessions.increment("kept", "n"), 3);
      assertEquals(await pod.sessions.increment("younger", "n"), 11);
      assertEquals(await pod.sessions.destroy("deadOffline"), true);
      await pod.isDown();
    });
    await Deno.copyFile(`${server.dir}/older.rdb`, `${server.dir}/data/dump.rdb`);
    await server.restart();
    await pods.each(async (pod) => {
      await pod.manager.flush();
      const ids = ["kept", "younger", "dead", "deadOffline"];
      assertEquals(
        [...await stored(server.url, pod.backend, ids)],
        [["kept", { n: 3 }], ["younger", { n: 11 }]],
      );
      assertEquals(pod.told("lost"), []);
      assertEquals(pod.told("rejected"), []);
    });
  },
);
