import { inspect } from "node:util";
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { SessionNotFoundError } from "../mod.ts";
import { reconciled, takeAway } from "./support/away.ts";
import { World } from "./support/world.ts";

Deno.test("a cached read asks nobody, and is at most maxStalenessMs behind", async () => {
  const world = new World();
  const [p0, p1] = [world.pod({ maxStalenessMs: 300 }), world.pod()];
  await p0.acme.getOrCreate("u", { n: 0 });
  await world.clock.advance(100);
  await p1.acme.updateContext("u", { n: 1 });
  const { loads } = p0.link;
  await world.clock.advance(199);
  assertEquals((await p0.acme.get("u"))!.context, { n: 0 });
  assertEquals(p0.link.loads, loads);
  await world.clock.advance(1);
  assertEquals((await p0.acme.get("u"))!.context, { n: 1 });
});

Deno.test("maxStalenessMs 0 asks the store each time", async () => {
  const world = new World();
  const [p0, p1] = [world.pod({ maxStalenessMs: 0 }), world.pod()];
  await p0.acme.getOrCreate("u", { n: 0 });
  await p1.acme.updateContext("u", { n: 1 });
  assertEquals((await p0.acme.get("u"))!.context, { n: 1 });
});

Deno.test("an unchanged session is revalidated without being read", async () => {
  const world = new World();
  const p0 = world.pod({ maxStalenessMs: 100 });
  await p0.acme.getOrCreate("u", { n: 0 });
  await world.clock.advance(100);
  let outcome = "";
  p0.link.next("load", async (execute) => {
    const reply = await execute();
    outcome = (reply as { outcome: string }).outcome;
    return reply;
  });
  await p0.acme.get("u");
  assertEquals(outcome, "unchanged");
  const { loads } = p0.link;
  await p0.acme.get("u");
  assertEquals(p0.link.loads, loads, "fresh again");
});

Deno.test("a load says that the pod is registered while the directory names it, and not else", async () => {
  const world = new World();
  const [p0, p1] = [world.pod(), world.pod()];
  const registered = () => p0.link.requests.splice(0).map(({ isRegistered }) => isRegistered);
  await p0.acme.getOrCreate("u", { n: 0 });
  registered();
  await p0.acme.get("u", { fresh: true });
  assertEquals(registered(), [true], "by its own commit");
  await p1.acme.increment("u", "n");
  await p0.acme.get("u", { fresh: true });
  await p0.acme.get("u", { fresh: true });
  assertEquals(registered(), [true, true], "by the load of what the other pod wrote");
  await p1.acme.get("u", { fresh: true });
  // A lane that has just answered would keep its entry.
  await p1.manager.flush();
  p1.manager.clearCache();
  await p1.manager.tenant("acme").recover(["u"]);
  p1.link.requests.length = 0;
  for (let times = 0; times < 2; times++) await p1.acme.get("u", { fresh: true });
  const answers = p1.link.requests.map(({ isRegistered }) => isRegistered);
  assertEquals(answers, [false, true], "what is loaded with many others is not registered yet");
});

Deno.test("a bound of the store's time is not taken for its time", async () => {
  const world = new World();
  const p0 = world.pod();
  await p0.acme.getOrCreate("u", { n: 0 });
  p0.link.next("load", async (execute) => {
    const reply = await execute();
    const { storeTimeMs } = reply as { storeTimeMs: number };
    return { ...reply, storeTimeMs: storeTimeMs + 5_000, isTimeBound: true };
  });
  await p0.acme.get("u", { fresh: true });
  const { sent } = p0.link;
  await p0.acme.increment("u", "n");
  const { firstSentAtMs } = sent.at(-1)!;
  const now = (await world.store.load("-", { tombstoneMs: 1 })).storeTimeMs;
  assert(firstSentAtMs <= now, `${firstSentAtMs} is not later than ${now}`);
});

Deno.test("another pod's commit, destroy and rotate are heard of at once", async () => {
  const world = new World();
  const [p0, p1] = [world.pod({ hears: true }), world.pod({ hears: true })];
  await p0.acme.getOrCreate("u", { n: 0 });
  await p1.acme.increment("u", "n");
  assertEquals((await p0.acme.get("u"))!.context, { n: 1 });
  await p0.acme.increment("u", "n");
  assertEquals((await p1.acme.get("u"))!.context, { n: 2 });
  await p1.acme.rotate("u", "v");
  assertEquals(await p0.acme.get("u"), undefined);
  assertEquals((await p0.acme.get("v"))!.context, { n: 2 });
  await p1.acme.destroy("v");
  assertEquals(await p0.acme.get("v"), undefined);
});

