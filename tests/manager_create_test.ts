import { assertEquals, assertRejects } from "@std/assert";
import { StoreRejectedError } from "../mod.ts";
import { type TestPod, World } from "./support/world.ts";

/** What a call sent: its loads and its commits. */
async function sentBy({ link }: TestPod, call: () => Promise<unknown>): Promise<[number, number]> {
  const [loads, commits] = [link.loads, link.sent.length];
  await call();
  return [link.loads - loads, link.sent.length - commits];
}

/** A pod that takes what it does not know for new: the last one was. */
async function expectant(world: World): Promise<TestPod> {
  const pod = world.pod();
  await pod.acme.getOrCreate("first");
  return pod;
}

Deno.test("a session that is likely new is created by one command", async () => {
  const world = new World();
  const pod = world.pod();
  assertEquals(await sentBy(pod, () => pod.acme.getOrCreate("first")), [1, 1]);
  assertEquals(await sentBy(pod, () => pod.acme.getOrCreate("second", { n: 2 })), [0, 1]);
  assertEquals((await pod.acme.get("second", { fresh: true }))!.context, { n: 2 });
});

Deno.test("one that was there after all is given as it is, and the next one is looked up", async () => {
  const world = new World();
  const other = world.pod();
  const made = await other.acme.getOrCreate("u", { n: 1 });
  await other.acme.getOrCreate("v", { n: 1 });
  await world.clock.advance(10_000);
  const pod = await expectant(world);
  const recovered: string[] = [];
  pod.manager.on("recovered", ({ hashedId }) => recovered.push(hashedId));
  const sent = await sentBy(pod, async () => {
    const session = await pod.acme.getOrCreate("u", { n: 2 });
    assertEquals([session.context, session.version], [{ n: 1 }, 1]);
    assertEquals(session.expiresInMs, made.expiresInMs, "its time is not renewed");
  });
  assertEquals(sent, [1, 1]);
  assertEquals(recovered.length, 1);
  assertEquals(await sentBy(pod, () => pod.acme.getOrCreate("v")), [1, 0]);
});

Deno.test("one that is there is given although the store takes no writes", async () => {
  const world = new World();
  await world.pod().acme.getOrCreate("u", { n: 1 });
  const { acme, link } = await expectant(world);
  const refuse = () => {
    link.next("commit", () => Promise.reject(new StoreRejectedError("OOM", "The store is full.")));
  };
  refuse();
  assertEquals((await acme.getOrCreate("u")).context, { n: 1 });
  await acme.getOrCreate("third");
  refuse();
  refuse();
  await assertRejects(() => acme.getOrCreate("fourth"), StoreRejectedError);
});

Deno.test("one that this pod destroyed is looked at first: the store may have lost its memory", async () => {
  const world = new World();
  const pod = await expectant(world);
  await pod.acme.getOrCreate("u");
  await pod.acme.destroy("u");
  assertEquals(await sentBy(pod, () => pod.acme.getOrCreate("u")), [1, 1]);
});
