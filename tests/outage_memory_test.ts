/** A store that lost its memory: what pods give back to it, what stays dead, and what is reported. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { MemoryWatch } from "../core/memory_watch.ts";
import { SessionNotFoundError } from "../mod.ts";
import { heard, reconciled, stored, storeKey, takeAway } from "./support/away.ts";
import { type TestPod, World } from "./support/world.ts";

/** Longer than from one heartbeat to the next. */
const BEAT_MS = 1_100;

async function holding(options: Parameters<World["pod"]>[0] = {}): Promise<{
  world: World;
  pod: TestPod;
}> {
  const world = new World();
  const pod = world.pod(options);
  await pod.acme.getOrCreate("u", { n: 1 });
  await pod.acme.appendTrajectory("u", [1, 2]);
  return { world, pod };
}

Deno.test("restarted empty: what a pod holds is put back as it was, and it is told", async () => {
  const { world, pod } = await holding();
  const healed = heard(pod, "healed");
  const before = (await pod.acme.get("u"))!;
  world.store.forget();
  await world.clock.advance(BEAT_MS);
  const after = (await stored(world, "u"))!;
  for (const what of ["context", "trajectory", "version", "incarnation", "createdAt"] as const) {
    assertEquals(after[what], before[what]);
  }
  assertEquals(healed.map(({ tenant, version }) => [tenant, version]), [["acme", 2]]);
  assertEquals(pod.manager.eventCounts().memoryLost, 1);
  assertEquals(await pod.acme.increment("u", "n"), 2);
});

Deno.test("back from an older snapshot: what was acknowledged since is put back", async () => {
  const { world, pod } = await holding();
  const goBack = world.store.snapshot();
  for (let write = 0; write < 3; write++) await pod.acme.increment("u", "n");
  await pod.acme.getOrCreate("since", { new: 1 });
  goBack();
  await world.clock.advance(BEAT_MS);
  assertEquals((await stored(world, "u"))!.context, { n: 4 });
  assertEquals((await stored(world, "since"))!.context, { new: 1 });
});

Deno.test("a call that comes before the heartbeat notices heals first, too", async () => {
  for (const loss of ["empty", "snapshot"] as const) {
    const { world, pod } = await holding();
    const goBack = world.store.snapshot();
    await pod.acme.increment("u", "n");
    if (loss === "empty") world.store.forget();
    else goBack();
    if (loss === "empty") assertEquals(await pod.acme.increment("u", "n"), 3);
    else assertEquals((await pod.acme.get("u", { fresh: true }))!.context, { n: 2 });
    assertEquals((await stored(world, "u"))!.context, { n: loss === "empty" ? 3 : 2 });
  }
});

Deno.test("200 sessions, 1,000 increments while it is away, back empty: all is in the store, and flush is clean", async () => {
  const world = new World();
  const pod = world.pod();
  const ids = Array.from({ length: 200 }, (_, id) => `u${id}`);
  await Promise.all(ids.map((id) => pod.acme.getOrCreate(id, { n: 0 })));
  const comeBack = await takeAway(world, pod);
  world.store.forget();
  for (let write = 0; write < 1_000; write++) {
    const { degraded } = await pod.acme.apply(ids[write % 200]!, { increment: { n: 1 } });
    assertEquals(degraded, true);
  }
  comeBack();
  await world.during(pod.manager.flush());
  const reader = world.pod();
  const sessions = await reader.acme.recover(ids);
  assertEquals([...sessions.values()].reduce((sum, { context }) => sum + context.n, 0), 1_000);
});

Deno.test("two pods that hold a session give it back once, and go on from there", async () => {
  const { world, pod } = await holding();
  const other = world.pod();
  await other.acme.get("u");
  world.store.forget();
  await world.clock.advance(BEAT_MS);
  await Promise.all([pod, other].map(({ acme }) => acme.increment("u", "n")));
  assertEquals((await stored(world, "u"))!.context, { n: 3 });
});

Deno.test("the more recent of two pods' copies wins, whoever comes first", async () => {
  for (const late of [0, 1] as const) {
    const { world, pod } = await holding();
    const other = world.pod();
    await other.acme.get("u");
    await pod.acme.increment("u", "n");
    world.store.forget();
    const heartbeat = [pod, other][late]!.link.hold("heartbeat", "request");
    await world.clock.advance(BEAT_MS - 200);
    heartbeat.release();
    await world.clock.advance(BEAT_MS);
    assertEquals((await stored(world, "u"))!.context, { n: 2 });
  }
});

Deno.test("destroyed before the loss, or while it was away: it does not come back by another pod's healing", async () => {
  for (const when of ["before", "while"] as const) {
    const { world, pod } = await holding();
    const other = world.pod();
    await other.acme.get("u");
    const comeBack = when === "while" ? await takeAway(world, pod) : () => {};
    await pod.acme.destroy("u");
    world.store.forget();
    await world.clock.advance(BEAT_MS);
    comeBack();
    await reconciled(world, pod, other);
    await world.clock.advance(BEAT_MS);
    assertEquals(await stored(world, "u"), undefined);
    assertEquals(await other.acme.get("u", { fresh: true }), undefined);
  }
});

