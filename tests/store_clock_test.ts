/** A store whose clock is set forth or back: what it counts moves with it, and what a pod holds does not. */

import { assertAlmostEquals, assertEquals } from "@std/assert";
import { heard, stored, takeAway } from "./support/away.ts";
import { type TestPod, World } from "./support/world.ts";

/** Longer than from one heartbeat to the next. */
const BEAT_MS = 1_100;
const HOUR_MS = 3_600_000;

/** A pod that holds a session. */
async function holding(world: World, options: Parameters<World["pod"]>[0] = {}): Promise<TestPod> {
  const pod = world.pod(options);
  await pod.acme.getOrCreate("u", { n: 1 });
  return pod;
}

/** The store counts whole milliseconds. */
async function assertLeft(world: World, expectedMs: number): Promise<void> {
  assertAlmostEquals((await stored(world, "u"))!.expiresInMs, expectedMs, 2);
}

Deno.test("a session that was begun anew after the store's clock went back is not taken for an older one", async () => {
  const world = new World();
  const [holder, other] = [await holding(world), world.pod()];
  world.storeAheadMs = -HOUR_MS;
  await other.acme.destroy("u");
  await other.acme.getOrCreate("u", { n: 2 });
  const lost = heard(other, "lost");
  assertEquals((await holder.acme.get("u", { fresh: true }))!.context, { n: 2 });
  assertEquals(holder.manager.eventCounts().healed ?? 0, 0);
  await world.clock.advance(BEAT_MS);
  assertEquals((await stored(world, "u"))!.context, { n: 2 });
  assertEquals(lost, []);
});

Deno.test("a copy that is put back after the clock went back does not win against what was begun since", async () => {
  const world = new World();
  const holder = await holding(world);
  const lost = heard(holder, "lost");
  world.store.forget();
  world.storeAheadMs = -HOUR_MS;
  await world.clock.advance(1);
  await world.pod().acme.getOrCreate("u", { n: 2 });
  await world.clock.advance(BEAT_MS);
  assertEquals((await stored(world, "u"))!.context, { n: 2 });
  assertEquals(lost.map(({ reason }) => reason), ["superseded"]);
});

for (const aheadMs of [-HOUR_MS, HOUR_MS]) {
  Deno.test(`a store that comes back empty and ${aheadMs} ms ahead is given what was left, and the lifetime too`, async () => {
    const world = new World();
    const pod = await holding(world, { ttlMs: 10_000, maxLifetimeMs: 30_000 });
    await world.clock.advance(5_000);
    world.store.forget();
    world.storeAheadMs = aheadMs;
    await world.clock.advance(BEAT_MS);
    await assertLeft(world, 5_000 - BEAT_MS);
    // What it holds goes by the new clock from now on, as the next loss shows.
    await pod.acme.increment("u", "n");
    world.store.forget();
    for (let second = 6; second < 28; second++) {
      await world.clock.advance(second === 6 ? BEAT_MS : 1_000);
      await pod.acme.touch("u");
    }
    await assertLeft(world, 30_000 - 5_000 - 2 * BEAT_MS - 21_000);
  });

  Deno.test(`what is shown while the store is away keeps its lifetime, when its clock is ${aheadMs} ms ahead`, async () => {
    const world = new World();
    const pod = await holding(world, { ttlMs: 10_000, maxLifetimeMs: 12_000 });
    world.store.forget();
    world.storeAheadMs = aheadMs;
    await world.clock.advance(BEAT_MS);
    await pod.acme.increment("u", "n");
    const begunMs = world.clock.now();
    await takeAway(world, pod);
    const spentMs = world.clock.now() - begunMs;
    await pod.acme.increment("u", "n");
    const leftMs = (await pod.acme.get("u"))!.expiresInMs;
    assertEquals(leftMs, Math.min(10_000, 12_000 - BEAT_MS - spentMs));
  });
}
