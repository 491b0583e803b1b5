import { assert, assertEquals, assertRejects } from "@std/assert";
import { SessionNotFoundError, StoreRejectedError, StoreUnavailableError } from "../mod.ts";
import { World } from "./support/world.ts";

Deno.test("a write whose reply is cut, again and again, takes effect once", async () => {
  const world = new World();
  const { acme, link } = world.pod();
  await acme.getOrCreate("u");
  for (let write = 1; write <= 10; write++) {
    for (let cut = 0; cut < 3; cut++) link.cut("commit", "reply", "unknown");
    assertEquals(await world.during(acme.increment("u", "n")), write);
  }
  const sent = link.sent.slice(1).map(({ seq }) => seq);
  assertEquals(new Set(sent).size, 10, "each write kept its number");
});

Deno.test("a create, a destroy and a rotate whose replies are cut take effect once", async () => {
  const world = new World();
  const { acme, link } = world.pod();
  link.cut("commit", "reply", "unknown");
  const session = await world.during(acme.getOrCreate("a", { n: 1 }));
  assertEquals([session.context, session.version], [{ n: 1 }, 1]);
  for (let cut = 0; cut < 3; cut++) {
    link.cut("commit", "reply", "unknown");
    link.next("commit", (execute) => execute());
  }
  assertEquals((await world.during(acme.rotate("a", "b"))).context, { n: 1 });
  link.cut("commit", "reply", "unknown");
  assertEquals(await world.during(acme.destroy("b")), true);
  assertEquals(await acme.get("b", { fresh: true }), undefined);
});

Deno.test("a store that does not answer: the call ends with the command timeout, outcome unknown", async () => {
  const world = new World();
  const { acme, link, manager } = world.pod({ commandTimeoutMs: 200, failMode: "closed" });
  await acme.getOrCreate("u");
  const thaw = link.freeze();
  const startedAt = world.clock.now();
  const write = acme.increment("u", "n");
  const error = await world.during(assertRejects(() => write, StoreUnavailableError));
  assertEquals([error.outcome, world.clock.now() - startedAt], ["unknown", 200]);
  assertEquals(manager.status().store, "down");
  const read = acme.get("u", { fresh: true });
  const readError = await world.during(assertRejects(() => read, StoreUnavailableError));
  assertEquals(readError.outcome, "not-applied");
  thaw();
  await world.clock.advance(100);
  // The late command was executed, and the next one counts on from there.
  assertEquals(await acme.increment("u", "n"), 2);
  assertEquals(manager.status().store, "up");
});

Deno.test("what waits behind a command without an answer is told that it was not applied", async () => {
  const world = new World();
  const { acme, link } = world.pod({ commandTimeoutMs: 200, failMode: "closed" });
  await acme.getOrCreate("u");
  const thaw = link.freeze();
  const first = acme.increment("u", "n");
  await world.clock.advance(100);
  const waiting = [acme.increment("u", "n"), acme.updateContext("u", { a: 1 }), acme.destroy("u")];
  const outcomes = Promise.allSettled([first, ...waiting]);
  const results = await world.during(outcomes, 150);
  assertEquals(
    results.map((result) => (result.status === "rejected" ? result.reason.outcome : "kept")),
    ["unknown", "not-applied", "not-applied", "not-applied"],
  );
  thaw();
  await world.clock.advance(100);
  assertEquals((await acme.get("u", { fresh: true }))!.context, { n: 1 });
});

Deno.test("a store that is refused for a moment is tried again", async () => {
  const world = new World();
  const { acme, link } = world.pod();
  await acme.getOrCreate("u");
  for (let cut = 0; cut < 3; cut++) link.cut("commit", "request", "not-applied");
  for (let cut = 0; cut < 3; cut++) link.cut("load", "request", "not-applied");
  assertEquals(await world.during(acme.increment("u", "n")), 1);
  assertEquals((await world.during(acme.get("u", { fresh: true })))!.context, { n: 1 });
});