Deno.test("a pod that only learned of a destroy repeats it, too", async () => {
  const { world, pod } = await holding();
  const [other, third] = [world.pod(), world.pod()];
  await other.acme.get("u");
  await third.acme.get("u");
  await pod.acme.destroy("u");
  pod.link.refuse();
  await assertRejects(() => other.acme.increment("u", "n"), SessionNotFoundError);
  world.store.forget();
  await world.clock.advance(2 * BEAT_MS);
  assertEquals(await stored(world, "u"), undefined);
  assertEquals(await third.acme.get("u", { fresh: true }), undefined);
});

Deno.test("of two incarnations the later created stays: healed over the older, or told as lost", async () => {
  const { world, pod } = await holding();
  const lost = heard(pod, "lost");
  const goBack = world.store.snapshot();
  await world.clock.advance(1);
  await pod.acme.destroy("u");
  const later = await pod.acme.getOrCreate("u", { later: 1 });
  goBack();
  await world.clock.advance(BEAT_MS);
  assertEquals((await stored(world, "u"))!.incarnation, later.incarnation);

  world.store.forget();
  await world.clock.advance(1);
  const newest = await world.pod().acme.getOrCreate("u", { newest: 1 });
  await world.clock.advance(BEAT_MS);
  assertEquals((await stored(world, "u"))!.incarnation, newest.incarnation);
  assertEquals(lost.map(({ reason }) => reason), ["superseded"]);
  assertEquals((await pod.acme.get("u"))!.context, { newest: 1 });
});

Deno.test("acknowledged, and held by nobody any more: told as lost", async () => {
  const { world, pod } = await holding();
  const lost = heard(pod, "lost");
  const other = world.pod();
  await other.acme.increment("u", "n");
  assertEquals(await pod.acme.increment("u", "n"), 3, "its copy lacks the other's write");
  other.link.refuse();
  world.store.forget();
  await world.clock.advance(BEAT_MS);
  assertEquals(lost.map(({ version, reason }) => [version, reason]), [[4, "no-copy"]]);
  assertEquals(await pod.acme.get("u"), undefined);
});

/** A pod that has written version 4 of `u` and holds no copy of it, and another pod that holds version 3. */
async function holdingNone() {
  const { world, pod } = await holding();
  const other = world.pod();
  await other.acme.increment("u", "n");
  assertEquals(await pod.acme.increment("u", "n"), 3, "its copy lacks the other's write");
  const lost = heard(pod, "lost");
  const told = () => lost.map(({ version, reason }) => [version, reason]);
  return { world, pod, other, told };
}

/** The other pod puts back what it holds while the answer to the pod's next commit is on its way. */
function putBackBehind(pod: TestPod, other: TestPod): void {
  pod.link.next("commit", async (execute) => {
    const reply = await execute();
    await other.acme.get("u", { fresh: true });
    return reply;
  });
}

Deno.test("acknowledged and held by nobody: told as lost by the call that meets it before the heartbeat", async () => {
  for (const method of ["increment", "touch", "get"] as const) {
    const { world, pod, other, told } = await holdingNone();
    other.link.refuse();
    world.store.forget();
    const found = method === "increment"
      ? await pod.acme.increment("u", "n").catch((error) => error.reason)
      : await pod.acme[method]("u");
    assert(found === "unknown" || !found, `${method}: ${found}`);
    assertEquals(told(), [[4, "no-copy"]], method);
    assertEquals(pod.manager.eventCounts().vanished, undefined, "the store lost all, not one");
  }
});

Deno.test("acknowledged and held by nobody, another pod has put back what was before: told, and gone on from there", async () => {
  const { world, pod, other, told } = await holdingNone();
  world.store.forget();
  putBackBehind(pod, other);
  assertEquals(await pod.acme.increment("u", "n"), 3);
  assertEquals(told(), [[4, "no-copy"]]);
  assertEquals((await stored(world, "u"))!.context, { n: 3 });
});

Deno.test("written and held by nobody, another pod has put back all of it: nothing is lost", async () => {
  const { world, pod, other, told } = await holdingNone();
  assertEquals((await other.acme.get("u", { fresh: true }))!.version, 4);
  world.store.forget();
  putBackBehind(pod, other);
  assertEquals(await pod.acme.increment("u", "n"), 4);
  assertEquals(told(), []);
});

Deno.test("acknowledged and held by nobody, lost while the journal drains: told, as is what was journaled", async () => {
  const { world, pod, other, told } = await holdingNone();
  const rejected = heard(pod, "rejected");
  const comeBack = await takeAway(world, pod);
  await pod.acme.increment("u", "n");
  other.link.refuse();
  pod.link.next("commit", (execute) => {
    world.store.forget();
    return execute();
  });
  comeBack();
  await reconciled(world, pod);
  assertEquals(told(), [[4, "no-copy"]]);
  assertEquals(rejected.map(({ reason, operations }) => [reason, operations]), [["vanished", 1]]);
  assertEquals(pod.manager.eventCounts().vanished, undefined, "the store lost all, not one");
});

