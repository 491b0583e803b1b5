// What counts as a recovery, and what as one that failed.
import { assertEquals, assertRejects } from "@std/assert";
import { heard, reconciled, takeAway } from "./support/away.ts";
import { type TestPod, World } from "./support/world.ts";
import { CorruptRecordError, StoreRejectedError, StoreUnavailableError } from "../mod.ts";

function counts({ manager }: TestPod): [recovered: number, failed: number] {
  const { recovered = 0, recoveryFailed = 0 } = manager.eventCounts();
  return [recovered, recoveryFailed];
}

Deno.test("a session that another pod made is recovered once; one that does not exist is no failure", async () => {
  const world = new World();
  const [p0, p1] = [world.pod(), world.pod()];
  await p0.acme.getOrCreate("user");
  assertEquals(counts(p0), [0, 0]);
  await p1.acme.get("user");
  await p1.acme.get("user", { fresh: true });
  await p1.acme.increment("user", "n");
  await p1.acme.get("nobody");
  await assertRejects(() => p1.acme.increment("nobody", "n"));
  await p1.acme.recover(["user", "nobody", "no one"]);
  assertEquals(counts(p1), [1, 0]);
});

Deno.test("a load that the store refuses, or does not answer, failed to recover: once", async () => {
  const world = new World();
  const [p0, p1] = [world.pod(), world.pod({ failMode: "closed" })];
  await p0.acme.getOrCreate("user");
  const failed = heard(p1, "recoveryFailed");
  await p1.manager.connect();
  p1.link.next("load", () => Promise.reject(new StoreRejectedError("NOPERM", "No.")));
  await assertRejects(() => p1.acme.get("user"), StoreRejectedError);
  const thaw = p1.link.freeze();
  await world.during(assertRejects(() => p1.acme.get("user"), StoreUnavailableError));
  thaw();
  assertEquals(failed.map(({ reason }) => reason), ["rejected", "unavailable"]);
  assertEquals(counts(p1), [0, 2]);
});

Deno.test("a load that a retry repairs did not fail", async () => {
  const world = new World();
  const [p0, p1] = [world.pod(), world.pod()];
  await p0.acme.getOrCreate("user");
  await p1.manager.connect();
  p1.link.cut("load", "request", "not-applied");
  await world.during(p1.acme.get("user"));
  assertEquals(counts(p1), [1, 0]);
});

Deno.test("while the store is away each look at a session that is not held failed, until it begins anew", async () => {
  const world = new World();
  const [p0, p1] = [world.pod(), world.pod()];
  await p0.acme.getOrCreate("user");
  await p1.acme.getOrCreate("held");
  const comeBack = await takeAway(world, p1);
  await p1.acme.get("held");
  await p1.acme.increment("held", "n");
  assertEquals(counts(p1), [0, 0]);
  await p1.acme.get("user");
  await p1.acme.get("user");
  await p1.acme.getOrCreate("user");
  await p1.acme.increment("user", "n");
  assertEquals(counts(p1), [0, 3]);
  await assertRejects(() => p1.acme.recover(["held", "other", "user"]), StoreUnavailableError);
  assertEquals(counts(p1), [0, 4]);
  comeBack();
  await reconciled(world, p1);
});

Deno.test("a call that finds out that the store is away counts one failure, not two", async () => {
  const world = new World();
  const pod = world.pod();
  await pod.manager.connect();
  const thaw = pod.link.freeze();
  await world.during(pod.acme.get("user"));
  assertEquals([counts(pod), pod.manager.status().store], [[0, 1], "down"]);
  thaw();
});

Deno.test("a record that cannot be read failed to recover, alone and among many", async () => {
  const world = new World();
  const validate = (value: unknown) =>
    (value as { bad?: boolean }).bad
      ? { issues: [{ message: "bad" }] }
      : { value: value as object };
  const schema = { "~standard": { version: 1 as const, vendor: "test", validate } };
  const [p0, p1] = [world.pod(), world.pod({ schema })];
  for (const id of ["a", "b", "c"]) await p0.acme.getOrCreate(id, { bad: id !== "c" });
  const failed = heard(p1, "recoveryFailed");
  await assertRejects(() => p1.acme.get("a"), CorruptRecordError);
  await p1.acme.recover(["b", "c"]);
  assertEquals(failed.map(({ reason }) => reason), ["corrupt", "corrupt"]);
  assertEquals(counts(p1), [1, 2]);
});