Deno.test("a store that stays away: nothing was applied, and the caller is told so in time", async () => {
  const world = new World();
  const { acme, link } = world.pod({ commandTimeoutMs: 200, failMode: "closed" });
  await acme.getOrCreate("u");
  for (let cut = 0; cut < 100; cut++) link.cut("commit", "request", "not-applied");
  const startedAt = world.clock.now();
  const write = acme.increment("u", "n");
  const error = await world.during(assertRejects(() => write, StoreUnavailableError));
  assertEquals(error.outcome, "not-applied");
  assert(world.clock.now() - startedAt <= 200);
});

Deno.test("a rejection is told at once, except after an ambiguous try (rule 7)", async () => {
  const world = new World();
  const { acme, link } = world.pod();
  await acme.getOrCreate("u");
  const reject = () => Promise.reject(new StoreRejectedError("NOPERM", "no permission"));
  link.next("commit", reject);
  const told = await assertRejects(() => acme.increment("u", "n"), StoreRejectedError);
  assertEquals(told.code, "NOPERM");
  link.cut("commit", "reply", "unknown");
  link.next("commit", reject);
  const write = acme.increment("u", "n");
  const error = await world.during(assertRejects(() => write, StoreUnavailableError));
  assertEquals(error.outcome, "unknown");
});

Deno.test("not found after an ambiguous try without evidence is unknown (rule 7)", async () => {
  const world = new World();
  const { acme, link } = world.pod();
  await acme.getOrCreate("u");
  link.next("commit", async (execute) => {
    await execute();
    removeRecord(world);
    throw new StoreUnavailableError("cut", { outcome: "unknown" });
  });
  const write = acme.increment("u", "n");
  const error = await world.during(assertRejects(() => write, StoreUnavailableError));
  assertEquals(error.outcome, "unknown");
});

Deno.test("an adapter that throws anything else leaves the outcome open, and is tried again", async () => {
  const world = new World();
  const { acme, link } = world.pod();
  await acme.getOrCreate("u");
  link.next("commit", async (execute) => {
    await execute();
    throw new TypeError("a bug in the client");
  });
  assertEquals(await world.during(acme.increment("u", "n")), 1);
});

Deno.test("a session without a trace that was held and not expired has vanished", async () => {
  const world = new World();
  const { acme, manager } = world.pod();
  const seen: string[] = [];
  manager.on("vanished", ({ tenant }) => seen.push(tenant));
  await acme.getOrCreate("u");
  removeRecord(world);
  const error = await assertRejects(() => acme.increment("u", "n"), SessionNotFoundError);
  assertEquals([error.reason, seen], ["vanished", ["acme"]]);
});

Deno.test("many callers share few round trips (group commit)", async () => {
  const world = new World();
  const { acme, link } = world.pod();
  await acme.getOrCreate("u");
  const held = link.hold("commit", "request");
  const writes = [acme.increment("u", "n")];
  await held.arrived;
  for (let index = 0; index < 255; index++) writes.push(acme.increment("u", "n"));
  held.release();
  assertEquals(await Promise.all(writes), Array.from({ length: 256 }, (_, index) => index + 1));
  assertEquals(link.sent.length, 3, "create, the first, all others");
});

Deno.test("a write that was applied before another pod rotated the session is not called not found", async () => {
  const world = new World();
  const [p0, p1] = [world.pod(), world.pod()];
  await p0.acme.getOrCreate("u", { n: 1 });
  await p1.acme.increment("u", "n");
  const read = p0.link.hold("load", "request");
  const write = p0.acme.updateContext("u", { own: 1 });
  await read.arrived;
  await p1.acme.rotate("u", "v");
  read.release();
  const error = await world.during(assertRejects(() => write, StoreUnavailableError));
  assertEquals(error.outcome, "unknown");
  assertEquals((await p1.acme.get("v"))!.context, { n: 2, own: 1 });
});

