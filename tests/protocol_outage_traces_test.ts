/**
 * The traces of the protocol, by number, that need a store which is away or which lost its memory; the others are in
 * `protocol_traces_test.ts`.
 */

import { assert, assertEquals, assertNotEquals } from "@std/assert";
import {
  heard,
  MemoryPlace,
  reconciled,
  rejections,
  stored,
  storeKey,
  takeAway,
} from "./support/away.ts";
import { type TestPod, World } from "./support/world.ts";

/** Longer than from one heartbeat to the next. */
const BEAT_MS = 1_100;

/** A pod that holds the session `u`. */
async function holder(world: World, options: Parameters<World["pod"]>[0] = {}): Promise<TestPod> {
  const pod = world.pod(options);
  await pod.acme.getOrCreate("u");
  return pod;
}

Deno.test("trace 7 (rule 8): created and destroyed while away, it joins X, and X is destroyed", async () => {
  const world = new World();
  const [p0, p1] = [world.pod(), world.pod()];
  const comeBack = await takeAway(world, p0);
  const x = await p1.acme.getOrCreate("u", { from: 1 });
  await p0.acme.getOrCreate("u", { from: 0 });
  assertEquals(await p0.acme.destroy("u"), true);
  comeBack();
  await reconciled(world, p0);
  assertEquals(p0.link.sent.map(({ operations }) => operations[0]!.kind), ["create", "destroy"]);
  assertEquals(p0.link.sent[1]!.incarnation, x.incarnation);
  assertEquals(await p1.acme.get("u", { fresh: true }), undefined);
});

Deno.test("trace 9 (rule 9): a write journaled on an id not held is not for a session made later", async () => {
  const world = new World();
  const [p0, p1] = [world.pod(), world.pod()];
  const rejected = rejections(p0);
  const comeBack = await takeAway(world, p0);
  assertEquals(await p0.acme.increment("u", "n", 5), 5);
  await world.clock.advance(1);
  await p1.acme.getOrCreate("u");
  comeBack();
  await reconciled(world, p0);
  assertEquals(rejected, [["unknown", 1]]);
  assertEquals([p0.link.sent, (await stored(world, "u"))!.context], [[], {}]);
});

Deno.test("trace 10 (rule 9): bound to X, its late first copy and its retry do not hit Y", async () => {
  const world = new World();
  const p1 = await holder(world);
  const p0 = world.pod();
  const rejected = rejections(p0);
  const comeBack = await takeAway(world, p0);
  await p0.acme.increment("u", "n");
  comeBack();
  const first = p0.link.hold("commit", "request");
  await world.during(first.arrived);
  await p1.acme.destroy("u");
  await p1.acme.getOrCreate("u");
  first.release();
  await reconciled(world, p0);
  const [copy] = p0.link.sent;
  assertEquals(world.store.commit(storeKey("u"), copy!).outcome, "gone");
  assertEquals(rejected, [["destroyed", 1]]);
  assertEquals((await stored(world, "u"))!.context, {});
});

for (const lost of ["request", "reply"] as const) {
  Deno.test(`trace 11 (rule 6): ${lost} lost and pod killed; its heir counts all once`, async () => {
    const world = new World();
    const place = new MemoryPlace();
    const dead = await holder(world, { place });
    const comeBack = await takeAway(world, dead);
    await dead.acme.increment("u", "n", 10);
    // It dies when it has sent what it journaled, without knowing what became of that.
    const died = Promise.withResolvers<void>();
    dead.link.next("commit", async (execute) => {
      if (lost === "reply") await execute();
      dead.link.refuse();
      died.resolve();
      return await new Promise<never>(() => {});
    });
    comeBack();
    await world.during(died.promise);

    const heir = world.pod({ place });
    assertEquals(await world.during(heir.acme.increment("u", "n")), 11);
    const [sent] = dead.link.sent.slice(-1);
    const [taken, next] = heir.link.sent;
    assertEquals([taken!.writer, taken!.seq], [sent!.writer, sent!.seq], "the dead pod's batch");
    assertNotEquals([next!.writer, next!.seq], [sent!.writer, sent!.seq]);
    assertEquals((await stored(world, "u"))!.context, { n: 11 });
    assertEquals(place.records.size, 0);
  });
}

