/** Reads and writes while the store is away: what each call answers, and what the store has when it is back. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  InvalidInputError,
  SessionNotFoundError,
  StoreRejectedError,
  StoreUnavailableError,
} from "../mod.ts";
import { reconciled, rejections, stored, takeAway } from "./support/away.ts";
import { type TestPod, World } from "./support/world.ts";

interface Outage {
  readonly world: World;
  readonly pod: TestPod;
  readonly comeBack: () => void;
}

/** A pod that holds the session `held`, whose store has gone away, and that another pod's `unheld` is not known to. */
async function outage(options: Parameters<World["pod"]>[0] = {}): Promise<Outage> {
  const world = new World();
  const [pod, other] = [world.pod(options), world.pod()];
  await pod.acme.getOrCreate("held", { n: 1, name: "a" });
  await pod.acme.appendTrajectory("held", [1, 2]);
  await other.acme.getOrCreate("unheld", { n: 100 });
  return { world, pod, comeBack: await takeAway(world, pod) };
}

Deno.test("away: a held session is served, marked as degraded, and nothing is sent", async () => {
  const { pod } = await outage();
  const sentBefore = [pod.link.sent.length, pod.link.loads];
  for (const read of [pod.acme.get("held"), pod.acme.getOrCreate("held", { n: 9 })]) {
    const session = (await read)!;
    assertEquals(session.context, { n: 1, name: "a" });
    assertEquals([session.degraded, session.pending], [true, 0]);
  }
  assertEquals((await pod.acme.loadFromStore("held"))!.degraded, true);
  assertEquals([pod.link.sent.length, pod.link.loads], sentBefore);
});

Deno.test("away: of an unknown id get answers undefined, and getOrCreate starts fresh", async () => {
  const { world, pod, comeBack } = await outage();
  assertEquals(await pod.acme.get("new"), undefined);
  const session = await pod.acme.getOrCreate("new", { n: 1 });
  assertEquals([session.context, session.degraded, session.pending], [{ n: 1 }, true, 1]);
  assertEquals((await pod.acme.getOrCreate("new", { n: 2 })).context, { n: 1 }, "it exists now");
  assertEquals(await pod.acme.increment("new", "n"), 2);
  comeBack();
  await reconciled(world, pod);
  assertEquals((await stored(world, "new"))!.context, { n: 2 });
  const after = (await pod.acme.get("new"))!;
  assertEquals([after.incarnation, after.degraded, after.pending], [session.incarnation, false, 0]);
});

Deno.test("away: writes to a held session show at once, count as pending, and reach the store", async () => {
  const { world, pod, comeBack } = await outage();
  assertEquals(await pod.acme.increment("held", "n"), 2);
  assertEquals((await pod.acme.updateContext("held", { name: undefined, b: 1 })).pending, 3);
  assertEquals((await pod.acme.appendTrajectory("held", [3, 4])).trajectory.length, 2);
  const changes = { set: { c: 1 }, increment: { n: 5 }, append: [5, 6] };
  const session = await pod.acme.apply("held", changes);
  assertEquals(session.context, { n: 7, b: 1, c: 1 });
  assertEquals([session.degraded, session.pending, session.trajectory.length], [true, 7, 3]);
  assertEquals(await pod.acme.touch("held"), true);
  const held = (await pod.acme.get("held"))!;
  comeBack();
  await reconciled(world, pod);
  const kept = (await stored(world, "held"))!;
  assertEquals([kept.context, kept.trajectory], [held.context, held.trajectory]);
});

Deno.test("away: a snapshot does not change with later writes", async () => {
  const { pod } = await outage();
  const before = await pod.acme.updateContext("held", { n: 2 });
  await pod.acme.increment("held", "n");
  await pod.acme.appendTrajectory("held", [3, 4]);
  assertEquals([before.context.n, before.pending, before.trajectory.length], [2, 1, 1]);
});