Deno.test("the result of a retried write is not read from another incarnation", async () => {
  const world = new World();
  const [p0, p1] = [world.pod(), world.pod()];
  await p0.acme.getOrCreate("u", { n: 1 });
  p0.link.cut("commit", "reply", "unknown");
  const retry = p0.link.hold("commit", "reply");
  const write = p0.acme.increment("u", "n");
  const outcome = assertRejects(() => write, StoreUnavailableError);
  await world.clock.advance(50);
  await retry.arrived;
  await p1.acme.destroy("u");
  await p1.acme.getOrCreate("u", { other: true });
  retry.release();
  assertEquals((await world.during(outcome)).outcome, "unknown");
});

Deno.test("a write recognised on a retry is answered from memory when it cannot be read any more", async () => {
  const world = new World();
  const { acme, link } = world.pod();
  await acme.getOrCreate("u", { n: 1 });
  link.cut("commit", "reply", "unknown");
  for (let count = 0; count < 1_000; count++) link.cut("load", "request", "not-applied");
  assertEquals(await world.during(acme.increment("u", "n")), 2);
  assertEquals((await world.during(acme.updateContext("u", { risk: "low" }))).context, {
    n: 2,
    risk: "low",
  });
});

Deno.test("a create that a client sent twice is not called unapplied because it cannot be read any more", async () => {
  const world = new World();
  const { acme, link } = world.pod({ failMode: "closed" });
  link.next("commit", (execute) => execute().then(execute));
  link.next("load", (execute) => execute());
  for (let count = 0; count < 1_000; count++) link.cut("load", "request", "not-applied");
  const create = assertRejects(() => acme.getOrCreate("u"), StoreUnavailableError);
  assertEquals((await world.during(create)).outcome, "unknown");
  assertEquals([...world.store.list("")].length, 1);
});

Deno.test("a create that is gone when it is tried again had been made: its caller is told that it was destroyed", async () => {
  const world = new World();
  const [p0, p1] = [world.pod(), world.pod()];
  let tries = 0;
  p0.link.next("commit", async (execute) => {
    await execute();
    const [record] = world.store.list("");
    await p1.acme.destroy("u");
    // A store that lost its memory since knows of the session by this destroy alone, which is repeated (rule 17).
    world.store.remove(record!.key);
    world.store.commit(record!.key, p1.link.sent.at(-1)!);
    throw new StoreUnavailableError("The link was cut.", { outcome: "unknown" });
  });
  for (let count = 0; count < 20; count++) {
    p0.link.next("commit", (execute) => {
      if (++tries > 5) throw new Error("tried again and again");
      return execute();
    });
  }
  const create = assertRejects(() => p0.acme.getOrCreate("u"), SessionNotFoundError);
  assertEquals((await world.during(create)).reason, "destroyed");
  assertEquals(tries, 1);
  const anew = await p0.acme.getOrCreate("u");
  assertEquals(anew.version, 1);
});

/** Takes away the only record there is, from a store that keeps its memory. */
function removeRecord({ store }: World): void {
  const [record] = store.list("");
  store.remove(record!.key);
}

for (const step of ["freeze", "adopt", "thaw"] as const) {
  for (const point of ["request", "reply"] as const) {
    Deno.test(`a destroy that meets a rotation at the ${point} of its ${step} says that the session was there`, async () => {
      const world = new World();
      const [p0, p1] = [world.pod(), world.pod()];
      for (const id of ["u", "taken"]) await p0.acme.getOrCreate(id);
      await p1.acme.get("u");
      const before = ["freeze", "adopt", "thaw"].indexOf(step);
      for (let commit = 0; commit < before; commit++) {
        p1.link.next("commit", (execute) => execute());
      }
      const held = p1.link.hold("commit", point);
      const rotating = p1.acme.rotate("u", "taken").catch((error: Error) => error.name);
      await held.arrived;
      const destroying = p0.acme.destroy("u");
      await world.clock.settle();
      held.release();
      assertEquals(await world.during(destroying), true);
      const ended = before === 0 && point === "request"
        ? "SessionNotFoundError"
        : "SessionExistsError";
      assertEquals(await world.during(rotating), ended);
      assertEquals(await p1.acme.get("u", { fresh: true }), undefined);
    });
  }
}
