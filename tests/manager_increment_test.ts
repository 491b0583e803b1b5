/** Increments that wait together: what the store is sent, and what each caller is told. */

import { assertEquals, assertRejects } from "@std/assert";
import { InvalidInputError, StoreUnavailableError } from "../mod.ts";
import { heard, reconciled, rejections, stored } from "./support/away.ts";
import { type TestPod, World } from "./support/world.ts";

/** Calls that share the next batch: the one before it is held until all have been made. */
async function together<Result>(
  { acme, link }: TestPod,
  calls: () => Promise<Result>[],
): Promise<PromiseSettledResult<Result>[]> {
  const held = link.hold("commit", "request");
  const first = acme.touch("u");
  await held.arrived;
  const made = calls();
  held.release();
  await first;
  return await Promise.allSettled(made);
}

/** The numbers that calls were told; what was rejected is the name of its field. */
function told(results: readonly PromiseSettledResult<unknown>[]): unknown[] {
  return results.map((result) => {
    if (result.status === "fulfilled") return result.value;
    return (result.reason as InvalidInputError).field;
  });
}

Deno.test("a thousand callers of one counter are one operation, and each has his own number", async () => {
  const world = new World();
  const pod = world.pod();
  await pod.acme.getOrCreate("u", { n: 5 });
  const by = (index: number) => index % 2 ? -1 : 3;
  const numbers = told(
    await together(pod, () => {
      return Array.from({ length: 1_000 }, (_, index) => pod.acme.increment("u", "n", by(index)));
    }),
  );
  let sum = 5;
  assertEquals(numbers, Array.from({ length: 1_000 }, (_, index) => sum += by(index)));
  assertEquals(pod.link.sent.at(-1)!.operations, [{ kind: "increment", field: "n", by: 1_000 }]);
  assertEquals((await stored(world, "u"))!.context, { n: 1_005 });
});

Deno.test("counters of one session are added up each for itself, whatever else is in the batch", async () => {
  const world = new World();
  const pod = world.pod();
  const { acme, link } = pod;
  await acme.getOrCreate("u", { plan: "free" });
  const results = await together<unknown>(pod, () => [
    acme.increment("u", "a"),
    acme.increment("u", "b", 10),
    acme.updateContext("u", { plan: "paid" }).then(({ version }) => version),
    acme.increment("u", "a"),
    acme.apply("u", { increment: { b: 5, a: 1 } }).then(({ context }) => context),
    acme.increment("u", "b", -1),
  ]);
  assertEquals(told(results), [1, 10, 2, 2, { plan: "paid", a: 3, b: 14 }, 14]);
  assertEquals(link.sent.at(-1)!.operations, [
    { kind: "increment", field: "a", by: 3 },
    { kind: "increment", field: "b", by: 14 },
    { kind: "set", field: "plan", json: '"paid"' },
  ]);
});

Deno.test("an increment after a set or a delete of its field counts on from there", async () => {
  const world = new World();
  const pod = world.pod();
  const { acme } = pod;
  await acme.getOrCreate("u", { n: 100 });
  const results = await together<unknown>(pod, () => [
    acme.increment("u", "n"),
    acme.increment("u", "n"),
    acme.updateContext("u", { n: 10 }).then(() => "set"),
    acme.increment("u", "n"),
    acme.increment("u", "n"),
    acme.updateContext("u", { n: undefined }).then(() => "deleted"),
    acme.increment("u", "n"),
  ]);
  assertEquals(told(results), [101, 102, "set", 11, 12, "deleted", 1]);
  assertEquals((await stored(world, "u"))!.context, { n: 1 });
});

Deno.test("what would round differently when it is added up is not: fractions, and numbers beyond 2^53", async () => {
  const world = new World();
  const pod = world.pod();
  const { acme } = pod;
  const large = Number.MAX_SAFE_INTEGER - 1;
  await acme.getOrCreate("u", { fraction: 0.1, whole: 0, large });
  const calls: [string, number][] = [
    ...[["whole", 0.1], ["whole", 0.2], ["whole", 0.3], ["whole", 1], ["whole", 1]],
    ...[["fraction", 1], ["fraction", 1], ["fraction", 1]],
    ...[["large", 1], ["large", 1], ["large", 1], ["large", 1]],
  ] as [string, number][];
  const results = await together(
    pod,
    () => calls.map(([name, by]) => acme.increment("u", name, by)),
  );
  const state: Record<string, number> = { fraction: 0.1, whole: 0, large };
  assertEquals(told(results), calls.map(([name, by]) => state[name]! += by));
  assertEquals((await stored(world, "u"))!.context, state);
});

