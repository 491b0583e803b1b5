/** The breaker: when it opens, what it costs while it is open, and who closes it. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { VirtualClock } from "../chaos/virtual_clock.ts";
import { seededRandom } from "../chaos/random.ts";
import { StoreHealth } from "../core/store_health.ts";
import { StoreRejectedError, StoreUnavailableError } from "../mod.ts";
import { heard, reconciled, takeAway } from "./support/away.ts";
import { type TestPod, World } from "./support/world.ts";

const TIMEOUT_MS = 1_000;

async function connected(options: Parameters<World["pod"]>[0] = {}) {
  const world = new World();
  const pod = world.pod({ commandTimeoutMs: TIMEOUT_MS, ...options });
  await pod.acme.getOrCreate("held", { n: 0 });
  return { world, pod };
}

/** How long a call takes on the test's clock. */
async function tookMs(world: World, call: () => Promise<unknown>): Promise<number> {
  const startedAt = world.clock.now();
  await world.during(call());
  return world.clock.now() - startedAt;
}

Deno.test("a store falls silent: one call waits for one timeout, and none after it", async () => {
  const { world, pod } = await connected();
  pod.link.freeze();
  const waits: number[] = [];
  for (let call = 0; call < 20; call++) {
    waits.push(await tookMs(world, () => pod.acme.getOrCreate(`new-${call}`)));
  }
  assert(waits[0]! <= TIMEOUT_MS, `the first waited ${waits[0]} ms`);
  assertEquals(waits.slice(1), waits.slice(1).map(() => 0));
});

Deno.test("calls of many sessions at the moment it falls silent all end within one timeout", async () => {
  const { world, pod } = await connected();
  pod.link.freeze();
  const calls = Array.from({ length: 100 }, (_, call) => pod.acme.getOrCreate(`new-${call}`));
  // And those that wait behind another call on the same session.
  for (let call = 0; call < 10; call++) calls.push(pod.acme.updateContext("held", { call }));
  let answered = 0;
  for (const call of calls) call.then(() => answered++);
  await world.clock.advance(TIMEOUT_MS);
  assertEquals(answered, calls.length);
});

Deno.test("failMode closed: a silent store costs one timeout, too", async () => {
  const { world, pod } = await connected({ failMode: "closed" });
  pod.link.freeze();
  const fail = () => assertRejects(() => pod.acme.increment("held", "n"), StoreUnavailableError);
  assertEquals(await tookMs(world, fail), TIMEOUT_MS);
  assertEquals(await tookMs(world, fail), 0);
});

Deno.test("one connection that is reset, with all that was under way on it, is no outage", async () => {
  const { world, pod } = await connected();
  const calls = Array.from({ length: 20 }, (_, call) => {
    pod.link.cut("load", "request", "unknown");
    return pod.acme.getOrCreate(`new-${call}`);
  });
  await world.during(Promise.all(calls));
  await world.clock.advance(2_000);
  assertEquals([pod.manager.status().store, pod.manager.eventCounts().degraded], ["up", undefined]);
});

Deno.test("what goes on failing opens it before a timeout has passed", async () => {
  const { world, pod } = await connected();
  pod.link.refuse();
  const degraded = heard(pod, "degraded");
  assert(await tookMs(world, () => pod.acme.increment("held", "n")) <= TIMEOUT_MS);
  assertEquals(pod.manager.status().store, "down");
  assertEquals(degraded.map(({ reason }) => reason), ["The connection was refused."]);
});

Deno.test("nobody calls, and it is noticed by the heartbeat", async () => {
  const { world, pod } = await connected();
  pod.link.freeze();
  await world.clock.advance(2 * TIMEOUT_MS);
  assertEquals(pod.manager.status().store, "down");
});

Deno.test("a store that refuses is there: it does not open", async () => {
  const { world, pod } = await connected();
  const refuse = () => Promise.reject(new StoreRejectedError("NOPERM", "no permission"));
  for (let beat = 0; beat < 200; beat++) pod.link.next("heartbeat", refuse);
  for (let refusal = 0; refusal < 20; refusal++) {
    pod.link.next("commit", refuse);
    await assertRejects(() => pod.acme.increment("held", "n"), StoreRejectedError);
    await world.clock.advance(TIMEOUT_MS / 5);
  }
  const { store } = pod.manager.status();
  assertEquals([store, pod.manager.eventCounts().degraded], ["up", undefined]);
});

Deno.test("while it is open no call is sent, and a probe under way does not change that", async () => {
  const { world, pod } = await connected();
  const comeBack = await takeAway(world, pod);
  const sentBefore = [pod.link.sent.length, pod.link.loads];
  const probe = pod.link.hold("heartbeat", "reply");
  comeBack();
  await world.during(probe.arrived);
  for (const call of [() => pod.acme.increment("held", "n"), () => pod.acme.getOrCreate("new")]) {
    assertEquals(await tookMs(world, call), 0);
  }
  assertEquals([pod.link.sent.length, pod.link.loads], sentBefore);
  probe.release();
  await reconciled(world, pod);
});

Deno.test("a probe that has no answer leaves it open", async () => {
  const { world, pod } = await connected();
  const comeBack = await takeAway(world, pod);
  const first = pod.link.hold("heartbeat", "request");
  comeBack();
  await world.during(first.arrived);
  const second = pod.link.hold("heartbeat", "request");
  await world.during(second.arrived);
  assertEquals(pod.manager.status().store, "down");
  second.release();
  await reconciled(world, pod);
  first.release();
});

