import { assert, assertEquals, assertRejects } from "@std/assert";
import { createHash, createHmac } from "node:crypto";
import { KeySpace } from "../core/key_space.ts";
import {
  ManagerClosedError,
  SessionExistsError,
  SessionNotFoundError,
  StoreUnavailableError,
} from "../mod.ts";
import { World } from "./support/world.ts";

Deno.test("getOrCreate creates once, and leaves an existing session as it is", async () => {
  const world = new World();
  const [pod1, pod2] = [world.pod(), world.pod()];
  const created = await pod1.acme.getOrCreate("u", { plan: "free" });
  assertEquals([created.tenant, created.id, created.version], ["acme", "u", 1]);
  assertEquals([created.degraded, created.pending], [false, 0]);
  await world.clock.advance(1_000);
  const found = await pod2.acme.getOrCreate("u", { plan: "paid" });
  assertEquals(found.context, { plan: "free" });
  assertEquals(found.incarnation, created.incarnation);
  assertEquals(found.expiresInMs, 3_599_000, "a read renews nothing");
});

Deno.test("two pods that create one id at once get the same session", async () => {
  const world = new World();
  const [pod1, pod2] = [world.pod(), world.pod()];
  const sessions = await Promise.all([
    pod1.acme.getOrCreate("u", { from: 1 }),
    pod2.acme.getOrCreate("u", { from: 2 }),
    pod1.acme.getOrCreate("u", { from: 3 }),
  ]);
  assertEquals(new Set(sessions.map(({ incarnation }) => incarnation)).size, 1);
  assertEquals(new Set(sessions.map(({ context }) => context.from)).size, 1);
});

Deno.test("a patch sets, deletes, and leaves the rest", async () => {
  const world = new World();
  const { acme } = world.pod();
  await acme.getOrCreate("u", { plan: "free", old: 1 });
  const session = await acme.updateContext("u", { risk: { level: 2 }, old: undefined });
  assertEquals(session.context, { plan: "free", risk: { level: 2 } });
  assertEquals(session.version, 2);
});

Deno.test("apply is one commit: set, then increment, then append", async () => {
  const world = new World();
  const { acme, link } = world.pod();
  await acme.getOrCreate("u");
  const session = await acme.apply("u", {
    set: { n: 10, gone: undefined },
    increment: { n: 5, m: 0.1 },
    append: [[1, 2], new Float32Array([3, 4])],
  });
  assertEquals(session.context, { n: 15, m: 0.1 });
  assertEquals(session.trajectory.map((vector) => [...vector]), [[1, 2], [3, 4]]);
  assertEquals([session.version, link.sent.length], [2, 2]);
});

Deno.test("the trajectory keeps the last vectors, bit for bit", async () => {
  const world = new World();
  const { acme } = world.pod({ limits: { trajectoryVectors: 3 } });
  await acme.getOrCreate("u");
  const vectors = [
    [1, 0],
    [-0, 1.401298464324817e-45],
    [3.4028234663852886e38, -1.1754943508222875e-38],
    [0.1, 1 / 3],
  ].map((numbers) => new Float32Array(numbers));
  for (const vector of vectors) await acme.appendTrajectory("u", vector);
  const { trajectory } = (await acme.get("u", { fresh: true }))!;
  const bits = (list: readonly Float32Array[]) => list.map((v) => [...new Uint32Array(v.buffer)]);
  assertEquals(bits(trajectory), bits(vectors.slice(1)));
});

Deno.test("what a caller does to a snapshot reaches neither the session nor other snapshots", async () => {
  const world = new World();
  const { acme } = world.pod();
  const initial = { list: [1] };
  const created = await acme.getOrCreate("u", initial);
  const vector = new Float32Array([1, 2]);
  await acme.appendTrajectory("u", vector);
  initial.list.push(2);
  vector[0] = 99;
  created.context.list.push(3);
  const first = (await acme.get("u"))!;
  first.context.list.push(4);
  first.trajectory[0]![0] = 77;
  const second = (await acme.get("u"))!;
  assertEquals(second.context, { list: [1] });
  assertEquals([...second.trajectory[0]!], [1, 2]);
});

