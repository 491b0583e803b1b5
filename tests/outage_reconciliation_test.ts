/** The store is back: what was journaled comes to what a store that was never away would hold, or is reported. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { StoreRejectedError, UnkeptWritesError } from "../mod.ts";
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

interface Outage {
  readonly world: World;
  /** The pod that the store is away from. */
  readonly pod: TestPod;
  /** One that goes on. */
  readonly other: TestPod;
  readonly comeBack: () => void;
}

async function outage(options: Parameters<World["pod"]>[0] = {}): Promise<Outage> {
  const world = new World();
  const [pod, other] = [world.pod(options), world.pod(options)];
  await pod.acme.getOrCreate("u", { n: 1 });
  return { world, pod, other, comeBack: await takeAway(world, pod) };
}

Deno.test("back: both pods' increments are added, each pod's last set wins over what it overwrote", async () => {
  const { world, pod, other, comeBack } = await outage();
  await pod.acme.apply("u", { increment: { n: 10 }, set: { mine: 1, both: "away" } });
  await other.acme.apply("u", { increment: { n: 100 }, set: { theirs: 1, both: "online" } });
  comeBack();
  await reconciled(world, pod);
  const { context } = (await stored(world, "u"))!;
  assertEquals(context, { n: 111, mine: 1, theirs: 1, both: "away" });
  assertEquals((await pod.acme.get("u"))!.context, context, "and this pod sees it");
});

Deno.test("back: vectors follow those that others appended meanwhile, in order", async () => {
  const { world, pod, other, comeBack } = await outage();
  for (const vector of [1, 2]) await pod.acme.appendTrajectory("u", [vector]);
  await other.acme.appendTrajectory("u", [9]);
  comeBack();
  await reconciled(world, pod);
  const { trajectory } = (await stored(world, "u"))!;
  assertEquals(trajectory.map(([first]) => first), [9, 1, 2]);
});

Deno.test("back: two pods that both created an id: one session, with both pods' operations", async () => {
  const world = new World();
  const [p0, p1] = [world.pod(), world.pod()];
  const ends = [await takeAway(world, p0), await takeAway(world, p1)];
  await p0.acme.getOrCreate("u", { from: 0 });
  await p1.acme.getOrCreate("u", { from: 1, n: 7 });
  await p0.acme.increment("u", "n", 10);
  await p1.acme.increment("u", "n", 100);
  for (const pod of [0, 1]) {
    ends[pod]!();
    await reconciled(world, [p0, p1][pod]!);
  }
  const session = (await stored(world, "u"))!;
  assertEquals(session.context, { from: 0, n: 110 });
  for (const { acme } of [p0, p1]) {
    assertEquals((await acme.get("u", { fresh: true }))!.incarnation, session.incarnation);
  }
});

Deno.test("back: a create never overwrites what the store holds", async () => {
  const world = new World();
  const [pod, other] = [world.pod(), world.pod()];
  const comeBack = await takeAway(world, pod);
  await pod.acme.getOrCreate("u", { from: "away", n: 0 });
  await other.acme.getOrCreate("u", { from: "online", n: 5 });
  comeBack();
  await reconciled(world, pod);
  assertEquals((await stored(world, "u"))!.context, { from: "online", n: 5 });
  assertEquals((await pod.acme.get("u"))!.context, { from: "online", n: 5 });
});

Deno.test("back: a destroy of what another pod wrote to meanwhile is kept", async () => {
  const { world, pod, other, comeBack } = await outage();
  await pod.acme.destroy("u");
  await other.acme.increment("u", "n");
  comeBack();
  await reconciled(world, pod);
  assertEquals(await other.acme.get("u", { fresh: true }), undefined);
});

Deno.test("back: a destroy is for what was held, not for what was created since", async () => {
  const { world, pod, other, comeBack } = await outage();
  await pod.acme.destroy("u");
  await other.acme.destroy("u");
  await other.acme.getOrCreate("u", { later: 1 });
  comeBack();
  await reconciled(world, pod);
  assertEquals((await stored(world, "u"))!.context, { later: 1 });
});

Deno.test("back: new writes to a session queue behind what waits of it", async () => {
  const { world, pod, comeBack } = await outage();
  await pod.acme.updateContext("u", { step: 1 });
  const first = pod.link.hold("commit", "request");
  comeBack();
  await world.during(first.arrived);
  const write = pod.acme.updateContext("u", { step: 2 });
  first.release();
  assertEquals((await world.during(write)).context, { n: 1, step: 2 });
  await reconciled(world, pod);
  assertEquals((await stored(world, "u"))!.context, { n: 1, step: 2 });
});

