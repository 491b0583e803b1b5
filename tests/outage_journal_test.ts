/** The journal: what waits for the store, how much of it there can be, and how it ends. */

import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import {
  JournalFullError,
  ManagerClosedError,
  StoreUnavailableError,
  UnkeptWritesError,
} from "../mod.ts";
import { MemoryPlace, reconciled, rejections, stored, takeAway } from "./support/away.ts";
import { type TestPod, World } from "./support/world.ts";

async function outage(options: Parameters<World["pod"]>[0] = {}): Promise<{
  world: World;
  pod: TestPod;
  comeBack: () => void;
}> {
  const world = new World();
  const pod = world.pod(options);
  await pod.acme.getOrCreate("held");
  return { world, pod, comeBack: await takeAway(world, pod) };
}

Deno.test("a million increments of one counter are one entry and one batch", async () => {
  const { world, pod, comeBack } = await outage();
  await pod.acme.increment("held", "n");
  const { journaled, journaledBytes } = pod.manager.status();
  for (let round = 0; round < 1_000; round++) {
    const calls = Array.from({ length: 1_000 }, () => pod.acme.increment("held", "n"));
    await Promise.all(calls);
  }
  const after = pod.manager.status();
  assertEquals([after.journaled, after.journaledBytes], [journaled, journaledBytes]);
  assertEquals((await pod.acme.get("held"))!.pending, 1_000_001);
  comeBack();
  await reconciled(world, pod);
  const [, ...batches] = pod.link.sent;
  assertEquals(batches.map(({ operations }) => operations.length), [1]);
  assertEquals((await stored(world, "held"))!.context, { n: 1_000_001 });
});