Deno.test("update runs on the newest state and is serialisable", async () => {
  const world = new World();
  const [pod1, pod2] = [world.pod(), world.pod()];
  await pod1.acme.getOrCreate("u", { n: 0 });
  await Promise.all(
    Array.from(
      { length: 50 },
      (_, index) => (index % 2 ? pod1 : pod2).acme.update("u", ({ n }) => ({ n: n + 1 })),
    ),
  );
  assertEquals((await pod1.acme.get("u", { fresh: true }))!.context, { n: 50 });
});

Deno.test("a function of update that throws rejects its own call only", async () => {
  const world = new World();
  const { acme } = world.pod();
  await acme.getOrCreate("u", { n: 0 });
  const [bad, good] = await Promise.allSettled([
    acme.update("u", () => {
      throw new RangeError("mine");
    }),
    acme.update("u", ({ n }) => ({ n: n + 1 })),
  ]);
  assert(bad.status === "rejected" && bad.reason instanceof RangeError);
  assert(good.status === "fulfilled" && good.value.context.n === 1);
  await assertRejects(() => acme.update("u", (() => Promise.resolve({})) as never), Error, "synch");
});

Deno.test("a write to what does not exist says why", async () => {
  const world = new World();
  const { acme } = world.pod({ ttlMs: 1_000 });
  const reason = async (promise: Promise<unknown>) =>
    (await assertRejects(() => promise, SessionNotFoundError)).reason;
  assertEquals(await reason(acme.increment("never", "n")), "unknown");
  await acme.getOrCreate("destroyed");
  assertEquals(await acme.destroy("destroyed"), true);
  assertEquals(await acme.destroy("destroyed"), false);
  assertEquals(await reason(acme.updateContext("destroyed", { a: 1 })), "destroyed");
  await acme.getOrCreate("expired");
  await world.clock.advance(1_001);
  assertEquals(await reason(acme.appendTrajectory("expired", [1])), "expired");
  assertEquals(await acme.touch("expired"), false);
  assertEquals(await acme.get("expired"), undefined);
});

Deno.test("rotate moves the state to a new id, and the old one is dead", async () => {
  const world = new World();
  const [pod1, pod2] = [world.pod({ maxLifetimeMs: 10_000_000 }), world.pod()];
  await pod1.acme.getOrCreate("old", { n: 1 });
  await pod1.acme.appendTrajectory("old", [1, 2]);
  await pod2.acme.get("old");
  const rotated = await pod1.acme.rotate("old", "new");
  assertEquals([rotated.id, rotated.context], ["new", { n: 1 }]);
  assertEquals(rotated.trajectory.length, 1);
  const error = await assertRejects(
    () => pod2.acme.updateContext("old", { n: 2 }),
    SessionNotFoundError,
  );
  assertEquals(error.reason, "destroyed");
  assertEquals((await pod2.acme.get("new"))!.context, { n: 1 });
  await assertRejects(() => pod1.acme.rotate("old", "other"), SessionNotFoundError);
  await assertRejects(() => pod1.acme.rotate("new", "new"), Error, "another one");
});

Deno.test("rotating onto an occupied id is refused, and the old session lives on (trace 28)", async () => {
  const world = new World();
  const { acme } = world.pod();
  await acme.getOrCreate("old", { n: 1 });
  await acme.getOrCreate("taken", { n: 2 });
  await assertRejects(() => acme.rotate("old", "taken"), SessionExistsError);
  assertEquals(await acme.increment("old", "n"), 2);
  assertEquals((await acme.get("taken", { fresh: true }))!.context, { n: 2 });
});

