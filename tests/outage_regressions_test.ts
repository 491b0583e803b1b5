/** What chaos found in outages, one test a bug; the commands that show them are in docs/chaos.md. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { SessionExistsError, StoreUnavailableError } from "../mod.ts";
import { heard, reconciled, rejections, stored, storeKey, takeAway } from "./support/away.ts";
import { type TestPod, World } from "./support/world.ts";

/** Longer than from one heartbeat to the next. */
const BEAT_MS = 1_100;

/** Two pods that both hold the session `u`. */
async function bothHolding(
  options: Parameters<World["pod"]>[0] = {},
): Promise<{ world: World; p0: TestPod; p1: TestPod }> {
  const world = new World();
  const [p0, p1] = [world.pod(options), world.pod(options)];
  await p0.acme.getOrCreate("u");
  await p1.acme.getOrCreate("u");
  return { world, p0, p1 };
}

Deno.test("a rotation that the outage ends takes no call behind it along", async () => {
  const { world, p0 } = await bothHolding();
  p0.link.freeze();
  const rotation = assertRejects(() => p0.acme.rotate("u", "v"), StoreUnavailableError);
  const increment = p0.acme.increment("u", "n");
  await world.during(rotation);
  assertEquals(await world.during(increment), 1);
});

Deno.test("a destroy that was refused as not applied is not carried out later", async () => {
  const { world, p0 } = await bothHolding({ failMode: "closed" });
  const comeBack = p0.link.refuse();
  const destroy = assertRejects(() => p0.acme.destroy("u"), StoreUnavailableError);
  assertEquals((await world.during(destroy)).outcome, "not-applied");
  comeBack();
  await reconciled(world, p0);
  assert(await p0.acme.get("u", { fresh: true }));
});

Deno.test("what was journaled for a session of others is shown in the next outage, too", async () => {
  const world = new World();
  const [p0, p1] = [world.pod(), world.pod()];
  let comeBack = await takeAway(world, p0);
  await p1.acme.getOrCreate("u", { from: 1 });
  await p0.acme.getOrCreate("u", { from: 0 });
  await p0.acme.increment("u", "n");
  comeBack();
  await reconciled(world, p0);
  comeBack = await takeAway(world, p0);
  assertEquals((await p0.acme.get("u"))!.context.n, 1);
  assertEquals(await p0.acme.increment("u", "n"), 2);
  comeBack();
  await reconciled(world, p0);
  assertEquals((await stored(world, "u"))!.context, { from: 1, n: 2 });
});

Deno.test("a session begun while the store was away is held once it is in the store", async () => {
  const world = new World();
  const pod = world.pod();
  const comeBack = await takeAway(world, pod);
  await pod.acme.getOrCreate("u", { n: 1 });
  comeBack();
  await reconciled(world, pod);
  assertEquals(pod.manager.status().cached, 1);
  world.store.forget();
  await world.clock.advance(BEAT_MS);
  assertEquals((await stored(world, "u"))!.context, { n: 1 });
});

Deno.test("what is journaled although the breaker is closed drains by itself", async () => {
  const { world, p0 } = await bothHolding();
  p0.link.next("commit", () => new Promise(() => {}));
  // Somebody else is answered meanwhile: one command without an answer opens no breaker.
  const increment = p0.acme.increment("u", "n");
  await world.clock.advance(500);
  await p0.acme.getOrCreate("other");
  assertEquals(await world.during(increment), 1);
  await world.clock.advance(5_000);
  assertEquals(p0.manager.status().journaled, 0);
  assertEquals((await stored(world, "u"))!.context, { n: 1 });
});

Deno.test("an old id stays dead after a loss of memory, as what was destroyed does", async () => {
  const { world, p0, p1 } = await bothHolding();
  await p0.acme.rotate("u", "v");
  world.store.forget();
  await world.clock.advance(2 * BEAT_MS);
  assertEquals(await p1.acme.get("u", { fresh: true }), undefined);
  assert(await p0.acme.get("v", { fresh: true }));
});

