// What Prometheus is shown of a manager.
import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { Registry } from "prom-client";
import { reconciled, storeKey, takeAway } from "./support/away.ts";
import { type TestPod, World } from "./support/world.ts";
import { ConfigError } from "../mod.ts";
import { LatencyWindow } from "../observability/latency_window.ts";
import { prometheusMetrics, type PrometheusOptions } from "../observability/prometheus.ts";

interface Measured {
  /** The value of a series, as `name{label="value"}`; undefined when there is none. */
  value(series: string): Promise<number | undefined>;
  text(): Promise<string>;
  stop(): void;
}

async function measured(pod: TestPod, options: PrometheusOptions = {}): Promise<Measured> {
  const registry = new Registry();
  const { stop } = await prometheusMetrics(pod.manager, { registry, ...options });
  const text = () => registry.metrics();
  return {
    async value(series) {
      const line = (await text()).split("\n").find((line) => line.startsWith(`${series} `));
      return line === undefined ? undefined : Number(line.slice(series.length + 1));
    },
    text,
    stop,
  };
}

Deno.test("the seed's three metrics are there from the start", async () => {
  const world = new World();
  const { value } = await measured(world.pod());
  assertEquals(await value("hakgal_session_recovery_total"), 0);
  assertEquals(await value("hakgal_session_recovery_failures_total"), 0);
  assertEquals(await value("hakgal_session_redis_latency_p99"), NaN);
});

Deno.test("recoveries, and those that failed, are counted", async () => {
  const world = new World();
  const [p0, p1] = [world.pod(), world.pod()];
  const { value } = await measured(p1);
  for (const id of ["a", "b"]) await p0.acme.getOrCreate(id);
  await p1.acme.get("a");
  await p1.acme.get("nobody");
  const comeBack = await takeAway(world, p1);
  await p1.acme.get("b");
  assertEquals(await value("hakgal_session_recovery_total"), 1);
  assertEquals(await value("hakgal_session_recovery_failures_total"), 1);
  const because = (reason: string) =>
    value(`hakgal_session_recovery_failure_reasons_total{reason="${reason}"}`);
  assertEquals([await because("unavailable"), await because("corrupt")], [1, 0]);
  comeBack();
});

Deno.test("calls are counted by operation and outcome, those that memory answers too", async () => {
  const world = new World();
  const { acme, manager } = world.pod();
  const pod = { acme, manager } as TestPod;
  await acme.getOrCreate("before");
  await acme.get("before");
  const { value } = await measured(pod);
  await acme.getOrCreate("user");
  for (let i = 0; i < 3; i++) await acme.get("user");
  await acme.getOrCreate("user");
  await acme.increment("user", "n");
  await assertRejects(() => acme.increment("nobody", "n"));
  const calls = (operation: string, outcome: string) =>
    value(`hakgal_session_calls_total{operation="${operation}",outcome="${outcome}"}`);
  assertEquals(await calls("get", "ok"), 3);
  assertEquals(await calls("getOrCreate", "ok"), 2);
  assertEquals(await calls("increment", "ok"), 1);
  assertEquals(await calls("increment", "SESSION_NOT_FOUND"), 1);
  assertEquals(await value("hakgal_session_cache_hits_total"), 4);
  assertEquals(await value("hakgal_session_cache_misses_total"), 1);
  assertEquals(await value("hakgal_session_cached_sessions"), 2);
  assert((await value("hakgal_session_cached_bytes"))! > 1_000);
});

Deno.test("an outage is seen: state, degraded calls, journal; and its end", async () => {
  const world = new World();
  const pod = world.pod();
  const { value } = await measured(pod);
  await pod.acme.getOrCreate("user");
  const state = (name: string) => value(`hakgal_session_breaker_state{state="${name}"}`);
  assertEquals([await state("up"), await state("down")], [1, 0]);
  const comeBack = await takeAway(world, pod);
  await pod.acme.get("user");
  await pod.acme.increment("user", "n");
  await pod.acme.get("user");
  assertEquals([await state("up"), await state("down")], [0, 1]);
  assertEquals(await value("hakgal_session_outages_total"), 1);
  assertEquals(await value("hakgal_session_degraded_reads_total"), 2);
  assertEquals(await value("hakgal_session_degraded_writes_total"), 1);
  assertEquals(await value("hakgal_session_journal_entries"), 1);
  assert((await value("hakgal_session_journal_bytes"))! > 0);
  assertEquals(await value("hakgal_session_journal_limit_bytes"), 64 * 1_048_576);
  comeBack();
  await reconciled(world, pod);
  assertEquals([await state("up"), await state("down")], [1, 0]);
  assertEquals(await value("hakgal_session_journal_entries"), 0);
});