Deno.test("trace 12 (rule 10): reads while draining never show what a queued destroy kills", async () => {
  const world = new World();
  const p0 = await holder(world);
  const comeBack = await takeAway(world, p0);
  await p0.acme.increment("u", "n");
  await p0.acme.destroy("u");
  const commits = [p0.link.hold("commit", "reply"), p0.link.hold("commit", "request")];
  const reads: Promise<unknown>[] = [];
  comeBack();
  for (const { arrived, release } of commits) {
    await world.during(arrived);
    reads.push(p0.acme.get("u"), p0.acme.get("u", { fresh: true }));
    release();
  }
  assertEquals(await Promise.all(reads), [undefined, undefined, undefined, undefined]);
  await reconciled(world, p0);
  assertEquals(await stored(world, "u"), undefined);
});

Deno.test("trace 12 (rule 10): a reply while draining does not hide what still waits", async () => {
  const world = new World();
  const p0 = await holder(world);
  const comeBack = await takeAway(world, p0);
  await p0.acme.increment("u", "n");
  await p0.acme.update("u", ({ n }) => ({ n: n * 10 }));
  const [first, second] = [p0.link.hold("commit", "reply"), p0.link.hold("commit", "request")];
  comeBack();
  await world.during(first.arrived);
  first.release();
  await world.during(second.arrived);
  const session = (await p0.acme.get("u"))!;
  assertEquals([session.context, session.pending], [{ n: 10 }, 1]);
  second.release();
  await reconciled(world, p0);
  assertEquals((await stored(world, "u"))!.context, { n: 10 });
});

Deno.test("trace 13 (rules 13, 17): a rollback is noticed by the epoch, and the destroy repeated", async () => {
  const world = new World();
  const p0 = await holder(world);
  await world.clock.advance(BEAT_MS);
  const goBack = world.store.snapshot();
  await p0.acme.destroy("u");
  goBack();
  await world.clock.advance(BEAT_MS);
  assertEquals(p0.manager.eventCounts().memoryLost, 1);
  assertEquals(await stored(world, "u"), undefined);
});

Deno.test("trace 13 (rule 13): without an epoch, the counter that went back tells", async () => {
  const world = new World();
  const p0 = world.pod();
  const { link } = p0;
  const beat = link.heartbeat.bind(link);
  link.heartbeat = async (options) => ({ ...await beat(options), epoch: undefined });
  await p0.acme.getOrCreate("u");
  await world.clock.advance(BEAT_MS);
  const goBack = world.store.snapshot();
  await p0.acme.destroy("u");
  await world.clock.advance(BEAT_MS);
  goBack();
  await world.clock.advance(BEAT_MS);
  assertEquals(p0.manager.eventCounts().memoryLost, 1);
  assertEquals(await stored(world, "u"), undefined);
});

Deno.test("trace 14 (rule 15): a heal does not overwrite what another pod wrote since the rollback", async () => {
  const world = new World();
  const [p0, p1] = [await holder(world), world.pod()];
  const lost = heard(p0, "lost");
  const goBack = world.store.snapshot();
  await p0.acme.increment("u", "own");
  await p0.acme.increment("u", "own");
  goBack();
  await p1.acme.increment("u", "other");
  await world.clock.advance(BEAT_MS);
  assertEquals((await stored(world, "u"))!.context, { other: 1 });
  assertEquals(lost.map(({ version, reason }) => [version, reason]), [[3, "diverged"]]);
});

Deno.test("trace 17 (rule 14): the base is healed, then the journal drained: each counts once", async () => {
  const world = new World();
  const p0 = await holder(world);
  await p0.acme.increment("u", "n", 5);
  const comeBack = await takeAway(world, p0);
  assertEquals(await p0.acme.increment("u", "n", 3), 8);
  world.store.forget();
  comeBack();
  await reconciled(world, p0);
  assertEquals((await stored(world, "u"))!.context, { n: 8 });
  assertEquals(p0.manager.eventCounts().healed, 1);
});

Deno.test("trace 18 (rule 17): after an empty restart a repeated destroy outlasts a later heal", async () => {
  const world = new World();
  const [p0, p1] = [await holder(world), world.pod()];
  await p1.acme.get("u");
  await p0.acme.destroy("u");
  world.store.forget();
  const late = p1.link.hold("heartbeat", "request");
  await world.clock.advance(BEAT_MS);
  late.release();
  await world.clock.advance(BEAT_MS);
  assertEquals([p0, p1].map(({ manager }) => manager.eventCounts().memoryLost), [1, 1]);
  assertEquals(await stored(world, "u"), undefined);
  assertEquals(await p1.acme.get("u"), undefined);
});

