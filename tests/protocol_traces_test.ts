/**
 * The traces of the protocol, by number, as far as they need no outage: each is a history that broke a guarantee
 * in a world without the rule that it names. Those of an outage are in `protocol_outage_traces_test.ts`, trace 28 is
 * in `manager_api_test.ts`.
 */

import { assert, assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { KeySpace } from "../core/key_space.ts";
import {
  type CommitBatch,
  type CommitReply,
  SessionNotFoundError,
  StoreUnavailableError,
} from "../mod.ts";
import { type TestPod, World } from "./support/world.ts";

const key = (id: string) => new KeySpace("hakgal", undefined).session("acme", id).storeKey;

/** A late copy of what a pod sent as its n-th commit from the end, executed now. */
function again(world: World, pod: TestPod, fromEnd = 1, id = "u"): CommitReply["outcome"] {
  return world.store.commit(key(id), pod.link.sent.at(-fromEnd)!).outcome;
}

Deno.test("trace 1 (rule 11): a copy is not relabelled over another pod's write", async () => {
  const world = new World();
  const [p0, p1] = [world.pod(), world.pod()];
  await p0.acme.getOrCreate("u");
  await p1.acme.updateContext("u", { other: 1 });
  const session = await p0.acme.updateContext("u", { own: 1 });
  assertEquals(session.version, 3);
  assertEquals(session.context, { other: 1, own: 1 });
  assertEquals((await p0.acme.get("u"))!.context, { other: 1, own: 1 });
});

Deno.test("trace 2 (rule 12): a slow load cannot hide one's own later write", async () => {
  const world = new World();
  const [p0, p1] = [world.pod(), world.pod()];
  await p0.acme.getOrCreate("u");
  const slow = p0.link.hold("load", "reply");
  const load = p0.acme.get("u", { fresh: true });
  await slow.arrived;
  await p1.acme.updateContext("u", { other: 1 });
  const write = p0.acme.updateContext("u", { own: 1 });
  await world.clock.settle();
  slow.release();
  await Promise.all([load, write]);
  assertEquals((await p0.acme.get("u"))!.context, { other: 1, own: 1 });
});

Deno.test("trace 2 (rule 12): a load that was given up cannot change the copy when it comes", async () => {
  const world = new World();
  const p0 = world.pod({ commandTimeoutMs: 100, failMode: "closed" });
  await p0.acme.getOrCreate("u");
  const slow = p0.link.hold("load", "reply");
  const load = p0.acme.get("u", { fresh: true });
  await world.during(assertRejects(() => load, StoreUnavailableError));
  await world.clock.advance(100);
  const { version } = await p0.acme.updateContext("u", { own: 1 });
  slow.release();
  await world.clock.settle();
  assertEquals((await p0.acme.get("u"))!.version, version);
});

Deno.test("trace 3 (rule 12): a slow load's freshness counts from its send", async () => {
  const world = new World();
  const [p0, p1] = [world.pod({ maxStalenessMs: 500 }), world.pod()];
  await p1.acme.getOrCreate("u", { n: 1 });
  const slow = p0.link.hold("load", "reply");
  const load = p0.acme.get("u");
  await slow.arrived;
  await p1.acme.updateContext("u", { n: 2 });
  await world.clock.advance(499);
  slow.release();
  assertEquals((await load)!.context, { n: 1 });
  await world.clock.advance(2);
  assertEquals((await p0.acme.get("u"))!.context, { n: 2 });
});

Deno.test("trace 4 (rule 3): after many writers a late copy of the first's increment counts once", async () => {
  const world = new World();
  const first = world.pod();
  await first.acme.getOrCreate("u");
  await first.acme.increment("u", "n");
  for (let writer = 0; writer < 20; writer++) await world.pod().acme.increment("u", "n");
  assertEquals(again(world, first), "duplicate");
  assertEquals((await first.acme.get("u", { fresh: true }))!.context, { n: 21 });
});

Deno.test("trace 4 (rule 3): an entry goes by age only, and leaves a floor behind", async () => {
  const world = new World();
  const [first, other] = [world.pod({ ttlMs: 40_000_000 }), world.pod({ ttlMs: 40_000_000 })];
  await first.acme.getOrCreate("u");
  await first.acme.increment("u", "n");
  await world.clock.advance(4 * 3_600_000 + 1);
  await other.acme.increment("u", "n");
  assertEquals(again(world, first), "unknown");
  assertEquals(await first.acme.increment("u", "n"), 3, "a new command is taken");
});

Deno.test("trace 5 (rule 2): a late create makes nothing, even when the tombstone has gone", async () => {
  const world = new World();
  const p0 = world.pod();
  await p0.acme.getOrCreate("u");
  const create = p0.link.sent.at(-1)!;
  await p0.acme.destroy("u");
  assertEquals(world.store.commit(key("u"), create).outcome, "duplicate");
  await world.clock.advance(5 * 3_600_000);
  assertEquals(world.store.load(key("u"), { tombstoneMs: 1 }).outcome, "missing");
  assertEquals(world.store.commit(key("u"), create).outcome, "late");
  assertEquals(await p0.acme.get("u"), undefined);
});

Deno.test("trace 6 (rule 7): a stale copy's increment and destroy go to what lives now", async () => {
  const world = new World();
  const [p0, p1] = [world.pod(), world.pod()];
  await p0.acme.getOrCreate("u", { n: 100 });
  await p1.acme.destroy("u");
  await p1.acme.getOrCreate("u", { n: 0 });
  assertEquals(await p0.acme.increment("u", "n"), 1);
  const [sent, resent] = p0.link.sent.slice(-2) as [CommitBatch, CommitBatch];
  assertEquals(
    [resent.seq, resent.operations],
    [sent.seq, sent.operations],
    "the same sealed batch",
  );
  assertNotEquals(resent.incarnation, sent.incarnation);

  await p0.acme.get("u", { fresh: true });
  await p1.acme.destroy("u");
  await p1.acme.getOrCreate("u");
  assertEquals(await p0.acme.destroy("u"), true, "a logout hits what lives");
  assertEquals(await p1.acme.get("u", { fresh: true }), undefined);
});

Deno.test("trace 8 (rule 8): a create that joined X and lost its reply does not write into Y", async () => {
  const world = new World();
  const [p0, p1] = [world.pod(), world.pod()];
  const arrives = p0.link.hold("commit", "request");
  const create = p0.acme.getOrCreate("u", { from: 0 });
  await arrives.arrived;
  await p1.acme.getOrCreate("u", { from: 1 });
  arrives.release();
  const joined = await create;
  assertEquals(joined.context, { from: 1 });
  const first = p0.link.sent.at(-1)!;
  await p1.acme.destroy("u");
  await p1.acme.getOrCreate("u", { from: 2 });
  const retried = world.store.commit(key("u"), first);
  assert(retried.outcome === "duplicate");
  assertEquals(retried.incarnation, joined.incarnation, "it names X, not Y");
});

Deno.test("trace 9 (rule 9): a write on an id not held is bound to what lives, or not sent", async () => {
  const world = new World();
  const p0 = world.pod();
  await assertRejects(() => p0.acme.increment("u", "n"), SessionNotFoundError);
  assertEquals(p0.link.sent, []);
});

Deno.test("trace 15 (rule 5): a rollback between two commits of one pod is seen", async () => {
  const world = new World();
  const p0 = world.pod();
  const seen: string[] = [];
  p0.manager.on("behind", ({ hashedId }) => seen.push(hashedId));
  await p0.acme.getOrCreate("u");
  await p0.acme.increment("u", "n");
  // The store goes back to what it was after the create: same incarnation, without the increment.
  world.store.forget();
  world.store.commit(key("u"), p0.link.sent[0]!);
  assertEquals(await p0.acme.increment("u", "n"), 2, "what was lost is put back first (rule 14)");
  assertEquals(seen.length, 1);
});

Deno.test("trace 16 (rule 1): another pod's version 2 is not yours", async () => {
  const world = new World();
  const p0 = world.pod();
  await p0.acme.getOrCreate("u");
  await p0.acme.updateContext("u", { own: 1 });
  const known = { incarnation: "", version: 2, tag: "other:1" };
  const { incarnation } = (await p0.acme.get("u"))!;
  const reply = world.store.load(key("u"), {
    known: { ...known, incarnation },
    tombstoneMs: 1,
  });
  assertEquals(reply.outcome, "found", "not unchanged");
});

Deno.test("trace 21 (rule 3): a refusal leaves no trace, so a retry is refused again", async () => {
  const world = new World();
  const [p0, p1] = [world.pod(), world.pod()];
  await p0.acme.getOrCreate("u");
  await p1.acme.destroy("u");
  await assertRejects(() => p0.acme.increment("u", "n"), SessionNotFoundError);
  assertEquals([again(world, p0), again(world, p0)], ["gone", "gone"]);
});

Deno.test("trace 25 (rule 19): an update whose reply was lost takes effect once", async () => {
  const world = new World();
  const p0 = world.pod();
  await p0.acme.getOrCreate("u", { n: 1 });
  p0.link.cut("commit", "reply", "unknown");
  let runs = 0;
  const session = await world.during(p0.acme.update("u", ({ n }) => {
    runs++;
    return { n: n * 2 };
  }));
  assertEquals([session.context.n, runs], [2, 1]);
  const [sent, resent] = p0.link.sent.slice(-2) as [CommitBatch, CommitBatch];
  assertEquals(resent, sent, "the same bytes again");
});

Deno.test("trace 26 (rule 19): an update refused with gone runs on the new state", async () => {
  const world = new World();
  const [p0, p1] = [world.pod(), world.pod()];
  await p0.acme.getOrCreate("u", { n: 100 });
  await p1.acme.destroy("u");
  await p1.acme.getOrCreate("u", { n: 1 });
  const seen: number[] = [];
  const session = await p0.acme.update("u", ({ n }) => {
    seen.push(n);
    return { n: n + 1 };
  });
  assertEquals([session.context.n, seen], [2, [100, 1]]);
});

for (const step of ["freeze", "adopt", "finish"] as const) {
  Deno.test(`trace 27 (rule 20): a pod dies after the ${step} of a rotation; whoever comes completes it`, async () => {
    const world = new World();
    const [p0, p1, p2] = [world.pod(), world.pod(), world.pod()];
    await p0.acme.getOrCreate("a", { n: 1 });
    await p0.acme.appendTrajectory("a", [1, 2]);
    await p1.acme.get("a");
    const held = ["freeze", "adopt", "finish"].indexOf(step);
    for (let passed = 0; passed < held; passed++) p0.link.next("commit", (execute) => execute());
    const dead = p0.link.hold("commit", "reply");
    p0.acme.rotate("a", "b").catch(() => {});
    await dead.arrived;

    await assertRejects(() => p1.acme.increment("a", "n"), SessionNotFoundError);
    const session = (await p2.acme.get("b"))!;
    assertEquals([session.context, session.trajectory.length], [{ n: 1 }, 1]);
    assertEquals(await p2.acme.get("a"), undefined, "one live copy");
  });
}

Deno.test("trace 29 (rule 20): a late adopt brings nothing back", async () => {
  const world = new World();
  const p0 = world.pod();
  await p0.acme.getOrCreate("a");
  await p0.acme.rotate("a", "b");
  const adopt = p0.link.sent.find(({ operations }) => operations[0]!.kind === "adopt")!;
  await p0.acme.destroy("b");
  assertEquals(world.store.commit(key("b"), adopt).outcome, "duplicate");
  assertEquals(await p0.acme.get("b", { fresh: true }), undefined);
  await world.clock.advance(5 * 3_600_000);
  assertEquals(world.store.commit(key("b"), adopt).outcome, "late");
});

Deno.test("trace 30 (rules 20, 21): a rotation does not lengthen the absolute lifetime", async () => {
  const world = new World();
  const p0 = world.pod({ ttlMs: 1_000, maxLifetimeMs: 1_500 });
  await p0.acme.getOrCreate("a");
  await world.clock.advance(900);
  const rotated = await p0.acme.rotate("a", "b");
  assertEquals(rotated.expiresInMs, 100, "nor the sliding one");
  await p0.acme.touch("b");
  assertEquals((await p0.acme.get("b"))!.expiresInMs, 600);
  await world.clock.advance(601);
  assertEquals(await p0.acme.get("b"), undefined);
});

Deno.test("rule 20: rotations that cross end, both refused, and both sessions live on", async () => {
  const world = new World();
  const [p0, p1] = [world.pod(), world.pod()];
  await p0.acme.getOrCreate("a", { from: "a" });
  await p1.acme.getOrCreate("b", { from: "b" });
  const held = [p0.link.hold("commit", "reply"), p1.link.hold("commit", "reply")];
  const rotations = Promise.allSettled([p0.acme.rotate("a", "b"), p1.acme.rotate("b", "a")]);
  for (const { arrived } of held) await arrived;
  for (const { release } of held) release();
  const results = await world.during(rotations);
  const codes = results.map((result) => (result.status === "rejected" ? result.reason.code : "ok"));
  assertEquals(codes, ["SESSION_EXISTS", "SESSION_EXISTS"]);
  assertEquals((await p1.acme.get("a", { fresh: true }))!.context, { from: "a" });
  assertEquals((await p0.acme.get("b", { fresh: true }))!.context, { from: "b" });
});

Deno.test("rule 20: a circle of three rotations ends too", async () => {
  const world = new World();
  const pods = [world.pod(), world.pod(), world.pod()];
  const ids = ["a", "b", "c"];
  for (const id of ids) await pods[0]!.acme.getOrCreate(id, { id });
  const held = pods.map(({ link }) => link.hold("commit", "reply"));
  const rotations = Promise.allSettled(
    pods.map(({ acme }, index) => acme.rotate(ids[index]!, ids[(index + 1) % 3]!)),
  );
  for (const { arrived } of held) await arrived;
  for (const { release } of held) release();
  await world.during(rotations);
  const alive = await Promise.all(ids.map((id) => world.pod().acme.get(id)));
  assertEquals(alive.flatMap((session) => session ? [session.context.id] : []).sort(), ids);
});

Deno.test("rule 20: what another pod completed is remembered by the new place", async () => {
  const world = new World();
  const [p0, p1] = [world.pod(), world.pod()];
  await p0.acme.getOrCreate("a", { n: 1 });
  const frozen = p0.link.hold("commit", "reply");
  const rotation = p0.acme.rotate("a", "b");
  await frozen.arrived;
  // Another pod completes it, and makes a new session under the old id.
  await p1.acme.getOrCreate("a", { n: 2 });
  frozen.release();
  assertEquals((await rotation).context, { n: 1 });
  assertEquals((await p1.acme.get("a", { fresh: true }))!.context, { n: 2 });
});

Deno.test("rule 20: once frozen, a rotation that gets no answer is unknown, not refused", async () => {
  const world = new World();
  const p0 = world.pod({ commandTimeoutMs: 200 });
  await p0.acme.getOrCreate("a", { n: 1 });
  p0.link.next("commit", (execute) => execute());
  for (let cut = 0; cut < 100; cut++) p0.link.cut("load", "request", "not-applied");
  const rotation = p0.acme.rotate("a", "b");
  const error = await world.during(assertRejects(() => rotation, StoreUnavailableError));
  assertEquals(error.outcome, "unknown");
  assertEquals(await world.pod().acme.get("a"), undefined);
  assertEquals((await world.pod().acme.get("b"))!.context, { n: 1 });
});