Deno.test("increments of what is no number are all told at once, and take nobody with them", async () => {
  const world = new World();
  const pod = world.pod();
  const { acme, link } = pod;
  await acme.getOrCreate("u", { text: "a", n: 1 });
  const before = link.sent.length;
  const results = await together(pod, () => [
    ...Array.from({ length: 50 }, () => acme.increment("u", "text")),
    acme.increment("u", "n"),
    acme.increment("u", "n"),
  ]);
  assertEquals(told(results), [...Array(50).fill("text"), 2, 3]);
  assertEquals(link.sent.length - before, 3, "the touch, the one refused, the one without them");
});

Deno.test("a sum that does not fit as a whole is sent one by one: what fits is kept", async () => {
  const world = new World();
  const pod = world.pod({ limits: { fields: 1 } });
  const { acme } = pod;
  await acme.getOrCreate("u", { old: 1 });
  const results = await together<unknown>(pod, () => [
    acme.increment("u", "n"),
    acme.increment("u", "n"),
    acme.updateContext("u", { old: undefined }).then(() => "deleted"),
    acme.increment("u", "n"),
    acme.increment("u", "n"),
  ]);
  assertEquals(told(results), ["n", "n", "deleted", 1, 2]);
  assertEquals((await stored(world, "u"))!.context, { n: 2 });
});

Deno.test("callers that give up before the send are not counted", async () => {
  const world = new World();
  const pod = world.pod();
  await pod.acme.getOrCreate("u");
  const ends = new AbortController();
  const results = await together(pod, () => {
    const calls = [1, 2, 3].map((by) => {
      return pod.acme.increment("u", "n", by, by === 2 ? { signal: ends.signal } : {});
    });
    ends.abort(new InvalidInputError("gave up", ""));
    return calls;
  });
  assertEquals(told(results), [1, "gave up", 4]);
});

Deno.test("bad input rejects, and is not thrown at the caller", async () => {
  const world = new World();
  const { acme } = world.pod();
  await acme.getOrCreate("u");
  for (const [id, field, by] of [["", "n", 1], ["u", "", 1], ["u", "n", NaN], [1, "n", 1]]) {
    const call = acme.increment(id as string, field as string, by as number);
    await assertRejects(() => call, InvalidInputError);
  }
});

Deno.test("a sum in flight when the store goes away counts once, and as many as it stands for", async () => {
  const world = new World();
  const pod = world.pod();
  const { acme, link, manager } = pod;
  await acme.getOrCreate("u", { n: 0 });
  await manager.connect();
  const done = heard(pod, "reconciled");
  const thaw = link.freeze();
  const calls = Array.from({ length: 20 }, () => acme.increment("u", "n"));
  await world.during(Promise.all(calls));
  const session = (await acme.get("u"))!;
  assertEquals([session.context, session.pending], [{ n: 20 }, 20]);
  thaw();
  await reconciled(world, pod);
  assertEquals((await stored(world, "u"))!.context, { n: 20 });
  assertEquals(done.map(({ operations }) => operations), [20]);
});

Deno.test("a sum in flight that the store refuses when it is back is told with all that it stands for", async () => {
  const world = new World();
  const [pod, other] = [world.pod(), world.pod()];
  const { acme, link, manager } = pod;
  await acme.getOrCreate("u", { n: 0, kept: 0 });
  await Promise.all([manager.connect(), other.manager.connect()]);
  const rejected = rejections(pod);
  let comeBack = () => {};
  link.next("commit", () => {
    comeBack = link.refuse();
    return Promise.reject(new StoreUnavailableError("The link was cut.", { outcome: "unknown" }));
  });
  const calls = ["n", "n", "kept", "n", "kept"].map((field) => acme.increment("u", field));
  await world.during(Promise.all(calls));
  await other.acme.updateContext("u", { n: "a text" });
  comeBack();
  await reconciled(world, pod);
  assertEquals((await stored(world, "u"))!.context, { n: "a text", kept: 2 });
  assertEquals(rejected, [["invalid", 3]]);
});