for (const noticed of ["before", "after"] as const) {
  Deno.test(`trace 19 (rule 17): an empty restart noticed ${noticed} a destroy's reply: it stays dead`, async () => {
    const world = new World();
    const [p0, p1] = [await holder(world, { commandTimeoutMs: 10_000 }), world.pod()];
    await p1.acme.get("u");
    const reply = p0.link.hold("commit", "reply");
    const destroy = p0.acme.destroy("u");
    await reply.arrived;
    world.store.forget();
    const heartbeat = noticed === "after" ? p0.link.hold("heartbeat", "request") : undefined;
    await world.clock.advance(BEAT_MS);
    assertEquals(p1.manager.eventCounts().healed, 1, "another pod put its copy back");
    reply.release();
    assertEquals(await world.during(destroy), true);
    heartbeat?.release();
    await world.clock.advance(BEAT_MS);
    assertEquals(p0.manager.eventCounts().memoryLost, 1);
    assertEquals(await stored(world, "u"), undefined);
  });
}

Deno.test("trace 20 (rule 14): a reply from before the loss is void, and its batch sent again", async () => {
  const world = new World();
  await holder(world);
  const p0 = world.pod({ commandTimeoutMs: 10_000 });
  const comeBack = await takeAway(world, p0);
  await p0.acme.increment("u", "n");
  comeBack();
  const reply = p0.link.hold("commit", "reply");
  const beforeCommit = world.store.snapshot();
  await world.during(reply.arrived);
  beforeCommit();
  await world.clock.advance(BEAT_MS);
  assertEquals(p0.manager.eventCounts().memoryLost, 1);
  reply.release();
  await reconciled(world, p0);
  const [sent, resent] = p0.link.sent;
  assertEquals([resent!.writer, resent!.seq], [sent!.writer, sent!.seq]);
  assertEquals((await stored(world, "u"))!.context, { n: 1 });
});

Deno.test("trace 21 (rule 3): a journaled write refused with gone is told so again, not duplicate", async () => {
  const world = new World();
  const [p0, p1] = [await holder(world), world.pod()];
  const rejected = rejections(p0);
  const comeBack = await takeAway(world, p0);
  await p0.acme.increment("u", "n");
  await p1.acme.destroy("u");
  comeBack();
  p0.link.cut("commit", "reply", "unknown");
  await reconciled(world, p0);
  assertEquals(rejected, [["destroyed", 1]]);
  const outcomes = p0.link.sent.slice(-2).map((batch) => world.store.commit(storeKey("u"), batch));
  assertEquals(outcomes.map(({ outcome }) => outcome), ["gone", "gone"]);
});

/** A session of 10 s and as much grace. */
const SHORT = { ttlMs: 10_000, graceMs: 10_000 };

Deno.test("trace 22 (rule 18): an outage longer than the TTL, with writes: all are kept", async () => {
  const world = new World();
  const p0 = await holder(world, SHORT);
  const comeBack = await takeAway(world, p0);
  for (let write = 1; write <= 3; write++) {
    await world.clock.advance(4_000);
    assertEquals(await p0.acme.increment("u", "n"), write);
  }
  const acceptedAt = world.clock.now();
  comeBack();
  await reconciled(world, p0);
  const session = (await stored(world, "u"))!;
  assertEquals(session.context, { n: 3 });
  const spentMs = world.clock.now() - acceptedAt;
  assertEquals(Math.round(session.expiresInMs + spentMs), SHORT.ttlMs, "from the last acceptance");
});

/** P0's increment is in the store, P1's in its journal, and the session's time has run out in the store. */
async function expiredWhileAway(
  world: World,
): Promise<{ p1: TestPod; comeBack: () => void }> {
  const p0 = await holder(world, SHORT);
  const p1 = world.pod(SHORT);
  await p1.acme.get("u");
  const comeBack = await takeAway(world, p1);
  await p0.acme.increment("u", "n");
  await world.clock.advance(SHORT.ttlMs - 3_000);
  await p1.acme.increment("u", "n", 10);
  await world.clock.advance(5_000);
  return { p1, comeBack };
}

Deno.test("trace 23 (rule 18): P0 and P1 write, the store expires, P1 drains: both count", async () => {
  const world = new World();
  const { p1, comeBack } = await expiredWhileAway(world);
  comeBack();
  await reconciled(world, p1);
  assertEquals((await stored(world, "u"))!.context, { n: 11 });
});