Deno.test("a pod that nobody else touches the sessions of is told nothing, and tells nothing", async () => {
  const world = new World();
  const p0 = world.pod({ hears: true });
  world.pod({ hears: true });
  let told = 0;
  for (const pod of [p0.manager.podId, "all"]) {
    world.store.subscribe(`hakgal:tenant:acme:inbox:${pod}`, {
      onInvalidation: () => told++,
      onGap: () => {},
    });
  }
  await p0.acme.getOrCreate("u");
  for (let write = 0; write < 10; write++) await p0.acme.increment("u", "n");
  assertEquals(told, 0);
});

Deno.test("a touch renews without making other pods read again", async () => {
  const world = new World();
  const [p0, p1] = [world.pod({ hears: true }), world.pod({ hears: true })];
  await p0.acme.getOrCreate("u");
  await p1.acme.get("u");
  const { version } = (await p0.acme.get("u"))!;
  assertEquals(await p0.acme.touch("u"), true);
  const { loads } = p1.link;
  assertEquals((await p1.acme.get("u"))!.version, version);
  assertEquals(p1.link.loads, loads);
});

Deno.test("sliding expiry: touched it stays, left alone it is gone everywhere, and a late write does not revive it", async () => {
  const world = new World();
  const [p0, p1] = [world.pod({ ttlMs: 400 }), world.pod({ ttlMs: 400, maxStalenessMs: 100_000 })];
  await p0.acme.getOrCreate("u", { n: 1 });
  for (let round = 0; round < 5; round++) {
    await world.clock.advance(200);
    assertEquals(await p0.acme.touch("u"), true);
  }
  await p1.acme.get("u");
  await world.clock.advance(399);
  assert(await p1.acme.get("u"));
  await world.clock.advance(1);
  for (const { acme } of [p0, p1]) {
    assertEquals(await acme.get("u"), undefined);
    const error = await assertRejects(() => acme.increment("u", "n"), SessionNotFoundError);
    assertEquals(error.reason, "expired");
  }
});

Deno.test("a copy that ran out is asked about before it is called expired: another pod may have renewed it", async () => {
  const world = new World();
  const [p0, p1] = [world.pod({ ttlMs: 400, maxStalenessMs: 100_000 }), world.pod({ ttlMs: 400 })];
  await p0.acme.getOrCreate("u", { n: 1 });
  await world.clock.advance(300);
  await p1.acme.touch("u");
  await world.clock.advance(200);
  assertEquals((await p0.acme.get("u"))!.context, { n: 1 });
});

Deno.test("the absolute expiry wins over renewals", async () => {
  const world = new World();
  const p0 = world.pod({ ttlMs: 400, maxLifetimeMs: 1_000 });
  await p0.acme.getOrCreate("u");
  for (let round = 0; round < 4; round++) {
    await world.clock.advance(240);
    assertEquals(await p0.acme.touch("u"), true);
  }
  assertEquals((await p0.acme.get("u"))!.expiresInMs, 40);
  await world.clock.advance(40);
  assertEquals(await p0.acme.touch("u"), false);
});

Deno.test("a slow pod with a cached copy cannot bring a destroyed session back", async () => {
  const world = new World();
  const [slow, other] = [world.pod({ maxStalenessMs: 100_000 }), world.pod()];
  await slow.acme.getOrCreate("u", { n: 1 });
  await other.acme.destroy("u");
  assert(await slow.acme.get("u"), "within its bound it does not know");
  await assertRejects(() => slow.acme.updateContext("u", { n: 2 }), SessionNotFoundError);
  assertEquals(await slow.acme.get("u"), undefined);
  assertEquals(await other.acme.get("u", { fresh: true }), undefined);
});

Deno.test("the cache is bounded by sessions and by bytes", async () => {
  const world = new World();
  const few = world.pod({ cache: { maxSessions: 10 } });
  for (let index = 0; index < 50; index++) await few.acme.getOrCreate(`u${index}`);
  assertEquals(few.manager.status().cached, 10);
  const small = world.pod({ cache: { maxBytes: 100_000 } });
  for (let index = 0; index < 50; index++) {
    await small.acme.getOrCreate(`v${index}`, { text: "x".repeat(9_000) });
  }
  assertEquals(small.manager.status().cached, 10);
  assertEquals((await small.acme.get("v0"))!.context.text.length, 9_000, "still in the store");
});