Deno.test("back: one session that waits does not hold up another", async () => {
  const { world, pod, other, comeBack } = await outage();
  await other.acme.getOrCreate("live");
  await pod.acme.increment("u", "n");
  const first = pod.link.hold("commit", "request");
  comeBack();
  await world.during(first.arrived);
  assertEquals(await pod.acme.increment("live", "n"), 1);
  first.release();
});

Deno.test("back: many sessions drain side by side, but not all at once", async () => {
  const { world, pod, comeBack } = await outage();
  for (let id = 0; id < 500; id++) await pod.acme.getOrCreate(`u${id}`);
  let [now, most] = [0, 0];
  for (let commit = 0; commit < 500; commit++) {
    pod.link.next("commit", async (execute) => {
      most = Math.max(most, ++now);
      await new Promise<void>((resolve) => world.clock.after(1, resolve));
      now--;
      return await execute();
    });
  }
  comeBack();
  await reconciled(world, pod);
  assert(most > 8 && most < 100, `${most} at once`);
});

/** What makes a journaled write one that cannot be kept, by the reason that is told. */
const REJECTIONS: Record<string, (outage: Outage) => Promise<unknown>> = {
  async destroyed({ pod, other }) {
    await pod.acme.increment("u", "n");
    await other.acme.destroy("u");
  },
  async expired({ world, pod }) {
    await pod.acme.increment("u", "n");
    await world.clock.advance(11_000);
    await stored(world, "u");
  },
  async vanished({ world, pod }) {
    await pod.acme.increment("u", "n");
    world.store.remove(storeKey("u"));
  },
  unknown: ({ pod }) => pod.acme.increment("nobody", "n"),
  async invalid({ pod, other }) {
    await pod.acme.increment("u", "n");
    await other.acme.updateContext("u", { n: "a text" });
  },
  async undecidable({ world, pod }) {
    await pod.acme.increment("u", "n");
    const reply = { outcome: "unknown", storeTimeMs: world.store.nowMs() };
    pod.link.next("commit", () => Promise.resolve(reply as never));
  },
  async corrupt({ world, pod }) {
    await pod.acme.increment("u", "n");
    const reply = { outcome: "corrupt", detail: "bits", storeTimeMs: world.store.nowMs() };
    pod.link.next("commit", () => Promise.resolve(reply as never));
  },
};

for (const [reason, prepare] of Object.entries(REJECTIONS)) {
  Deno.test(`back: a write that cannot be kept is told as "${reason}", and flush rejects`, async () => {
    const prepared = await outage({ ttlMs: 10_000 });
    const { world, pod, comeBack } = prepared;
    const told = heard(pod, "rejected");
    const done = heard(pod, "reconciled");
    await prepare(prepared);
    comeBack();
    const { writes } = await world.during(
      assertRejects(() => pod.manager.flush(), UnkeptWritesError),
    );
    assertEquals(told.map((event) => [event.reason, event.operations]), [[reason, 1]]);
    assertEquals(writes.map((write) => [write.reason, write.operations]), [[reason, 1]]);
    assertEquals(writes[0]!.hashedId, told[0]!.hashedId);
    await reconciled(world, pod);
    await world.clock.advance(10_000);
    assertEquals(done.map(({ operations, rejected }) => [operations, rejected]), [[0, 1]]);
    assertEquals(pod.manager.eventCounts().rejected, 1);
  });
}

Deno.test("back: a write that cannot be kept does not take its neighbours with it", async () => {
  const { world, pod, other, comeBack } = await outage();
  const rejected = rejections(pod);
  const done = heard(pod, "reconciled");
  for (let write = 0; write < 3; write++) await pod.acme.increment("u", "n");
  await pod.acme.updateContext("u", { kept: 1 });
  await other.acme.updateContext("u", { n: "a text" });
  comeBack();
  await reconciled(world, pod);
  assertEquals((await stored(world, "u"))!.context, { n: "a text", kept: 1 });
  assertEquals(rejected, [["invalid", 3]]);
  assertEquals(done.map(({ operations, rejected }) => [operations, rejected]), [[1, 3]]);
});