Deno.test("a write that meets a repeated destroy is not taken for applied", async () => {
  const world = new World();
  const p0 = world.pod();
  await p0.acme.getOrCreate("u", { of: "X" });
  const goBack = world.store.snapshot();
  await world.clock.advance(1);
  await p0.acme.destroy("u");
  await p0.acme.getOrCreate("u", { of: "Y" });
  goBack();
  assertEquals(await world.during(p0.acme.increment("u", "n")), 1);
  assertEquals((await stored(world, "u"))!.context, { of: "Y", n: 1 });
});

Deno.test("a lifetime counts from when the session was begun, healed or not", async () => {
  const world = new World();
  const pod = world.pod({ ttlMs: 60_000, maxLifetimeMs: 20_000 });
  const comeBack = await takeAway(world, pod);
  const begunAt = world.clock.now();
  await pod.acme.getOrCreate("u");
  await world.clock.advance(10_000);
  comeBack();
  await reconciled(world, pod);
  world.store.forget();
  await world.clock.advance(BEAT_MS);
  const { expiresInMs } = (await stored(world, "u"))!;
  // The store counts whole milliseconds.
  assert(world.clock.now() + expiresInMs <= begunAt + 20_001, `${expiresInMs} ms more`);
});

Deno.test("a loss is told although another session lives under the id by then", async () => {
  const { world, p0, p1 } = await bothHolding();
  const lost = heard(p0, "lost");
  world.store.forget();
  p1.manager.clearCache();
  await world.clock.advance(1);
  await p1.acme.getOrCreate("u", { of: "Y" });
  assertEquals((await world.during(p0.acme.get("u", { fresh: true })))!.context, { of: "Y" });
  assertEquals(lost.map(({ reason }) => reason), ["superseded"]);
});

Deno.test("what is remembered of a destroy is the session that it hit", async () => {
  const { world, p0, p1 } = await bothHolding();
  await p0.acme.destroy("u");
  await p0.acme.getOrCreate("u", { of: "Y" });
  // It still takes X for the one that lives.
  assertEquals(await p1.acme.destroy("u"), true);
  world.store.forget();
  await world.clock.advance(2 * BEAT_MS);
  assertEquals(await p0.acme.get("u", { fresh: true }), undefined);
});

Deno.test("a loss is told although another pod's copy has grown past what is known", async () => {
  const { world, p0, p1 } = await bothHolding();
  const lost = heard(p1, "lost");
  await p0.acme.increment("u", "n");
  // p0 wrote in between, so p1 holds no copy of what it made, until it has read it.
  const hold = p1.link.hold("load", "request");
  const update = p1.acme.updateContext("u", { mine: 1 });
  await world.during(hold.arrived);
  world.store.forget();
  assertEquals(await world.during(p0.acme.increment("u", "n")), 2);
  await p0.acme.increment("u", "n");
  hold.release();
  await update.catch(() => {});
  assertEquals((await stored(world, "u"))!.context, { n: 3 });
  assertEquals(lost.map(({ reason }) => reason), ["no-copy"]);
});

Deno.test("a write that was applied is answered although it cannot be read any more", async () => {
  const world = new World();
  const [p0, p1] = [world.pod(), world.pod()];
  await p0.acme.getOrCreate("u");
  // What it knows of the session is how to address it.
  const comeBack = await takeAway(world, p1);
  await p1.acme.increment("u", "n");
  comeBack();
  await reconciled(world, p1);
  p1.link.next("load", () => new Promise(() => {}));
  const session = await world.during(p1.acme.updateContext("u", { mine: 1 }));
  assertEquals([session.context.mine, session.degraded], [1, true]);
});

Deno.test("every destroy of a session is remembered, not the last one alone", async () => {
  const world = new World();
  const p0 = world.pod();
  await p0.acme.getOrCreate("u", { of: "X" });
  const goBack = world.store.snapshot();
  for (let time = 0; time < 2; time++) {
    await p0.acme.destroy("u");
    await p0.acme.getOrCreate("u");
  }
  await p0.acme.destroy("u");
  goBack();
  await world.clock.advance(BEAT_MS);
  assertEquals(await stored(world, "u"), undefined);
});