Deno.test("what is dropped first is what was not read or written for the longest time", async () => {
  const world = new World();
  const { acme, manager, link } = world.pod({
    maxStalenessMs: 100_000,
    cache: { maxSessions: 3 },
  });
  for (const id of ["read", "written", "left", "last"]) {
    await acme.getOrCreate(id, { n: 0 });
    if (id === "left") {
      await acme.increment("written", "n");
      await acme.get("read");
    }
  }
  assertEquals(manager.status().cached, 3);
  const loadsFor = async (id: string) => {
    const { loads } = link;
    await acme.get(id);
    return link.loads - loads;
  };
  assertEquals(
    [await loadsFor("last"), await loadsFor("written"), await loadsFor("read")],
    [0, 0, 0],
  );
  assertEquals(await loadsFor("left"), 1, "dropped");
  assertEquals(await loadsFor("last"), 1, "dropped for it");
});

Deno.test("a cache that was filled and emptied takes nothing", async () => {
  const world = new World();
  const { acme, manager } = world.pod({ cache: { maxBytes: 50_000 } });
  for (let index = 0; index < 20; index++) {
    await acme.getOrCreate(`u${index}`, { text: "x".repeat(4_000) });
    await acme.updateContext(`u${index}`, { text: "x".repeat(8_000) });
  }
  const { cached, cachedBytes } = manager.status();
  assert(cached > 0 && cachedBytes > cached * 8_000 && cachedBytes <= 50_000);
  await acme.updateContext("u19", { text: "x".repeat(60_000) });
  for (let index = 0; index < 20; index++) await acme.destroy(`u${index}`);
  assertEquals([manager.status().cached, manager.status().cachedBytes], [0, 0]);
});

Deno.test("reads of an unchanged session show the same, each to its own caller, until something changes", async () => {
  const world = new World();
  const pod = world.pod({ maxStalenessMs: 100_000 });
  await pod.acme.getOrCreate("u", { list: [1] });
  const [first, second] = [(await pod.acme.get("u"))!, (await pod.acme.get("u"))!];
  first.context.list.push(2);
  assertEquals([first.context, second.context], [{ list: [1, 2] }, { list: [1] }]);
  assert(first.context === first.context && first.trajectory === first.trajectory);
  await pod.acme.updateContext("u", { list: [3] });
  assertEquals([first.version, second.version, second.context], [1, 1, { list: [1] }]);
  const third = (await pod.acme.get("u"))!;
  assertEquals([third.version, third.context, third.degraded], [2, { list: [3] }, false]);
  const comeBack = await takeAway(world, pod);
  assertEquals((await pod.acme.get("u"))!.degraded, true);
  assertEquals(third.degraded, false, "a snapshot tells how things stood when it was taken");
  comeBack();
  await reconciled(world, pod);
  assertEquals((await pod.acme.get("u"))!.degraded, false);
});

Deno.test("clearCache forgets every copy, and the store has them all", async () => {
  const world = new World();
  const { acme, manager } = world.pod();
  await acme.getOrCreate("u", { n: 1 });
  manager.clearCache();
  assertEquals(manager.status().cached, 0);
  assertEquals((await acme.get("u"))!.context, { n: 1 });
});

Deno.test("versions never go back on a pod, whatever the order of reads and writes", async () => {
  const world = new World();
  const [p0, p1] = [world.pod({ hears: true }), world.pod({ hears: true })];
  await p0.acme.getOrCreate("u");
  let last = 0;
  for (let round = 0; round < 50; round++) {
    const [, read] = await Promise.all([
      p1.acme.increment("u", "n"),
      p0.acme.get("u", { fresh: round % 3 === 0 }),
      p0.acme.updateContext("u", { round }),
      p1.acme.get("u"),
    ]);
    const { version } = (await p0.acme.get("u"))!;
    assert(read!.version >= last && version >= read!.version);
    last = version;
  }
});

Deno.test("console.log shows what a session holds", async () => {
  const world = new World();
  const session = await world.pod().acme.getOrCreate("u", { plan: "free" });
  assertStringIncludes(inspect(session), "plan: 'free'");
  assertStringIncludes(Deno.inspect(session), 'plan: "free"');
});