Deno.test("back: after a session was destroyed elsewhere all that waits of it is told, and a later create lives", async () => {
  const { world, pod, other, comeBack } = await outage();
  const rejected = rejections(pod);
  await pod.acme.increment("u", "n");
  await pod.acme.update("u", () => ({ a: 1 }));
  await pod.acme.destroy("u");
  await pod.acme.getOrCreate("u", { again: 1 });
  await other.acme.destroy("u");
  comeBack();
  await reconciled(world, pod);
  assertEquals(rejected, [["destroyed", 1], ["destroyed", 1]], "the destroy has what it wanted");
  assertEquals((await stored(world, "u"))!.context, { again: 1 });
});

Deno.test("back: a destroy that finds nothing is no write that was lost", async () => {
  const { world, pod, comeBack } = await outage();
  assertEquals(await pod.acme.destroy("nobody"), false);
  comeBack();
  await world.during(pod.manager.flush());
  assertEquals(pod.manager.eventCounts().rejected, undefined);
});

Deno.test("back: update runs again as often as others write in between, under one number", async () => {
  const { world, pod, other, comeBack } = await outage();
  await pod.acme.update("u", ({ n }) => ({ n: n * 2 }));
  for (let conflict = 0; conflict < 3; conflict++) {
    pod.link.next("commit", async (execute) => {
      await other.acme.increment("u", "n");
      return await execute();
    });
  }
  comeBack();
  await reconciled(world, pod);
  assertEquals((await stored(world, "u"))!.context, { n: 8 });
  const seqs = pod.link.sent.slice(1).map(({ seq }) => seq);
  assertEquals([seqs.length, new Set(seqs).size], [4, 1]);
});

Deno.test("back: an update whose function throws on the store's state is told, with why", async () => {
  const { world, pod, other, comeBack } = await outage();
  const told = heard(pod, "rejected");
  await pod.acme.update("u", ({ n }) => {
    if (n > 1) throw new RangeError("n is too large");
    return { n: n + 1 };
  });
  await other.acme.updateContext("u", { n: 50 });
  comeBack();
  await reconciled(world, pod);
  assertEquals(told.map(({ reason, detail }) => [reason, detail]), [["invalid", "n is too large"]]);
  assertEquals((await stored(world, "u"))!.context, { n: 50 });
});

Deno.test("an heir has no function: an update is told as a conflict, the rest is kept", async () => {
  const place = new MemoryPlace();
  const { world, pod } = await outage({ place });
  await pod.acme.update("u", ({ n }) => ({ n: n + 1 }));
  await pod.acme.updateContext("u", { kept: 1 });
  const heir = world.pod({ place });
  const rejected = rejections(heir);
  await heir.manager.connect();
  await reconciled(world, heir);
  assertEquals([rejected, place.records.size], [[["conflict", 1]], 0]);
  assertEquals((await stored(world, "u"))!.context, { n: 1, kept: 1 });
});

Deno.test("what was told as rejected is not in the journal of an heir", async () => {
  const place = new MemoryPlace();
  const { world, pod, comeBack } = await outage({ place });
  await pod.acme.increment("nobody", "n");
  comeBack();
  await reconciled(world, pod);
  await world.clock.settle();
  assertEquals(place.records.size, 0);
});

Deno.test("a store that is back and refuses writes stalls the journal: told once, nothing lost", async () => {
  const { world, pod, comeBack } = await outage();
  const stalled = heard(pod, "stalled");
  await pod.acme.increment("u", "n");
  let isFull = true;
  const oom = <Reply>(execute: () => Promise<Reply>) =>
    isFull ? Promise.reject(new StoreRejectedError("OOM", "command not allowed")) : execute();
  for (let commit = 0; commit < 100; commit++) pod.link.next("commit", oom);
  comeBack();
  await world.clock.advance(30_000);
  assertEquals(stalled, [{ code: "OOM", message: "command not allowed" }]);
  assertEquals(pod.manager.status().journaled, 1);
  const session = (await pod.acme.get("u"))!;
  assertEquals([session.context, session.pending], [{ n: 2 }, 1]);
  // A new write cannot be kept by the store now: its caller is told.
  await assertRejects(() => pod.acme.increment("u", "n"), StoreRejectedError);
  isFull = false;
  await reconciled(world, pod);
  assertEquals((await stored(world, "u"))!.context, { n: 2 });
});
