import { assertEquals, assertRejects } from "@std/assert";
import { TestStore } from "../chaos/testing.ts";
import { StoreUnavailableError } from "../mod.ts";

Deno.test("a session runs out when the test's clock says so, and not before", async () => {
  await using store = new TestStore();
  const acme = store.openPod({ ttlMs: 60_000 }).tenant("acme");
  await acme.getOrCreate("u", { plan: "free" });
  await store.clock.advance(59_999);
  assertEquals((await acme.get("u"))?.context, { plan: "free" });
  await store.clock.advance(1);
  assertEquals(await acme.get("u"), undefined);
});

Deno.test("pods share the store, and hear of each other", async () => {
  await using store = new TestStore();
  const [one, other] = [store.openPod(), store.openPod()].map((pod) => pod.tenant("acme"));
  await one!.getOrCreate("u");
  assertEquals((await other!.get("u"))?.context, {});
  await one!.increment("u", "n", 3);
  await store.clock.advance(1);
  assertEquals((await other!.get("u"))?.context, { n: 3 });
});

Deno.test("an outage is served from memory, and reconciled when it ends", async () => {
  await using store = new TestStore();
  const [pod, other] = [store.openPod(), store.openPod()];
  const acme = pod.tenant("acme");
  await acme.getOrCreate("u");
  await store.goAway();
  assertEquals([pod.status().store, other.status().store], ["down", "down"]);
  assertEquals(await acme.increment("u", "n"), 1);
  assertEquals((await acme.get("u"))!.degraded, true);
  await store.comeBack();
  const session = (await acme.get("u"))!;
  assertEquals([session.degraded, session.context], [false, { n: 1 }]);
  assertEquals((await other.tenant("acme").get("u"))!.context, { n: 1 });
});

Deno.test("a store that comes back empty is healed by the pods that hold the sessions", async () => {
  await using store = new TestStore();
  const pod = store.openPod();
  await pod.tenant("acme").getOrCreate("u", { plan: "free" });
  const healed: number[] = [];
  pod.on("healed", () => healed.push(1));
  await store.goAway();
  await store.comeBack({ empty: true });
  assertEquals((await pod.tenant("acme").get("u", { fresh: true }))?.context, { plan: "free" });
  assertEquals(healed.length, 1);
  const other = store.openPod().tenant("acme");
  assertEquals((await other.get("u"))?.context, { plan: "free" });
});

Deno.test("with failMode closed the outage is an error; a retry waits on the test's clock", async () => {
  await using store = new TestStore();
  const acme = store.openPod({ failMode: "closed" }).tenant("acme");
  await acme.getOrCreate("u");
  await store.goAway();
  await assertRejects(() => store.during(acme.increment("u", "n")), StoreUnavailableError);
});

Deno.test("what never ends is told instead of waited for", async () => {
  await using store = new TestStore();
  store.openPod();
  await assertRejects(() => store.during(new Promise(() => {})), Error, "Still pending");
});

Deno.test("a pod that was closed is not waited for", async () => {
  await using store = new TestStore();
  const [pod, other] = [store.openPod(), store.openPod()];
  await pod.tenant("acme").getOrCreate("u");
  await pod.close();
  await store.goAway();
  await store.comeBack();
  assertEquals(other.status().store, "up");
});