Deno.test("recover finds what a dead pod left, in the order asked", async () => {
  const world = new World();
  const pod1 = world.pod();
  const ids = Array.from({ length: 600 }, (_, index) => `user-${index}`);
  await Promise.all(ids.map((id) => pod1.acme.getOrCreate(id, { request_count: 42 })));
  const pod2 = world.pod();
  let events = 0;
  let streamed = 0;
  pod2.manager.on("recovered", () => events++);
  const asked = [...ids].reverse();
  const found = await pod2.acme.recover([...asked, "nobody"], { onSession: () => streamed++ });
  assertEquals([...found.keys()], asked);
  assert([...found.values()].every(({ context }) => context.request_count === 42));
  assertEquals([events, streamed], [600, 600]);
});

Deno.test("tenants do not see each other's sessions", async () => {
  const world = new World();
  const { manager } = world.pod();
  await manager.tenant("a").getOrCreate("u", { of: "a" });
  assertEquals(await manager.tenant("b").get("u"), undefined);
  await manager.tenant("b").getOrCreate("u", { of: "b" });
  assertEquals((await manager.tenant("a").get("u", { fresh: true }))!.context, { of: "a" });
  const listed = await Array.fromAsync(manager.tenant("a").list());
  assertEquals(listed.length, 1);
  assertEquals(/^[0-9a-f]{64}$/.test(listed[0]!.hashedId), true);
});

Deno.test("ids are never stored, and another secret hides them differently", async () => {
  const world = new World();
  await world.pod({ idSecret: "0123456789abcdef" }).acme.getOrCreate("user-42");
  const other = world.pod({ idSecret: "fedcba9876543210" });
  assertEquals(await other.acme.get("user-42"), undefined);
  assert([...world.store.list("")].every(({ key }) => !key.includes("user-42")));
});

Deno.test("without a secret a warning is told to the first listener", () => {
  const world = new World();
  const codes: string[] = [];
  const { manager } = world.pod();
  manager.on("warning", ({ code }) => codes.push(code));
  manager.on("warning", ({ code }) => codes.push(code));
  assertEquals(codes, ["NO_ID_SECRET"]);
});

Deno.test("a schema is applied to what is written and to what is loaded", async () => {
  const world = new World();
  const schema = {
    "~standard": {
      version: 1,
      vendor: "test",
      validate: (value: unknown) =>
        (value as { plan: unknown }).plan === "free"
          ? { value: value as { plan: string } }
          : { issues: [{ message: "must be free", path: ["plan"] }] },
    },
  } as const;
  const strict = world.pod({ schema });
  await assertRejects(() => strict.acme.getOrCreate("u", { plan: "paid" }), Error, "plan: must be");
  await strict.acme.getOrCreate("u", { plan: "free" });
  await assertRejects(() => strict.acme.updateContext("u", { plan: 1 }), Error, "must be free");
  await assertRejects(() => strict.acme.update("u", () => ({ plan: 1 })), Error, "must be free");
  const lax = world.pod();
  await lax.acme.updateContext("u", { plan: "paid" });
  await assertRejects(
    () => strict.acme.get("u", { fresh: true }),
    Error,
    "does not fit the schema",
  );
});

Deno.test("a signal ends the wait, and a call that was not sent yet has no effect", async () => {
  const world = new World();
  const { acme, link } = world.pod();
  await acme.getOrCreate("u", { n: 0 });
  const held = link.hold("commit", "request");
  const first = acme.increment("u", "n");
  await held.arrived;
  const controller = new AbortController();
  const second = acme.increment("u", "n", 10, { signal: controller.signal });
  controller.abort(new Error("enough"));
  await assertRejects(() => second, Error, "enough");
  held.release();
  assertEquals(await first, 1);
  assertEquals((await acme.get("u", { fresh: true }))!.context, { n: 1 });
  const aborted = AbortSignal.abort(new Error("before"));
  await assertRejects(() => acme.get("v", { signal: aborted }), Error, "before");
});