Deno.test("trace 24 (rule 18): somebody was told that it expired: reported, not revived", async () => {
  const world = new World();
  const { p1, comeBack } = await expiredWhileAway(world);
  const rejected = rejections(p1);
  assertEquals(await stored(world, "u"), undefined);
  comeBack();
  await reconciled(world, p1);
  assertEquals(rejected, [["expired", 1]]);
  assertEquals(await stored(world, "u"), undefined);
});

Deno.test("trace 30 (rule 21): a heal does not lengthen the absolute lifetime", async () => {
  const world = new World();
  const p0 = await holder(world, { ttlMs: 10_000, maxLifetimeMs: 15_000 });
  await world.clock.advance(8_000);
  await p0.acme.increment("u", "n");
  assertEquals((await p0.acme.get("u"))!.expiresInMs, 7_000);
  world.store.forget();
  await world.clock.advance(2_000);
  assertEquals(p0.manager.eventCounts().healed, 1);
  assertEquals(Math.ceil((await stored(world, "u"))!.expiresInMs), 5_000);
  await p0.acme.touch("u");
  assertEquals(Math.ceil((await stored(world, "u"))!.expiresInMs), 5_000);
  await world.clock.advance(5_000);
  assertEquals(await stored(world, "u"), undefined);
});

/** A create that is applied and whose answer is held up: another pod may have seen the session by now. */
async function createHeldUp(world: World, { manager, link, acme }: TestPod) {
  await manager.connect();
  const held = link.hold("commit", "reply");
  const call = acme.getOrCreate("u", { n: 1 });
  await held.arrived;
  assertEquals((await stored(world, "u"))!.expiresInMs, 15_000);
  return { held, call, leftMs: () => Math.ceil(15_000 - world.clock.now()) };
}

Deno.test("rule 21: a create without an answer counts from its send, whatever the store forgot meanwhile", async () => {
  const world = new World();
  const p0 = world.pod({ maxLifetimeMs: 15_000, commandTimeoutMs: 1_000 });
  const { call, leftMs } = await createHeldUp(world, p0);
  const comeBack = p0.link.refuse();
  await world.during(call);
  assertEquals((await p0.acme.get("u"))!.expiresInMs, 15_000 - world.clock.now());
  world.store.forget();
  comeBack();
  await reconciled(world, p0);
  assertEquals(Math.ceil((await stored(world, "u"))!.expiresInMs), leftMs());
});

Deno.test("rule 21: a create that is tried again, the first try forgotten, counts from its first send", async () => {
  const world = new World();
  const p0 = world.pod({ ttlMs: 20_000, maxLifetimeMs: 15_000, commandTimeoutMs: 3_000 });
  const { held, call, leftMs } = await createHeldUp(world, p0);
  const count = (event: "memoryLost" | "healed") => p0.manager.eventCounts()[event] ?? 0;
  world.store.forget();
  assert(await world.clock.advanceUntil(() => count("memoryLost") > 0, 2_500));
  held.release();
  const session = await world.during(call);
  const told = [session, (await stored(world, "u"))!].map(({ expiresInMs }) =>
    Math.ceil(expiresInMs)
  );
  assertEquals(told, [leftMs(), leftMs()]);
  // What this pod puts back lives no longer either.
  world.store.forget();
  assert(await world.clock.advanceUntil(() => count("healed") === 1, 3_000));
  await p0.acme.touch("u");
  assertEquals(Math.ceil((await stored(world, "u"))!.expiresInMs), leftMs());
});

Deno.test("rule 16: who puts a session in the place of an earlier one tells that that is lost", async () => {
  const world = new World();
  const [p0, p1] = [world.pod(), world.pod()];
  await p0.acme.getOrCreate("u", { of: "p0" });
  world.store.forget();
  // Later made, and before p0 has noticed.
  await world.clock.advance(10);
  await p1.acme.getOrCreate("u", { of: "p1" });
  world.store.forget();
  const losses = heard(p1, "lost");
  const healing = p1.link.hold("heal", "request");
  const count = ({ manager }: TestPod) => manager.eventCounts().healed ?? 0;
  assert(await world.clock.advanceUntil(() => count(p0) === 1, 3_000));
  assertEquals((await stored(world, "u"))!.context, { of: "p0" });
  healing.release();
  assert(await world.clock.advanceUntil(() => count(p1) === 1, 3_000));
  assertEquals((await stored(world, "u"))!.context, { of: "p1" });
  assertEquals(losses.map(({ reason, version }) => [reason, version]), [["superseded", 1]]);
});