/** When a breaker that opened at 0 sends its probes, if none is answered. */
async function probesOf(seed: number, spanMs: number): Promise<number[]> {
  const clock = new VirtualClock();
  const probedAt: number[] = [];
  const health = new StoreHealth({
    clock,
    random: seededRandom(seed),
    patienceMs: 500,
    probe: () => {
      probedAt.push(clock.now());
      return Promise.reject(new Error("away"));
    },
    onChange: () => {},
  });
  health.open(new Error("away"));
  await clock.advance(spanMs);
  health.stop();
  return probedAt;
}

Deno.test("100 breakers that opened at once do not probe at once, and probe ever less often", async () => {
  const pods = await Promise.all(Array.from({ length: 100 }, (_, pod) => probesOf(pod, 60_000)));
  for (const probes of pods) {
    const pauses = probes.slice(1).map((at, index) => at - probes[index]!);
    assert(probes[0]! <= 50 && Math.max(...pauses) <= 2_000, "bounded, from 50 ms to 2 s");
    assert(pauses.slice(-20).every((pauseMs) => pauseMs >= 1_000), "ever less often");
  }
  // After half a minute: no moment of 100 ms sees more than a fair share of them.
  const moments = new Map<number, number>();
  for (const at of pods.flat().filter((at) => at >= 30_000)) {
    const moment = Math.floor(at / 100);
    moments.set(moment, (moments.get(moment) ?? 0) + 1);
  }
  const most = Math.max(...moments.values());
  assert(most < 25, `${most} of 100 within 100 ms`);
});

Deno.test("status and events tell of an outage: degraded, recovering, reconciled", async () => {
  const { world, pod } = await connected();
  const [recovering, done] = [heard(pod, "recovering"), heard(pod, "reconciled")];
  const { cachedBytes, ...status } = pod.manager.status();
  assert(cachedBytes > 0);
  assertEquals(status, {
    store: "up",
    journaled: 0,
    journaledBytes: 0,
    journaledMaxBytes: 64 * 1_048_576,
    cached: 1,
    active: 0,
  });
  const comeBack = await takeAway(world, pod);
  for (let write = 0; write < 5; write++) await pod.acme.increment("held", "n");
  const { store, journaled, journaledBytes } = pod.manager.status();
  assertEquals([store, journaled, journaledBytes > 0], ["down", 1, true]);
  const commit = pod.link.hold("commit", "request");
  comeBack();
  await world.during(commit.arrived);
  assertEquals(pod.manager.status().store, "recovering");
  assertEquals(recovering, [{ sessions: 1 }]);
  await world.clock.advance(20);
  commit.release();
  await reconciled(world, pod);
  assertEquals(done, [{ operations: 5, rejected: 0, tookMs: 20 }]);
  assertEquals(pod.manager.status().journaledBytes, 0);
  assertEquals(pod.manager.eventCounts(), {
    warning: 1,
    degraded: 1,
    recovering: 1,
    reconciled: 1,
  });
});

Deno.test("a store that goes away again while it drains loses nothing", async () => {
  const { world, pod } = await connected();
  let comeBack = await takeAway(world, pod);
  for (let flap = 1; flap <= 4; flap++) {
    await pod.acme.increment("held", "n");
    const cut = Promise.withResolvers<void>();
    pod.link.next("commit", async (execute) => {
      if (flap % 2 === 0) await execute();
      comeBack = pod.link.refuse();
      cut.resolve();
      throw new StoreUnavailableError("The connection was reset.", { outcome: "unknown" });
    });
    comeBack();
    await world.during(cut.promise);
    await world.clock.advance(3_000);
    assertEquals(pod.manager.status().store, "down");
  }
  comeBack();
  await reconciled(world, pod);
  assertEquals((await pod.acme.get("held", { fresh: true }))!.context, { n: 4 });
});

/** A pod whose store has refused it from the start. */
function neverConnected(options: Parameters<World["pod"]>[0] = {}): {
  world: World;
  pod: TestPod;
  comeBack: () => void;
} {
  const world = new World();
  const pod = world.pod(options);
  return { world, pod, comeBack: pod.link.refuse() };
}

Deno.test("away from the start: opening succeeds and says so, and what was accepted is kept", async () => {
  const { world, pod, comeBack } = neverConnected();
  const warnings = heard(pod, "warning");
  assertEquals(await pod.manager.connect(), undefined);
  assertEquals(warnings.map(({ code }) => code), ["NO_ID_SECRET", "STORE_AWAY"]);
  assertEquals(pod.manager.status().store, "down");
  assertEquals(await tookMs(world, () => pod.acme.getOrCreate("u", { n: 1 })), 0);
  comeBack();
  await reconciled(world, pod);
  assertEquals((await world.pod().acme.get("u"))!.context, { n: 1 });
});

Deno.test("away from the start, failMode closed: opening fails", async () => {
  const { pod } = neverConnected({ failMode: "closed" });
  await assertRejects(() => pod.manager.connect(), StoreUnavailableError);
});

Deno.test("a store that refuses to be opened is an error for the operator, in any failMode", async () => {
  for (const failMode of ["open", "closed"] as const) {
    const pod = new World().pod({ failMode });
    pod.link.open = () => Promise.reject(new StoreRejectedError("WRONGPASS", "wrong password"));
    await assertRejects(() => pod.manager.connect(), StoreRejectedError);
    await assertRejects(() => pod.acme.getOrCreate("u"), StoreRejectedError);
  }
});

Deno.test("away from the start and then refusing: that is told by a warning", async () => {
  const { world, pod } = neverConnected();
  await pod.manager.connect();
  pod.link.open = () => Promise.reject(new StoreRejectedError("WRONGPASS", "wrong password"));
  const warnings = heard(pod, "warning");
  await world.clock.advance(3_000);
  assert(warnings.some(({ code }) => code === "WRONGPASS"));
  assertEquals(pod.manager.status().store, "down");
});