Deno.test("away: writes to a session that is not held count in the store's session", async () => {
  const { world, pod, comeBack } = await outage();
  assertEquals(await pod.acme.increment("unheld", "n", 2), 2, "the sum of this pod's own");
  assertEquals(await pod.acme.increment("unheld", "n", 3), 5);
  assertEquals((await pod.acme.updateContext("unheld", { a: 1 })).context, { n: 5, a: 1 });
  await pod.acme.appendTrajectory("unheld", [1]);
  assertEquals(await pod.acme.get("unheld"), undefined, "its state is not known");
  comeBack();
  await reconciled(world, pod);
  const session = (await stored(world, "unheld"))!;
  assertEquals([session.context, session.trajectory.length], [{ n: 105, a: 1 }, 1]);
});

Deno.test("away: a create that follows writes to an unheld id leaves both to the store's session", async () => {
  const { world, pod, comeBack } = await outage();
  await pod.acme.increment("unheld", "n", 2);
  await pod.acme.getOrCreate("unheld", { n: 0 });
  await pod.acme.increment("unheld", "n", 3);
  comeBack();
  await reconciled(world, pod);
  assertEquals((await stored(world, "unheld"))!.context, { n: 105 });
});

Deno.test("away: writes to a session that nobody has are reported when the store is back", async () => {
  const { world, pod, comeBack } = await outage();
  const rejected = rejections(pod);
  assertEquals(await pod.acme.increment("nobody", "n"), 1);
  await pod.acme.updateContext("nobody", { a: 1 });
  comeBack();
  await reconciled(world, pod);
  assertEquals(rejected, [["unknown", 2]]);
  assertEquals(await stored(world, "nobody"), undefined);
});

Deno.test("away: update runs on what is held, and again on the store's state", async () => {
  const { world, pod, comeBack } = await outage();
  const other = world.pod();
  const seen: number[] = [];
  const session = await pod.acme.update("held", ({ n }) => {
    seen.push(n);
    return { n: n * 2 };
  });
  assertEquals([session.context.n, session.pending], [2, 1]);
  await other.acme.updateContext("held", { n: 10 });
  comeBack();
  await reconciled(world, pod);
  assertEquals([seen.at(0), seen.at(-1)], [1, 10]);
  assertEquals((await stored(world, "held"))!.context.n, 20);
});

Deno.test("away: update of a session that is not held, and rotate, are refused", async () => {
  const { pod } = await outage();
  const calls = [() => pod.acme.update("unheld", () => ({})), () => pod.acme.rotate("held", "b")];
  for (const call of calls) {
    assertEquals((await assertRejects(call, StoreUnavailableError)).outcome, "not-applied");
  }
  assertEquals(pod.manager.status().journaled, 0);
  assertEquals((await pod.acme.get("held"))!.context.n, 1);
});

Deno.test("away: destroy answers at once, and the session is dead from then on", async () => {
  const { world, pod, comeBack } = await outage();
  assertEquals(await pod.acme.destroy("held"), true);
  assertEquals(await pod.acme.get("held"), undefined);
  const refusal = await assertRejects(() => pod.acme.increment("held", "n"), SessionNotFoundError);
  assertEquals(refusal.reason, "destroyed");
  assertEquals([await pod.acme.destroy("held"), await pod.acme.touch("held")], [false, false]);
  comeBack();
  await reconciled(world, pod);
  assertEquals(await stored(world, "held"), undefined);
});

Deno.test("away: destroyed and created again, it is the new session that the store has", async () => {
  const { world, pod, comeBack } = await outage();
  const before = (await pod.acme.get("held"))!;
  await pod.acme.increment("held", "n");
  await pod.acme.destroy("held");
  const created = await pod.acme.getOrCreate("held", { again: 1 });
  await pod.acme.increment("held", "again");
  assert(created.incarnation !== before.incarnation);
  comeBack();
  await reconciled(world, pod);
  const session = (await stored(world, "held"))!;
  assertEquals([session.incarnation, session.context], [created.incarnation, { again: 2 }]);
});

Deno.test("away: a destroy of an id that is not held hits what lives in the store", async () => {
  const { world, pod, comeBack } = await outage();
  await pod.acme.destroy("unheld");
  comeBack();
  await reconciled(world, pod);
  assertEquals(await stored(world, "unheld"), undefined);
});