Deno.test("a store that loses its memory again, as soon as a copy was put back, gets it again", async () => {
  for (const method of ["increment", "loadFromStore", "journaled"] as const) {
    const { world, pod } = await holding();
    const forget = async <Reply>(execute: () => Promise<Reply>): Promise<Reply> => {
      const reply = await execute();
      world.store.forget();
      return reply;
    };
    pod.link.next("heal", forget);
    if (method === "journaled") {
      const comeBack = await takeAway(world, pod);
      await pod.acme.increment("u", "n");
      pod.link.next("commit", (execute) => {
        world.store.forget();
        return execute();
      });
      comeBack();
      await reconciled(world, pod);
    } else {
      world.store.forget();
      if (method === "increment") assertEquals(await pod.acme.increment("u", "n"), 2);
      else assertEquals((await pod.acme.loadFromStore("u"))!.version, 2);
    }
    const { n } = (await stored(world, "u"))!.context;
    assertEquals(n, method === "loadFromStore" ? 1 : 2, method);
    const { healed, lost, vanished } = pod.manager.eventCounts();
    assertEquals([healed, lost, vanished], [2, undefined, undefined], method);
  }
});

Deno.test("a copy whose time has run out is not put back", async () => {
  const { world, pod } = await holding({ ttlMs: 10_000 });
  const comeBack = await takeAway(world, pod);
  await world.clock.advance(10_000);
  world.store.forget();
  comeBack();
  await reconciled(world, pod);
  assertEquals([world.store.size, pod.manager.eventCounts().healed], [0, undefined]);
});

Deno.test("putting back renews nothing", async () => {
  const { world, pod } = await holding({ ttlMs: 10_000 });
  world.store.forget();
  await world.clock.advance(BEAT_MS);
  assertEquals(Math.ceil((await stored(world, "u"))!.expiresInMs), 10_000 - BEAT_MS);
  assertEquals(Math.ceil((await pod.acme.get("u"))!.expiresInMs), 10_000 - BEAT_MS);
});

Deno.test("one session is deleted by hand: it vanished, is told so, and stays gone", async () => {
  const { world, pod } = await holding();
  const vanished = heard(pod, "vanished");
  world.store.remove(storeKey("u"));
  const error = await assertRejects(() => pod.acme.increment("u", "n"), SessionNotFoundError);
  assertEquals(error.reason, "vanished");
  assertEquals([vanished.length, pod.manager.eventCounts().memoryLost], [1, undefined]);
  assertEquals(await pod.acme.get("u"), undefined);
  await world.clock.advance(BEAT_MS);
  assertEquals(world.store.size, 0);
});

Deno.test("with onVanished heal it is put back, by a read as by a write, online as after an outage", async () => {
  const { world, pod } = await holding({ onVanished: "heal" });
  const remove = () => assert(world.store.remove(storeKey("u")));
  remove();
  assertEquals((await pod.acme.get("u", { fresh: true }))!.context, { n: 1 });
  remove();
  assertEquals(await pod.acme.increment("u", "n"), 2);
  const comeBack = await takeAway(world, pod);
  remove();
  await pod.acme.increment("u", "n");
  comeBack();
  await world.during(pod.manager.flush());
  assertEquals((await stored(world, "u"))!.context, { n: 3 });
  const { healed, vanished } = pod.manager.eventCounts();
  assertEquals([healed, vanished], [3, undefined]);
});

Deno.test("vanished while it was away: what was journaled is told, and nothing comes back", async () => {
  const { world, pod } = await holding();
  const rejected = heard(pod, "rejected");
  const comeBack = await takeAway(world, pod);
  await pod.acme.increment("u", "n");
  world.store.remove(storeKey("u"));
  comeBack();
  await reconciled(world, pod);
  assertEquals(rejected.map(({ reason }) => reason), ["vanished"]);
  assertEquals([await pod.acme.get("u"), pod.manager.eventCounts().vanished], [undefined, 1]);
});

Deno.test("a heartbeat that merely expired, or has no epoch, is no loss; one that went back is", () => {
  const beats = (keepMs: number, ...replies: [number, string | undefined, number][]) => {
    const watch = new MemoryWatch(keepMs);
    return replies.map(([counter, epoch, atMs]) =>
      watch.take({ storeTimeMs: 0, counter, epoch }, atMs)
    );
  };
  assertEquals(beats(1_000, [1, "a", 0], [2, "a", 500]), [false, false]);
  assertEquals(beats(1_000, [7, "a", 0], [1, "a", 1_000]), [false, false], "expired");
  assertEquals(beats(1_000, [7, "a", 0], [1, "a", 999]), [false, true], "gone");
  assertEquals(beats(1_000, [7, "a", 0], [7, "a", 500]), [false, true], "went back");
  assertEquals(beats(1_000, [1, "a", 0], [2, undefined, 1], [3, "b", 2]), [false, false, true]);
  assertEquals(beats(1_000, [1, undefined, 0], [2, "a", 1]), [false, false], "learned only now");
});