Deno.test("a closed manager refuses calls, and lets those under way end", async () => {
  const world = new World();
  const { acme, manager, link } = world.pod();
  await acme.getOrCreate("u", { n: 0 });
  const held = link.hold("commit", "request");
  const last = acme.increment("u", "n");
  await held.arrived;
  const closed = manager.close();
  await assertRejects(() => acme.increment("u", "n"), ManagerClosedError);
  await assertRejects(() => acme.get("u"), ManagerClosedError);
  held.release();
  assertEquals(await last, 1);
  await closed;
  await manager.close();
});

Deno.test("flush waits for what is under way, within its limit", async () => {
  const world = new World();
  const { acme, manager, link } = world.pod();
  await acme.getOrCreate("u");
  const held = link.hold("commit", "request");
  const write = acme.increment("u", "n");
  await held.arrived;
  const late = assertRejects(() => manager.flush({ timeoutMs: 50 }), Error, "still under way");
  await world.clock.advance(60);
  await late;
  held.release();
  await manager.flush({ timeoutMs: 50 });
  assertEquals(await write, 1);
  const { store, journaled, journaledBytes, cached, active } = manager.status();
  assertEquals([store, journaled, journaledBytes, cached, active], ["up", 0, 0, 1, 0]);
});

Deno.test("an id is hidden by the standard HMAC-SHA-256 of the secret", () => {
  const { hashedId } = new KeySpace("hakgal", "0123456789abcdef").session("acme", "usér-42");
  const expected = createHmac("sha256", "0123456789abcdef").update("usér-42").digest("hex");
  assertEquals(hashedId, expected);
  const plain = new KeySpace("hakgal", undefined).session("acme", "u").hashedId;
  assertEquals(plain, createHash("sha256").update("u").digest("hex"));
});

Deno.test("many sessions are recovered in few round trips, also those that are busy or moving", async () => {
  const world = new World();
  const [p0, p1] = [world.pod(), world.pod()];
  const ids = Array.from({ length: 300 }, (_, index) => `user-${index}`);
  await Promise.all(ids.map((id) => p0.acme.getOrCreate(id, { n: 1 })));
  await p0.acme.destroy("user-7");
  const frozen = p0.link.hold("commit", "reply");
  p0.acme.rotate("user-8", "user-8-b").catch(() => {});
  await frozen.arrived;
  const busy = p1.link.hold("load", "request");
  const write = p1.acme.increment("user-9", "n");
  await busy.arrived;
  const recovered = p1.acme.recover(ids);
  await world.clock.settle();
  busy.release();
  const found = await recovered;
  assertEquals(await write, 2);
  assertEquals(found.size, 298);
  assert(!found.has("user-7") && !found.has("user-8"));
  assertEquals(found.get("user-9")!.context, { n: 2 });
  assert(p1.link.loads < 20, `${p1.link.loads} loads`);
});

Deno.test("a write that comes while its session is being recovered waits, and stays visible (rule 12)", async () => {
  const world = new World();
  const [p0, p1] = [world.pod(), world.pod()];
  await p0.acme.getOrCreate("u", { n: 1 });
  const slow = p1.link.hold("load", "reply");
  const recovery = p1.acme.recover(["u"]);
  await slow.arrived;
  const write = p1.acme.increment("u", "n");
  await world.clock.settle();
  assertEquals(p1.link.sent.length, 0, "not while the load is open");
  slow.release();
  assertEquals((await recovery).get("u")!.context, { n: 1 });
  assertEquals(await write, 2);
  assertEquals((await p1.acme.get("u"))!.context, { n: 2 });
});

Deno.test("a recovery that gets no answer rejects, and leaves nothing waiting", async () => {
  const world = new World();
  const p0 = world.pod({ commandTimeoutMs: 100 });
  const thaw = p0.link.freeze();
  const recovery = p0.acme.recover(["u", "v"]);
  const error = await world.during(assertRejects(() => recovery, StoreUnavailableError));
  assertEquals(error.outcome, "not-applied");
  thaw();
  await world.clock.advance(100);
  assertEquals((await p0.acme.getOrCreate("u")).version, 1);
  await world.clock.settle();
  assertEquals(p0.manager.status().active, 0);
});