Deno.test("away: a held session that nobody writes to runs out; one that writes keep alive does not", async () => {
  const ttl = { ttlMs: 10_000 };
  const { world, pod } = await outage(ttl);
  await pod.acme.getOrCreate("idle");
  for (let passed = 0; passed < 3; passed++) {
    await world.clock.advance(4_000);
    await pod.acme.touch("held");
  }
  assertEquals((await pod.acme.get("held"))!.expiresInMs, 10_000);
  assertEquals(await pod.acme.get("idle"), undefined);
  const refusal = await assertRejects(() => pod.acme.increment("idle", "n"), SessionNotFoundError);
  assertEquals(refusal.reason, "expired");
  assertEquals((await pod.acme.getOrCreate("idle", { again: 1 })).context, { again: 1 });
});

Deno.test("away: what waits of a session that ran out was accepted in time, and is kept", async () => {
  const { world, pod, comeBack } = await outage({ ttlMs: 10_000 });
  await world.clock.advance(4_000);
  assertEquals(await pod.acme.increment("held", "n"), 2);
  await world.clock.advance(6_000);
  comeBack();
  await reconciled(world, pod);
  assertEquals((await stored(world, "held"))!.context.n, 2);
});

Deno.test("away: the absolute lifetime ends a session whatever renews it", async () => {
  const { world, pod } = await outage({ ttlMs: 10_000, maxLifetimeMs: 12_000 });
  await pod.acme.getOrCreate("new");
  await world.clock.advance(8_000);
  await pod.acme.touch("new");
  assertEquals((await pod.acme.get("new"))!.expiresInMs, 4_000);
  await world.clock.advance(4_000);
  assertEquals([await pod.acme.get("new"), await pod.acme.get("held")], [undefined, undefined]);
});

Deno.test("away: what does not fit is refused at once, and nothing of it is journaled", async () => {
  const { pod } = await outage();
  const misfits = [
    () => pod.acme.increment("held", "name"),
    () => pod.acme.appendTrajectory("held", [1, 2, 3]),
    () => pod.acme.apply("held", { set: { a: 1 }, increment: { name: 1 } }),
    () => pod.acme.getOrCreate("big", { text: "x".repeat(70_000) }),
  ];
  for (const misfit of misfits) await assertRejects(misfit, InvalidInputError);
  await assertRejects(
    () =>
      pod.acme.update("held", () => {
        throw new RangeError("mine");
      }),
    RangeError,
  );
  assertEquals(pod.manager.status().journaled, 0);
  assertEquals((await pod.acme.get("held"))!.context, { n: 1, name: "a" });
});

Deno.test("away: a schema holds for what is journaled too", async () => {
  const schema = {
    "~standard": {
      version: 1 as const,
      vendor: "test",
      validate: (value: unknown) =>
        (value as { n?: number }).n! < 5 ? { value: value as object } : {
          issues: [{ message: "n is below 5" }],
        },
    },
  };
  const world = new World();
  const pod = world.pod({ schema });
  await pod.acme.getOrCreate("u", { n: 1 });
  const comeBack = await takeAway(world, pod);
  assertEquals(await pod.acme.increment("u", "n", 3), 4);
  for (
    const misfit of [
      () => pod.acme.increment("u", "n"),
      () => pod.acme.updateContext("u", { n: 7 }),
      () => pod.acme.update("u", ({ n }) => ({ n: n + 1 })),
      () => pod.acme.getOrCreate("new", { n: 5 }),
    ]
  ) await assertRejects(misfit, InvalidInputError);
  assertEquals((await pod.acme.update("u", ({ n }) => ({ n: n - 2 }))).context, { n: 2 });
  comeBack();
  await reconciled(world, pod);
  assertEquals((await stored(world, "u"))!.context, { n: 2 });
});

Deno.test("away: a caller that gave up before leaves nothing in the journal", async () => {
  const { pod } = await outage();
  const reason = new Error("gave up");
  const call = () => pod.acme.increment("held", "n", 1, { signal: AbortSignal.abort(reason) });
  assertEquals(await assertRejects(call), reason);
  assertEquals(pod.manager.status().journaled, 0);
});

