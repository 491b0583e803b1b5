// Whoever observes a manager hears of each call and each command, and disturbs neither.
import { assert, assertEquals, assertRejects } from "@std/assert";
import { storeKey, takeAway } from "./support/away.ts";
import { World } from "./support/world.ts";
import { type CallEnd, type ObservedCommand, type Observer } from "../mod.ts";

const HASHED = (id: string) => storeKey(id).split(":").at(-1)!;

interface Told {
  readonly call: string;
  readonly hashedIds: readonly string[];
  readonly given: readonly unknown[];
  readonly end: CallEnd;
}

function recorder(): { observer: Observer; told: Told[]; commands: ObservedCommand[] } {
  const told: Told[] = [];
  const commands: ObservedCommand[] = [];
  const observer: Observer = {
    call: (call) => {
      const { operation, hashedIds, arguments: given } = call;
      return (end) => told.push({ call: operation, hashedIds, given, end });
    },
    command: (command) => commands.push(command),
  };
  return { observer, told, commands };
}

Deno.test("each call is told of, with its arguments, its outcome, and hashes in place of ids", async () => {
  const world = new World();
  const pod = world.pod();
  const { observer, told } = recorder();
  // The handle was made before.
  pod.manager.observe(observer);
  const { acme } = pod;
  await acme.getOrCreate("user", { plan: "free" });
  await acme.get("nobody");
  await acme.updateContext("user", { risk: "low" });
  await acme.increment("user", "n", 2);
  await acme.update("user", () => ({ seen: true }));
  await acme.appendTrajectory("user", [1, 2]);
  await acme.apply("user", { increment: { n: 1 } });
  await acme.touch("user");
  await acme.loadFromStore("user");
  await acme.recover(["user", "other"]);
  await acme.rotate("user", "user-b");
  for await (const _ of acme.list()) { /* Each step belongs to one call. */ }
  await acme.destroy("user-b");
  assertEquals(told.map(({ call, end }) => `${call} ${end.outcome} ${end.source}`), [
    "getOrCreate ok store",
    "get ok store",
    "updateContext ok store",
    "increment ok store",
    "update ok store",
    "appendTrajectory ok store",
    "apply ok store",
    "touch ok store",
    "loadFromStore ok store",
    "recover ok store",
    "rotate ok store",
    "list ok store",
    "destroy ok store",
  ]);
  const by = (name: string) => told.find(({ call }) => call === name)!;
  assertEquals(by("getOrCreate").given, [{ plan: "free" }]);
  assertEquals(by("increment").given, ["n", 2]);
  assertEquals(by("increment").end.result, 2);
  assertEquals(by("rotate").hashedIds, [HASHED("user"), HASHED("user-b")]);
  assertEquals(by("recover").hashedIds, [HASHED("user"), HASHED("other")]);
  assert(!JSON.stringify(told.map(({ given, hashedIds }) => [given, hashedIds])).includes("user"));
});

Deno.test("a call that fails is told by its error's code, whatever was thrown", async () => {
  const world = new World();
  const { manager, acme } = world.pod();
  const { observer, told } = recorder();
  manager.observe(observer);
  await assertRejects(() => acme.increment("nobody", "n"));
  await assertRejects(() => acme.getOrCreate("", {}));
  await acme.getOrCreate("user");
  await assertRejects(() => acme.get("user", { fresh: true, signal: AbortSignal.abort() }));
  await assertRejects(() =>
    acme.update("user", () => {
      throw new RangeError("the caller's own");
    })
  );
  assertEquals(told.map(({ end }) => end.outcome), [
    "SESSION_NOT_FOUND",
    "INVALID_INPUT",
    "ok",
    "ABORTED",
    "ERROR",
  ]);
});

Deno.test("reads that memory answers are counted, and told to those who ask for it", async () => {
  const world = new World();
  const { manager, acme } = world.pod();
  const { observer, told } = recorder();
  const hits: string[] = [];
  manager.observe({
    ...observer,
    hit: ({ operation, hashedId }, { outcome, source, degraded }) => {
      hits.push([operation, hashedId === HASHED("user"), outcome, source, degraded].join(" "));
    },
  });
  await acme.getOrCreate("user");
  await acme.get("user");
  await acme.getOrCreate("user");
  assertEquals(told.length, 1);
  assertEquals(hits, ["get true ok memory false", "getOrCreate true ok memory false"]);
  assertEquals(manager.hitCounts(), { get: 1, getOrCreate: 1, degraded: 0 });
});

Deno.test("what memory answers while the store is away is told as degraded", async () => {
  const world = new World();
  const pod = world.pod();
  const { observer, told, commands } = recorder();
  await pod.acme.getOrCreate("held");
  const comeBack = await takeAway(world, pod);
  pod.manager.observe(observer);
  await pod.acme.increment("held", "n");
  await pod.acme.get("held");
  await pod.acme.get("unknown");
  assertEquals(
    told.map(({ call, end }) => `${call} ${end.source} ${end.degraded}`),
    ["increment memory true", "get memory true"],
  );
  assertEquals(pod.manager.hitCounts().degraded, 1);
  assertEquals(commands.filter(({ command }) => command === "commit"), []);
  comeBack();
});

Deno.test("each command is told of, with its tenant and its answer", async () => {
  const world = new World();
  const pod = world.pod();
  const { observer, commands } = recorder();
  pod.manager.observe(observer);
  await pod.acme.getOrCreate("user");
  pod.link.cut("commit", "reply", "unknown");
  await world.during(pod.acme.increment("user", "n"));
  const seen = commands.map(({ command, tenant, outcome, reply }) =>
    [command, tenant, outcome, reply].filter((part) => part !== undefined).join(" ")
  );
  assertEquals(seen.filter((text) => text.startsWith("commit")), [
    "commit acme ok applied",
    "commit acme unavailable",
    "commit acme ok duplicate",
  ]);
  assert(seen.includes("load acme ok missing"), seen.join());
  assert(seen.includes("heartbeat ok"), seen.join());
});

Deno.test("an observer that throws harms no call, and one that was removed hears nothing", async () => {
  const world = new World();
  const complaints: unknown[] = [];
  const logger = { warn: () => {}, error: (...said: unknown[]) => complaints.push(said[0]) };
  const { manager, acme } = world.pod({ logger });
  const { observer, told } = recorder();
  const broken = () => {
    throw new Error("broken");
  };
  const ends = [
    manager.observe({ call: broken, command: broken, hit: broken }),
    manager.observe({ call: () => broken }),
    manager.observe(observer),
  ];
  await acme.getOrCreate("user");
  await acme.get("user");
  assertEquals(told.length, 1);
  assert(complaints.length >= 4 && complaints.every((said) => said === "An observer threw"));
  for (const end of ends) end();
  await acme.increment("user", "n");
  assertEquals(told.length, 1);
});

Deno.test("what a call causes runs within what the observer puts around it", async () => {
  const world = new World();
  const { manager, acme } = world.pod();
  const steps: string[] = [];
  for (const name of ["first", "second"]) {
    manager.observe({
      run: async ({ operation }, run) => {
        steps.push(`${name} ${operation}`);
        const result = await run();
        steps.push(`${name} done`);
        return result;
      },
    });
  }
  assertEquals((await acme.getOrCreate("user")).version, 1);
  assertEquals(steps, ["second getOrCreate", "first getOrCreate", "first done", "second done"]);
});