Deno.test("coalesced or not, a session's writes lead to what they would have led to one by one", async () => {
  const { world, pod, comeBack } = await outage();
  const { acme } = pod;
  await acme.increment("held", "a", 2);
  await acme.updateContext("held", { a: 10, b: 1 });
  await acme.increment("held", "a", 3);
  await acme.updateContext("held", { b: undefined });
  await acme.increment("held", "b", 5);
  await acme.updateContext("held", { c: 1 });
  await acme.updateContext("held", { c: undefined, d: "x" });
  for (let vector = 0; vector < 13; vector++) await acme.appendTrajectory("held", [vector]);
  const held = (await acme.get("held"))!;
  assertEquals(held.context, { a: 13, b: 5, d: "x" });
  comeBack();
  await reconciled(world, pod);
  const session = (await stored(world, "held"))!;
  assertEquals([session.context, session.trajectory], [held.context, held.trajectory]);
  assertEquals(session.trajectory.map(([first]) => first), [3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
});

Deno.test("what stands between two writes keeps its place: update, destroy and create are no part of a batch", async () => {
  const { world, pod, comeBack } = await outage();
  await pod.acme.increment("held", "n", 2);
  await pod.acme.update("held", ({ n }) => ({ n: n * 10 }));
  await pod.acme.increment("held", "n", 1);
  await pod.acme.destroy("held");
  await pod.acme.getOrCreate("held", { m: 1 });
  await pod.acme.increment("held", "m", 1);
  comeBack();
  await reconciled(world, pod);
  const kinds = pod.link.sent.slice(1).map(({ operations }) => operations.map(({ kind }) => kind));
  assertEquals(kinds, [
    ["increment"],
    ["set"],
    ["increment"],
    ["destroy"],
    ["create", "increment"],
  ]);
  assertEquals((await stored(world, "held"))!.context, { m: 2 });
});

Deno.test("full by sessions: the new session is refused, those accepted go on and are kept", async () => {
  const { world, pod, comeBack } = await outage({ journal: { maxSessions: 2 } });
  await pod.acme.increment("held", "n");
  await pod.acme.getOrCreate("a");
  for (const call of [() => pod.acme.getOrCreate("b"), () => pod.acme.increment("c", "n")]) {
    const { bound, limit } = await assertRejects(call, JournalFullError);
    assertEquals([bound, limit], ["maxSessions", 2]);
  }
  assertEquals(await pod.acme.get("b"), undefined);
  assertEquals(await pod.acme.increment("held", "n"), 2);
  assertEquals(pod.manager.status().journaled, 2);
  comeBack();
  await reconciled(world, pod);
  assertEquals((await stored(world, "held"))!.context, { n: 2 });
  assertEquals([!!await stored(world, "a"), !!await stored(world, "b")], [true, false]);
});

Deno.test("full by bytes: a write that grows it is refused and leaves no trace, one that does not is taken", async () => {
  const { world, pod, comeBack } = await outage({ journal: { maxBytes: 4_000 } });
  await pod.acme.increment("held", "n");
  const text = "x".repeat(2_000);
  for (
    const call of [
      () => pod.acme.updateContext("held", { text }),
      () => pod.acme.update("held", () => ({ text })),
      () => pod.acme.getOrCreate("new", { text }),
      () => pod.acme.appendTrajectory("held", new Float32Array(1_000)),
    ]
  ) assertEquals((await assertRejects(call, JournalFullError)).bound, "maxBytes");
  assertEquals(await pod.acme.increment("held", "n"), 2);
  assert(pod.manager.status().journaledBytes <= 4_000);
  const session = (await pod.acme.get("held"))!;
  assertEquals([session.context, session.trajectory.length], [{ n: 2 }, 0]);
  comeBack();
  await reconciled(world, pod);
  assertEquals((await stored(world, "held"))!.context, { n: 2 });
});

Deno.test("updates, which are not coalesced, fill it too; a destroy of what is journaled is always taken", async () => {
  const { pod } = await outage({ journal: { maxBytes: 10_000 } });
  const update = async () => {
    for (let run = 0; run < 100; run++) await pod.acme.update("held", () => ({}));
  };
  await assertRejects(update, JournalFullError);
  assert(pod.manager.status().journaledBytes <= 10_000);
  assertEquals(await pod.acme.destroy("held"), true);
});

Deno.test("without room for anything, calls are refused, and those in flight are told that nobody knows", async () => {
  const world = new World();
  const pod = world.pod({ journal: { maxSessions: 0 } });
  await pod.acme.getOrCreate("held");
  const thaw = pod.link.freeze();
  const call = () => pod.acme.increment("held", "n");
  const inFlight = await world.during(assertRejects(call, StoreUnavailableError));
  assertEquals(inFlight.outcome, "unknown");
  assertInstanceOf(inFlight.cause, JournalFullError);
  await assertRejects(call, JournalFullError);
  assertEquals((await pod.acme.get("held"))!.context, {});
  thaw();
  await reconciled(world, pod);
  assertEquals((await stored(world, "held"))!.context, { n: 1 }, "the late command was executed");
});

for (const executed of [true, false]) {
  Deno.test(`in flight when it went away, ${executed ? "" : "not "}executed: it counts once, under its number`, async () => {
    const world = new World();
    const pod = world.pod();
    await pod.acme.getOrCreate("held");
    pod.link.next("commit", async (execute) => {
      if (executed) await execute();
      return await new Promise<never>(() => {});
    });
    const first = pod.acme.increment("held", "n", 5);
    await world.clock.settle();
    const end = pod.link.refuse();
    assertEquals(await world.during(first), 5);
    assertEquals(await pod.acme.increment("held", "n"), 6);
    end();
    await reconciled(world, pod);
    const [sent, resent, next] = pod.link.sent.slice(1);
    assertEquals([resent!.writer, resent!.seq, resent!.operations], [
      sent!.writer,
      sent!.seq,
      sent!.operations,
    ]);
    assert(next!.seq > sent!.seq);
    assertEquals((await stored(world, "held"))!.context, { n: 6 });
  });
}

Deno.test("a create, an update and a destroy in flight count once, too", async () => {
  for (const executed of [true, false]) {
    const world = new World();
    const pod = world.pod();
    await pod.acme.getOrCreate("dies");
    await pod.acme.getOrCreate("doubles", { n: 1 });
    for (let command = 0; command < 3; command++) {
      pod.link.next("commit", async (execute) => {
        if (executed) await execute();
        return await new Promise<never>(() => {});
      });
    }
    const answers = Promise.all([
      pod.acme.getOrCreate("new", { n: 7 }),
      pod.acme.destroy("dies"),
      pod.acme.update("doubles", ({ n }) => ({ n: n * 2 })),
    ]);
    await world.clock.settle();
    const end = pod.link.refuse();
    const [created, destroyed, updated] = await world.during(answers);
    assertEquals([created.context, destroyed, updated.context], [{ n: 7 }, true, { n: 2 }]);
    assertEquals(await pod.acme.get("dies"), undefined);
    assertEquals(await pod.acme.increment("new", "n"), 8);
    end();
    await reconciled(world, pod);
    const kept = await Promise.all(["new", "dies", "doubles"].map((id) => stored(world, id)));
    assertEquals(kept.map((session) => session?.context), [{ n: 8 }, undefined, { n: 2 }]);
    assertEquals(kept[0]!.incarnation, created.incarnation);
  }
});

Deno.test("what waits longer than maxAgeMs is told, and not applied", async () => {
  const options = { ttlMs: 100_000, journal: { maxAgeMs: 50_000 } };
  const { world, pod, comeBack } = await outage(options);
  const rejected = rejections(pod);
  await pod.acme.increment("held", "n");
  await world.clock.advance(50_001);
  comeBack();
  await world.clock.advance(3_000);
  assertEquals(rejected, [["too-old", 1]]);
  assertEquals((await stored(world, "held"))!.context, {});
});

Deno.test("flush resolves when all is in the store, and not before", async () => {
  const { world, pod, comeBack } = await outage();
  await pod.acme.increment("held", "n");
  let flushed = false;
  const flush = pod.manager.flush().then(() => flushed = true);
  await world.clock.advance(10_000);
  assertEquals(flushed, false);
  comeBack();
  await world.during(flush);
  assertEquals((await stored(world, "held"))!.context, { n: 1 });
});

Deno.test("flush names what could not be kept, once, and what still waits after its time", async () => {
  const { world, pod, comeBack } = await outage();
  await pod.acme.increment("held", "n", 1);
  await pod.acme.increment("nobody", "n", 1);
  const early = () => pod.manager.flush({ timeoutMs: 100 });
  const { writes } = await world.during(assertRejects(early, UnkeptWritesError));
  assertEquals(writes.map(({ tenant, operations, reason }) => [tenant, operations, reason]), [
    ["acme", 1, "journaled"],
    ["acme", 1, "journaled"],
  ]);
  comeBack();
  const late = await world.during(assertRejects(() => pod.manager.flush(), UnkeptWritesError));
  assertEquals(late.writes.map(({ reason }) => reason), ["unknown"]);
  await world.during(pod.manager.flush());
});

Deno.test("close drains what it can", async () => {
  const { world, pod, comeBack } = await outage();
  await pod.acme.increment("held", "n");
  const closing = pod.manager.close({ timeoutMs: 5_000 });
  await assertRejects(() => pod.acme.increment("held", "n"), ManagerClosedError);
  comeBack();
  await world.during(closing);
  assertEquals((await stored(world, "held"))!.context, { n: 1 });
});

for (const silence of ["refuse", "freeze"] as const) {
  Deno.test(`close ends within its time while the store is away (${silence}), and reports what it could not keep`, async () => {
    const { world, pod, comeBack } = await outage();
    await pod.acme.increment("held", "n", 2);
    await pod.acme.getOrCreate("new");
    if (silence === "freeze") {
      pod.link.freeze();
      comeBack();
    }
    const startedAt = world.clock.now();
    const close = () => pod.manager.close({ timeoutMs: 2_000 });
    const { writes } = await world.during(assertRejects(close, UnkeptWritesError));
    assertEquals(writes.map(({ reason }) => reason), ["journaled", "journaled"]);
    assert(world.clock.now() - startedAt <= 6_000);
    assertEquals(await assertRejects(close), await assertRejects(close), "closed once");
  });
}

Deno.test("with a journal that outlives the pod, close has nothing to report", async () => {
  const place = new MemoryPlace();
  const { world, pod } = await outage({ place });
  await pod.acme.increment("held", "n");
  await world.during(pod.manager.close({ timeoutMs: 100 }));
  assertEquals(place.records.size, 1);
});

Deno.test("an outage of an hour, 10,000 sessions, a write to each a minute: bounded, and all kept", async () => {
  const world = new World();
  const pod = world.pod({ ttlMs: 2 * 3_600_000 });
  const comeBack = await takeAway(world, pod);
  const ids = Array.from({ length: 10_000 }, (_, id) => `u${id}`);
  for (const id of ids) await pod.acme.getOrCreate(id);
  for (let minute = 0; minute < 60; minute += 20) {
    for (const id of ids) await pod.acme.increment(id, "n");
    await world.clock.advance(20 * 60_000);
  }
  const { journaled, journaledBytes } = pod.manager.status();
  assertEquals(journaled, 10_000);
  assert(journaledBytes < 67_108_864, `${journaledBytes} bytes`);
  await assertRejects(() => pod.acme.getOrCreate("one more"), JournalFullError);
  comeBack();
  await reconciled(world, pod);
  assertEquals(world.store.size, 10_000);
  for (const id of [ids[0]!, ids[5_000]!, ids[9_999]!]) {
    assertEquals((await stored(world, id))!.context, { n: 3 });
  }
});
