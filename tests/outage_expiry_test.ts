/** Sessions that run out, or are destroyed, while pods are cut off from their store. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { SessionNotFoundError, UnkeptWritesError } from "../mod.ts";
import {
  CLIENTS,
  onEachServer,
  OutagePod,
  OutagePods,
  pause,
  stored,
  until,
} from "./support/outage.ts";
import { WireProxy } from "./support/wire_proxy.ts";

const TTL_MS = 1_200;
/** The grace is longer than a pod may take to find its store again. */
const OPTIONS = { ttlMs: TTL_MS, graceMs: 60_000 };

/** The link is down from now on. */
function cutOff(proxy: WireProxy): void {
  proxy.refuses = true;
  proxy.cut();
}

onEachServer(
  "a TTL that passes: what was written to stays, what was not is gone",
  async (server) => {
    await using proxy = await WireProxy.listen(server.port);
    await using pods = await OutagePods.open({ url: proxy.url, ...OPTIONS });
    await using witnesses = await OutagePods.open({ url: server.url, ...OPTIONS });
    await pods.each(({ sessions }) =>
      Promise.all(["idle", "busy", "told"].map((id) => sessions.getOrCreate(id, { n: 0 })))
    );
    const createdAtMs = performance.now();
    cutOff(proxy);
    const written = new Map<OutagePod, number>();
    await pods.each(async (pod) => {
      const { sessions } = pod;
      let writes = 0;
      while (performance.now() < createdAtMs + TTL_MS + 200) {
        writes++;
        assertEquals(await sessions.increment("busy", "n"), writes);
        assertEquals(await sessions.increment("told", "n"), writes);
        await pause(50);
      }
      written.set(pod, writes);
      assertEquals(await sessions.get("idle"), undefined);
      const error = await assertRejects(
        () => sessions.increment("idle", "n"),
        SessionNotFoundError,
      );
      assertEquals(error.reason, "expired");
    });
    // The store does not know of the writes; whoever asks it is told that the session has expired.
    await witnesses.each(async ({ sessions }) => {
      assertEquals(await sessions.get("told"), undefined);
    });
    proxy.refuses = false;
    await pods.each(async (pod) => {
      let writes = written.get(pod)!;
      // It may take longer than the TTL to find the store again.
      await until(`${pod.backend} has recovered`, async () => {
        assertEquals(await pod.sessions.increment("busy", "n"), ++writes);
        const { store, journaled } = pod.manager.status();
        return store === "up" && journaled === 0;
      });
      const contexts = await stored(server.url, pod.backend, ["idle", "busy", "told"]);
      assertEquals([...contexts], [["busy", { n: writes }]]);
      const error = await assertRejects(() => pod.manager.flush(), UnkeptWritesError);
      assert(error.writes.every(({ reason }) => reason === "expired"), error.message);
      const lost = error.writes.reduce((sum, { operations }) => sum + operations, 0);
      assertEquals(lost, written.get(pod));
      assertEquals(await pod.sessions.get("told"), undefined);
      assertEquals(await pod.sessions.get("idle"), undefined);
    });
  },
);

async function twoPods(client: typeof CLIENTS[number], port: number, url: string): Promise<void> {
  await using proxy1 = await WireProxy.listen(port);
  await using proxy2 = await WireProxy.listen(port);
  await using pod1 = await OutagePod.open(client, { url: proxy1.url });
  await using pod2 = await OutagePod.open(client, { url: proxy2.url });
  for (const id of ["first", "second", "anew"]) {
    await pod1.sessions.getOrCreate(id, { n: 0 });
    await pod2.sessions.getOrCreate(id);
  }
  cutOff(proxy1);
  cutOff(proxy2);

  assertEquals(await pod1.sessions.destroy("first"), true);
  assertEquals(await pod1.sessions.get("first"), undefined);
  assertEquals(await pod1.sessions.increment("second", "n"), 1);
  assertEquals(await pod1.sessions.destroy("anew"), true);
  await pod1.sessions.getOrCreate("anew", { n: 10 });
  assertEquals(await pod1.sessions.increment("anew", "n"), 11);

  assertEquals(await pod2.sessions.increment("first", "n"), 1);
  assertEquals(await pod2.sessions.destroy("second"), true);
  assertEquals(await pod2.sessions.increment("anew", "n"), 1);
  await Promise.all([pod1.isDown(), pod2.isDown()]);

  proxy1.refuses = false;
  await pod1.isUp();
  await pod1.manager.flush();
  proxy2.refuses = false;
  await until("nothing waits", () => pod2.manager.status().journaled === 0);
  // What was written to a session that somebody had destroyed is told, and not written to its successor.
  const error = await assertRejects(() => pod2.manager.flush(), UnkeptWritesError);
  assertEquals(error.writes.map(({ reason, operations }) => [reason, operations]), [
    ["destroyed", 1],
    ["destroyed", 1],
  ]);
  const ids = ["first", "second", "anew"];
  assertEquals([...await stored(url, client, ids)], [["anew", { n: 11 }]]);
  for (const { sessions } of [pod1, pod2]) {
    assertEquals(await sessions.loadFromStore("first"), undefined);
    assertEquals(await sessions.loadFromStore("second"), undefined);
    assertEquals((await sessions.loadFromStore("anew"))?.context, { n: 11 });
  }
}

onEachServer("a destroy on one pod, writes on another: the session stays dead", async (server) => {
  await Promise.all(CLIENTS.map((client) => twoPods(client, server.port, server.url)));
});