Deno.test("what has run out for a pod is destroyed all the same: another one may keep it alive", async () => {
  const { world, p0, p1 } = await bothHolding({ ttlMs: 10_000 });
  const comeBack = await takeAway(world, p0, p1);
  await world.clock.advance(5_000);
  await p1.acme.increment("u", "n");
  await world.clock.advance(6_000);
  assertEquals(await p0.acme.destroy("u"), false);
  comeBack();
  await reconciled(world, p1);
  await reconciled(world, p0);
  assertEquals(await stored(world, "u"), undefined);
});

Deno.test("a create that was recognised and cannot be read any more is not made once more", async () => {
  const world = new World();
  const [p0, p1] = [world.pod(), world.pod()];
  const told = rejections(p0);
  p0.link.cut("commit", "reply", "unknown");
  const retry = p0.link.hold("commit", "reply");
  const creating = p0.acme.getOrCreate("u", { n: 1 });
  await world.clock.advance(50);
  await retry.arrived;
  await p1.acme.destroy("u");
  const comeBack = p0.link.refuse();
  retry.release();
  const { context, version, degraded, pending } = await world.during(creating);
  assertEquals({ context, version, degraded, pending }, {
    ...{ context: { n: 1 }, version: 1 },
    ...{ degraded: true, pending: 0 },
  });
  assertEquals(await p0.acme.increment("u", "n"), 2);
  assertEquals((await p0.acme.get("u"))?.context, { n: 2 });
  comeBack();
  await reconciled(world, p0);
  assertEquals(told, [["destroyed", 1]]);
  assertEquals(await stored(world, "u"), undefined);
});

Deno.test("a write that may have been applied in the memory that the store lost keeps its number in the journal", async () => {
  const { world, p0, p1 } = await bothHolding();
  p0.link.cut("commit", "reply", "unknown");
  const retry = p0.link.hold("commit", "request");
  const writing = p0.acme.increment("u", "n");
  await world.clock.advance(50);
  await retry.arrived;
  assertEquals((await p1.acme.get("u", { fresh: true }))?.context, { n: 1 });
  world.store.forget();
  retry.release();
  const comeBack = p0.link.refuse();
  assertEquals(await world.during(writing), 1);
  await world.clock.advance(BEAT_MS);
  assertEquals((await stored(world, "u"))?.context, { n: 1 });
  comeBack();
  await reconciled(world, p0);
  assertEquals((await stored(world, "u"))?.context, { n: 1 });
});

Deno.test("a create that is gone when it is tried again is not made once more because nobody tells why it went", async () => {
  const world = new World();
  const [p0, p1] = [world.pod(), world.pod()];
  p0.link.next("commit", async (execute) => {
    await execute();
    await p1.acme.destroy("u");
    // A store that lost its memory since knows of the session by this destroy alone, which is repeated (rule 17).
    world.store.remove(storeKey("u"));
    world.store.commit(storeKey("u"), p1.link.sent.at(-1)!);
    throw new StoreUnavailableError("The link was cut.", { outcome: "unknown" });
  });
  const retry = p0.link.hold("commit", "reply");
  const creating = assertRejects(() => p0.acme.getOrCreate("u"), StoreUnavailableError);
  await world.clock.advance(50);
  await retry.arrived;
  const comeBack = p0.link.refuse();
  retry.release();
  assertEquals((await world.during(creating)).outcome, "unknown");
  comeBack();
  await reconciled(world, p0);
  assertEquals(await stored(world, "u"), undefined);
});

Deno.test("a write that the store is too old to tell of is not written once more because the store has gone away since", async () => {
  const { world, p0 } = await bothHolding({ commandTimeoutMs: 10_000 });
  const { promise: isAway, resolve: goAway } = Promise.withResolvers<void>();
  p0.link.next("commit", async () => {
    await isAway;
    return { outcome: "unknown", storeTimeMs: world.clock.now() } as never;
  });
  const writing = assertRejects(() => p0.acme.increment("u", "n"), StoreUnavailableError);
  const comeBack = await takeAway(world, p0);
  goAway();
  assertEquals((await world.during(writing)).outcome, "unknown");
  comeBack();
  await reconciled(world, p0);
  assertEquals((await stored(world, "u"))?.context, {});
});