Deno.test("vanished, healed and rejected sessions are counted", async () => {
  const world = new World();
  const [p0, p1] = [world.pod(), world.pod()];
  const { value } = await measured(p0);
  for (const id of ["healed", "destroyed", "vanished"]) await p0.acme.getOrCreate(id);
  world.store.remove(storeKey("vanished"));
  await p0.acme.loadFromStore("vanished");
  assertEquals(await value("hakgal_session_vanished_total"), 1);
  const comeBack = await takeAway(world, p0);
  await p0.acme.apply("destroyed", { increment: { n: 1, m: 1 } });
  await p1.acme.destroy("destroyed");
  comeBack();
  await reconciled(world, p0);
  assertEquals(await value('hakgal_session_rejected_total{reason="destroyed"}'), 2);
  world.store.forget();
  await world.during(p0.acme.loadFromStore("healed"));
  assertEquals(await value("hakgal_session_healed_total"), 1);
  assertEquals(await value("hakgal_session_memory_losses_total"), 1);
});

Deno.test("latency is measured by command and outcome, and its p99 over a window", async () => {
  const world = new World();
  const pod = world.pod();
  const { value, text } = await measured(pod);
  await pod.acme.getOrCreate("user");
  pod.link.next("commit", async (execute) => {
    await new Promise<void>((resolve) => world.clock.after(300, resolve));
    return await execute();
  });
  await world.during(pod.acme.increment("user", "n"));
  const at = (le: string) =>
    value(
      `hakgal_session_redis_latency_seconds_bucket{le="${le}",command="commit",outcome="ok"}`,
    );
  assertEquals([await at("0.2"), await at("0.5")], [1, 2]);
  const p99 = (await value("hakgal_session_redis_latency_p99"))!;
  assert(p99 >= 0.29 && p99 <= 0.31, `${p99}`);
  assert((await text()).includes("over the last 60 seconds"));
});

Deno.test("the p99 is that of what the window has: what is older is in it no more", () => {
  let nowMs = 500_000;
  const window = new LatencyWindow(60, () => nowMs);
  assertEquals(window.p99(), NaN);
  for (let i = 0; i < 98; i++) window.record(1);
  assertAlmostEquals(window.p99(), 0.001, 0.000_01);
  window.record(250);
  window.record(300);
  assertAlmostEquals(window.p99(), 0.25, 0.001);
  nowMs += 40_000;
  assertAlmostEquals(window.p99(), 0.25, 0.001);
  window.record(0);
  assertAlmostEquals(window.p99(), 0.25, 0.001);
  nowMs += 20_000;
  assertEquals(window.p99(), 0.000_001);
  nowMs += 60_000;
  assertEquals(window.p99(), NaN);
  window.record(70);
  assertAlmostEquals(window.p99(), 0.07, 0.001);
});

Deno.test("a retry that the store recognises is counted as a duplicate", async () => {
  const world = new World();
  const pod = world.pod();
  const { value } = await measured(pod);
  await pod.acme.getOrCreate("user");
  pod.link.cut("commit", "reply", "unknown");
  await world.during(pod.acme.increment("user", "n"));
  await pod.acme.increment("user", "n");
  assertEquals(await value("hakgal_session_duplicates_total"), 1);
});

Deno.test("no label holds an id; tenants have one only when they are named", async () => {
  const world = new World();
  const pod = world.pod();
  const { text } = await measured(pod);
  await pod.acme.getOrCreate("user-of-acme");
  await pod.acme.get("user-of-acme");
  assert(!/user-of-acme|[0-9a-f]{64}|tenant/.test(await text()));

  const { value, text: named } = await measured(pod, { tenants: ["acme"] });
  for (const tenant of ["acme", "globex", "initech"]) {
    const sessions = pod.manager.tenant(tenant);
    await sessions.getOrCreate("user");
    await sessions.get("user");
  }
  const gets = (tenant: string) =>
    value(`hakgal_session_calls_total{operation="get",outcome="ok",tenant="${tenant}"}`);
  assertEquals([await gets("acme"), await gets("other"), await gets("globex")], [1, 2, undefined]);
  assert(!/globex|initech/.test(await named()));
});

Deno.test("bad options are refused with what to do", async () => {
  const world = new World();
  const { manager } = world.pod();
  const registry = new Registry();
  const tenants = Array.from({ length: 101 }, (_, i) => `tenant-${i}`);
  await assertRejects(
    () => prometheusMetrics(manager, { registry, tenants }),
    ConfigError,
    "at most 100",
  );
  await assertRejects(
    () => prometheusMetrics(manager, { registry, latencyWindowSeconds: 0 }),
    ConfigError,
    "from 1 to 3,600",
  );
  const { stop } = await prometheusMetrics(manager, { registry });
  await assertRejects(
    () => prometheusMetrics(manager, { registry }),
    ConfigError,
    "a registry of its own",
  );
  stop();
  assertEquals((await registry.metrics()).trim(), "");
  const again = await prometheusMetrics(manager, { registry });
  again.stop();
});
