// The guarantees that need two processes, on every client library and on SQLite.
import { assert, assertEquals, assertRejects } from "@std/assert";
import { findServer, isMissing } from "../scripts/servers/provision.ts";
import { type RunningServer, startServer } from "../scripts/servers/server.ts";
import { PodError, type PodOptions, PodProcess, type SessionInPod } from "./pod_process.ts";
import { ReplyCutter } from "./reply_cutter.ts";
import { staysWhileTouched } from "./touching.ts";

type Store = Required<Pick<PodOptions, "backend" | "url">>;

const CLIENTS = [["ioredis", "redis"], ["node-redis", "redis"], ["valkey-glide", "redis"], [
  "ioredis",
  "valkey",
]] as const;

for (const [backend, kind] of CLIENTS) {
  Deno.test(`two pods keep the guarantees: ${backend}, ${kind}`, async (t) => {
    const binary = await findServer(kind, { provision: true });
    if (isMissing(binary)) throw new Error(binary.missing);
    await using server = await startServer(binary);
    await keepsGuarantees(t, { backend, url: server.url });
    await t.step(
      "ten replies cut after execution: the counter is exact",
      () => countsThroughCuts(server, backend),
    );
  });
}

Deno.test("two pods keep the guarantees: sqlite", async (t) => {
  const folder = await Deno.makeTempDir({ prefix: "hakgal-guarantees-" });
  try {
    await keepsGuarantees(t, { backend: "sqlite", url: `${folder}/sessions.db` });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

async function keepsGuarantees(t: Deno.TestContext, store: Store): Promise<void> {
  {
    await using one = new PodProcess({ ...store, maxStalenessMs: 60_000 });
    await using two = new PodProcess({ ...store, maxStalenessMs: 60_000 });
    const pods = [one, two] as const;
    await t.step("1,000 concurrent increments: 1,000 are kept", () => countsIncrements(pods));
    await t.step("25 + 25 concurrent updates: 50", () => countsUpdates(pods));
    await t.step("100 different fields set at once: 100", () => keepsFields(pods));
    await t.step("a slow pod cannot revive a destroyed session", () => staysDestroyed(pods));
  }
  await using one = new PodProcess({ ...store, ttlMs: 400, maxStalenessMs: 60_000 });
  await using two = new PodProcess({ ...store, ttlMs: 400, maxStalenessMs: 60_000 });
  await t.step("touched, a session outlives its TTL; left alone, it goes", async () => {
    await staysWhileTouched(one, two);
  });
}

type Pods = readonly [PodProcess, PodProcess];

/** Makes a session that both pods hold. */
async function shared(id: string, [one, two]: Pods): Promise<void> {
  await one.call("getOrCreate", id, { plan: "free" });
  await two.call("get", id);
}

/** The context that both pods find in the store, which must be the same. */
async function found(id: string, [one, two]: Pods): Promise<Readonly<Record<string, unknown>>> {
  const left = await one.call<SessionInPod>("loadFromStore", id);
  const right = await two.call<SessionInPod>("loadFromStore", id);
  assertEquals(left.context, right.context);
  return left.context;
}

async function countsIncrements(pods: Pods): Promise<void> {
  await shared("counted", pods);
  const calls = Array.from(
    { length: 1_000 },
    (_, i) => pods[i % 2]!.call<number>("increment", "counted", "n"),
  );
  const numbers = await Promise.all(calls);
  assertEquals(numbers.sort((a, b) => a - b), Array.from({ length: 1_000 }, (_, i) => i + 1));
  assertEquals(await found("counted", pods), { plan: "free", n: 1_000 });
}

async function countsUpdates(pods: Pods): Promise<void> {
  await shared("updated", pods);
  await Promise.all(Array.from({ length: 50 }, (_, i) => pods[i % 2]!.call("add", "updated")));
  assertEquals(await found("updated", pods), { plan: "free", n: 50 });
}

async function keepsFields(pods: Pods): Promise<void> {
  await shared("fields", pods);
  const names = Array.from({ length: 100 }, (_, i) => `field_${i}`);
  await Promise.all(
    names.map((name, i) => pods[i % 2]!.call("updateContext", "fields", { [name]: i })),
  );
  const expected = Object.fromEntries(names.map((name, i) => [name, i]));
  const { plan, ...fields } = await found("fields", pods);
  assertEquals(plan, "free");
  assertEquals(
    Object.entries(fields).sort(byName),
    Object.entries<unknown>(expected).sort(byName),
  );
}

async function staysDestroyed(pods: Pods): Promise<void> {
  const [one, slow] = pods;
  await shared("destroyed", pods);
  slow.freeze();
  try {
    assertEquals(await one.call("destroy", "destroyed"), true);
    // They wait in the pipe: the first things that the pod does when it wakes, its copy still in its cache.
    const late = [
      slow.call("updateContext", "destroyed", { plan: "gold" }),
      slow.call("increment", "destroyed", "n"),
      slow.call("add", "destroyed"),
    ];
    const refusals = Promise.all(late.map((call) => assertRejects(() => call, PodError)));
    const touched = slow.call("touch", "destroyed");
    slow.resume();
    assertEquals((await refusals).map(({ reason }) => reason), Array(3).fill("destroyed"));
    assertEquals(await touched, false);
  } finally {
    slow.resume();
  }
  for (const pod of pods) {
    assertEquals(await pod.call("get", "destroyed"), undefined);
    assertEquals(await pod.call("loadFromStore", "destroyed"), undefined);
  }
  const again = await slow.call<SessionInPod>("getOrCreate", "destroyed", {});
  assertEquals([again.version, again.context], [1, {}], "a new session, nothing of the old one");
}

async function countsThroughCuts(
  server: RunningServer,
  backend: NonNullable<PodOptions["backend"]>,
): Promise<void> {
  await using cutter = new ReplyCutter({
    port: server.port,
    marker: "cut_counter",
    every: 3,
    cuts: 10,
  });
  await using cut = new PodProcess({ backend, url: cutter.url });
  await using other = new PodProcess({ backend, url: server.url });
  await cut.call("getOrCreate", "cut", {});
  const increments = 40;
  const count = async (pod: PodProcess) => {
    for (let i = 0; i < increments; i++) await pod.call("increment", "cut", "cut_counter");
  };
  await Promise.all([count(cut), count(other)]);
  assertEquals(cutter.cuts, 10);
  const session = await other.call<SessionInPod>("loadFromStore", "cut");
  assert(session.context["cut_counter"] === 2 * increments, JSON.stringify(session.context));
}

function byName([left]: [string, unknown], [right]: [string, unknown]): number {
  return left < right ? -1 : 1;
}