Deno.test("an update that may have been applied in the memory that the store lost keeps its number in the journal", async () => {
  const { world, p0, p1 } = await bothHolding();
  const goBack = world.store.snapshot();
  await p1.acme.increment("u", "n");
  await p0.acme.get("u", { fresh: true });
  p0.link.cut("commit", "reply", "unknown");
  const retry = p0.link.hold("commit", "request");
  const updating = p0.acme.update("u", (context) => ({ n: context.n + 1 }));
  await world.clock.advance(50);
  await retry.arrived;
  assertEquals((await p1.acme.get("u", { fresh: true }))?.context, { n: 2 });
  goBack();
  retry.release();
  const comeBack = p0.link.refuse();
  assertEquals((await world.during(updating)).context, { n: 2 });
  await world.clock.advance(BEAT_MS);
  assertEquals((await stored(world, "u"))?.context, { n: 2 });
  comeBack();
  await reconciled(world, p0);
  assertEquals((await stored(world, "u"))?.context, { n: 2 });
});

Deno.test("a copy that ran out before it could be put back is not taken for what the store has", async () => {
  const { world, p0, p1 } = await bothHolding({ ttlMs: 3_000 });
  const lost = heard(p0, "lost");
  const goBack = world.store.snapshot();
  await p0.acme.increment("u", "lost");
  goBack();
  await world.during(p1.acme.increment("u", "n"));
  const comeBack = await takeAway(world, p0);
  for (let renewal = 0; renewal < 3; renewal++) {
    await world.clock.advance(1_000);
    await p1.acme.touch("u");
  }
  comeBack();
  await reconciled(world, p0);
  assertEquals((await p0.acme.updateContext("u", { own: 1 })).context, { n: 1, own: 1 });
  assertEquals(lost.map(({ reason }) => reason), ["no-copy"]);
});

Deno.test("a copy that the store is ahead of by its writers' numbers alone is not taken for what it has", async () => {
  const { world, p0, p1 } = await bothHolding();
  const p2 = world.pod();
  await p2.acme.get("u");
  const goBack = world.store.snapshot();
  await p1.acme.increment("u", "lost");
  p2.link.cut("commit", "reply", "unknown");
  const retry = p2.link.hold("commit", "request");
  const twice = p2.acme.increment("u", "n");
  await world.clock.advance(50);
  await retry.arrived;
  assertEquals((await p0.acme.get("u", { fresh: true }))?.version, 3);
  goBack();
  retry.release();
  await world.during(twice);
  assertEquals((await world.during(p1.acme.updateContext("u", { late: 1 }))).version, 3);
  await world.clock.advance(BEAT_MS);
  const context = { n: 1, late: 1, own: 1 };
  assertEquals((await world.during(p0.acme.updateContext("u", { own: 1 }))).context, context);
});

Deno.test("a session that was lost while its rotation was refused is told as lost", async () => {
  const { world, p0 } = await bothHolding();
  await p0.acme.getOrCreate("taken");
  const [lost, healed] = [heard(p0, "lost"), heard(p0, "healed")];
  for (let step = 0; step < 2; step++) p0.link.next("commit", (execute) => execute());
  const thaw = p0.link.hold("commit", "request");
  const rotating = assertRejects(() => p0.acme.rotate("u", "taken"), SessionExistsError);
  await thaw.arrived;
  world.store.forget();
  thaw.release();
  await world.during(rotating);
  await world.clock.advance(2 * BEAT_MS);
  const [u, taken] = ["u", "taken"].map((id) => storeKey(id).split(":").at(-1));
  assertEquals(lost.map(({ hashedId, reason }) => [hashedId, reason]), [[u, "no-copy"]]);
  assertEquals(healed.map(({ hashedId }) => hashedId), [taken]);
});

Deno.test("a commit to another state of the same number than the copy's is not taken for the next one", async () => {
  const { world, p0, p1 } = await bothHolding();
  const goBack = world.store.snapshot();
  await p0.acme.increment("u", "lost");
  assertEquals((await p1.acme.get("u", { fresh: true }))?.version, 2);
  goBack();
  assertEquals((await world.pod().acme.updateContext("u", { other: 1 })).version, 2);
  const context = { other: 1, own: 1 };
  assertEquals((await p1.acme.updateContext("u", { own: 1 })).context, context);
  assertEquals((await p1.acme.get("u"))?.context, context);
});