Deno.test("a caller that gives up while the store is silent is told at once; its write counts once at most", async () => {
  const world = new World();
  const pod = world.pod();
  await pod.acme.getOrCreate("u");
  const thaw = pod.link.freeze();
  const controller = new AbortController();
  const write = pod.acme.increment("u", "n", 1, { signal: controller.signal });
  await world.clock.advance(100);
  controller.abort(new Error("gave up"));
  await assertRejects(() => write, Error, "gave up");
  assertEquals(await world.during(pod.acme.increment("u", "n")), 2);
  thaw();
  await reconciled(world, pod);
  assertEquals((await stored(world, "u"))!.context, { n: 2 });
});

Deno.test("an update whose caller gave up in flight is run again with what it was sealed of", async () => {
  const world = new World();
  const [pod, other] = [world.pod(), world.pod()];
  await pod.acme.getOrCreate("u", { n: 1 });
  pod.link.next("commit", () => new Promise<never>(() => {}));
  const controller = new AbortController();
  const { signal } = controller;
  const update = pod.acme.update("u", ({ n }) => ({ n: n * 2 }), { signal });
  await world.clock.settle();
  controller.abort(new Error("gave up"));
  await assertRejects(() => update, Error, "gave up");
  const end = pod.link.refuse();
  await world.clock.advance(2_000);
  await other.acme.updateContext("u", { n: 5 });
  end();
  await reconciled(world, pod);
  assertEquals((await stored(world, "u"))!.context, { n: 10 });
  assert(pod.link.sent.every(({ operations }) => operations.length > 0));
});

Deno.test("away: what the cache let go of is served as long as writes of it wait", async () => {
  const { world, pod, comeBack } = await outage({ cache: { maxSessions: 1 } });
  for (const id of ["a", "b", "c"]) await pod.acme.getOrCreate(id, { id });
  for (const id of ["a", "b", "c"]) assertEquals((await pod.acme.get(id))!.context, { id });
  comeBack();
  await reconciled(world, pod);
  for (const id of ["a", "b", "c"]) assertEquals((await stored(world, id))!.context, { id });
});

Deno.test("failMode closed: calls that need the store reject at once, and nothing is journaled", async () => {
  const { world, pod, comeBack } = await outage({ failMode: "closed" });
  await world.clock.advance(1_000);
  const calls = [
    () => pod.acme.get("held"),
    () => pod.acme.getOrCreate("new"),
    () => pod.acme.increment("held", "n"),
    () => pod.acme.update("held", () => ({})),
    () => pod.acme.destroy("held"),
  ];
  const startedAt = world.clock.now();
  for (const call of calls) {
    assertEquals((await assertRejects(call, StoreUnavailableError)).outcome, "not-applied");
  }
  assertEquals([world.clock.now() - startedAt, pod.manager.status().journaled], [0, 0]);
  comeBack();
  await reconciled(world, pod);
  assertEquals((await stored(world, "held"))!.context, { n: 1, name: "a" });
});

Deno.test("a store that refuses writes is not away: the caller is told, and reads go on", async () => {
  const world = new World();
  const pod = world.pod();
  await pod.acme.getOrCreate("u", { n: 1 });
  const refuse = () => Promise.reject(new StoreRejectedError("OOM", "command not allowed"));
  pod.link.next("commit", refuse);
  await assertRejects(() => pod.acme.increment("u", "n"), StoreRejectedError);
  const { store, journaled } = pod.manager.status();
  assertEquals([store, journaled], ["up", 0]);
  const session = (await pod.acme.get("u", { fresh: true }))!;
  assertEquals([session.context, session.degraded], [{ n: 1 }, false]);
});

Deno.test("away: there is nothing to recover from, and a session that is not there has no time to renew", async () => {
  const { world, pod, comeBack } = await outage();
  const error = await assertRejects(() => pod.acme.recover(["held"]), StoreUnavailableError);
  assertEquals(error.outcome, "not-applied");
  const told = rejections(pod);
  assertEquals(await pod.acme.touch("nobody"), false);
  comeBack();
  await reconciled(world, pod);
  assertEquals(told, [], "nothing is lost of it");
});
