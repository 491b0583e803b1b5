import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { ConfigError, InvalidInputError, SessionManager } from "../mod.ts";
import { World } from "./support/world.ts";

Deno.test("a tenant's name is never a pattern or a path", () => {
  const world = new World();
  const { manager } = world.pod();
  const bad = ["", "a:b", "a*", "a?", "[a]", "{a}", "a b", "a\0", "x".repeat(65), "ä"];
  for (const name of [...bad, undefined, 1, null]) {
    const error = assertThrows(() => manager.tenant(name as string), InvalidInputError);
    assertEquals(error.field, "tenant");
  }
  assertEquals(manager.tenant("Acme_1.eu-west").name, "Acme_1.eu-west");
});

Deno.test("an id has 1 to 512 bytes of well-formed Unicode", async () => {
  const world = new World();
  const { acme } = world.pod();
  for (const id of ["", "x".repeat(513), "ä".repeat(257), "\ud800", 7, undefined, null]) {
    const error = await assertRejects(() => acme.getOrCreate(id as string), InvalidInputError);
    assertEquals(error.field, "id");
  }
  const error = await assertRejects(() => acme.get("€".repeat(171)), InvalidInputError);
  assertEquals([error.limit, error.size], [512, 513]);
  for (const id of ["x".repeat(512), "ä".repeat(256), "a b\0*?[{:", "__proto__"]) {
    assertEquals((await acme.getOrCreate(id, { id })).context, { id });
  }
});

Deno.test("a held id is not found under a value of another type", async () => {
  const world = new World();
  const { acme } = world.pod();
  await acme.getOrCreate("1");
  await assertRejects(() => acme.get(1 as unknown as string), InvalidInputError);
});

Deno.test("a value that JSON cannot hold is refused, and nothing is written", async () => {
  const world = new World();
  const { acme } = world.pod();
  await acme.getOrCreate("u", { keep: 1 });
  const cyclic: Record<string, unknown> = {};
  cyclic.self = cyclic;
  const values = [
    NaN,
    Infinity,
    10n,
    () => 1,
    Symbol("s"),
    new Date(),
    new Map(),
    new (class Foo {})(),
    new Uint8Array(1),
    cyclic,
    [undefined],
    { deep: { deeper: NaN } },
  ];
  for (const value of values) {
    const error = await assertRejects(
      () => acme.updateContext("u", { other: 2, bad: value }),
      InvalidInputError,
    );
    assertEquals(error.field, "bad");
  }
  assertEquals((await acme.get("u", { fresh: true }))!.context, { keep: 1 });
});

Deno.test("field names of objects' own machinery are data", async () => {
  const world = new World();
  const { acme } = world.pod();
  const patch = JSON.parse('{"__proto__":{"admin":true},"constructor":1,"toString":"x"}');
  await acme.getOrCreate("u", patch);
  const { context } = (await acme.get("u", { fresh: true }))!;
  assertEquals(Object.keys(context).sort(), ["__proto__", "constructor", "toString"]);
  assertEquals(Object.getPrototypeOf(context), Object.prototype);
  assertEquals(({} as Record<string, unknown>).admin, undefined);
  assertEquals(context.admin, undefined);
  assertEquals(await acme.increment("u", "__proto__x"), 1);
});

Deno.test("a patch of a foreign prototype is refused", async () => {
  const world = new World();
  const { acme } = world.pod();
  await acme.getOrCreate("u");
  class Patch {
    risk = "low";
  }
  const inherited = Object.create({ admin: true });
  for (const patch of [new Patch(), inherited, { __proto__: { admin: true } }, [], null, "x"]) {
    await assertRejects(() => acme.updateContext("u", patch as object), InvalidInputError);
    await assertRejects(() => acme.update("u", () => patch as object), InvalidInputError);
  }
  await acme.updateContext("u", Object.assign(Object.create(null), { risk: "low" }));
  assertEquals((await acme.get("u"))!.context, { risk: "low" });
});

Deno.test("limits name the field, the limit and the size", async () => {
  const world = new World();
  const { acme } = world.pod({ limits: { fields: 3, sessionBytes: 2_000 } });
  await acme.getOrCreate("u", { a: 1, b: 2 });

  const long = await assertRejects(
    () => acme.updateContext("u", { ["f".repeat(129)]: 1 }),
    InvalidInputError,
  );
  assertEquals([long.limit, long.size], [128, 129]);
  const large = await assertRejects(
    () => acme.updateContext("u", { big: "x".repeat(65_535) }),
    InvalidInputError,
  );
  assertEquals([large.field, large.limit, large.size], ["big", 65_536, 65_537]);
  const many = await assertRejects(
    () => acme.updateContext("u", { c: 3, d: 4 }),
    InvalidInputError,
  );
  assertEquals([many.field, many.limit, many.size], ["d", 3, 4]);
  const whole = await assertRejects(
    () => acme.updateContext("u", { c: "x".repeat(1_999) }),
    InvalidInputError,
  );
  assertEquals([whole.field, whole.limit], ["c", 2_000]);
  assert(whole.message.includes("2000 bytes"));
  assertEquals((await acme.get("u", { fresh: true }))!.context, { a: 1, b: 2 });
});

Deno.test("vectors are finite, of one length, within the limit", async () => {
  const world = new World();
  const { acme } = world.pod();
  await acme.getOrCreate("u");
  const bad = [[], [NaN], [1, Infinity], [1e39], new Float64Array(2), "12", [1, "2"], null];
  for (const vector of [...bad, Array(8_193).fill(0)]) {
    await assertRejects(() => acme.appendTrajectory("u", vector as number[]), InvalidInputError);
  }
  await acme.appendTrajectory("u", [1, 2, 3]);
  const error = await assertRejects(
    () => acme.appendTrajectory("u", new Float32Array(2)),
    InvalidInputError,
  );
  assertEquals([error.field, error.limit, error.size], ["vector", 3, 2]);
  assertEquals((await acme.get("u", { fresh: true }))!.trajectory.length, 1);
});

Deno.test("incrementing by or on what is no number is refused", async () => {
  const world = new World();
  const { acme } = world.pod();
  await acme.getOrCreate("u", { text: "1", list: [1], huge: 1.7e308 });
  for (const by of [NaN, Infinity, "1", null, 1n]) {
    await assertRejects(() => acme.increment("u", "n", by as number), InvalidInputError);
  }
  for (const field of ["text", "list"]) {
    const error = await assertRejects(() => acme.increment("u", field), InvalidInputError);
    assertEquals(error.field, field);
  }
  await assertRejects(() => acme.increment("u", "huge", 1.7e308), InvalidInputError);
});

Deno.test("a bad call does not harm the good ones that share its batch", async () => {
  const world = new World();
  const { acme } = world.pod();
  await acme.getOrCreate("u", { text: "x" });
  const results = await Promise.allSettled([
    acme.increment("u", "n", 1),
    acme.increment("u", "text"),
    acme.increment("u", "n", 2),
    acme.appendTrajectory("u", [1, 2]),
    acme.appendTrajectory("u", [1]),
    acme.increment("u", "n", 4),
  ]);
  const statuses = results.map(({ status }) => status);
  assertEquals(statuses, [
    "fulfilled",
    "rejected",
    "fulfilled",
    "fulfilled",
    "rejected",
    "fulfilled",
  ]);
  assertEquals(results.map((result) => "value" in result ? result.value : 0).at(-1), 7);
  assertEquals((await acme.get("u", { fresh: true }))!.context, { text: "x", n: 7 });
});

Deno.test("unknown options are refused, with the nearest one that is known", async () => {
  const world = new World();
  const typo = assertThrows(() => world.pod({ tllMs: 1 } as object), ConfigError);
  assertEquals(typo.message, 'There is no option "tllMs". Did you mean "ttlMs"?');
  const nested = assertThrows(() => world.pod({ cache: { maxSesions: 1 } } as object), ConfigError);
  assert(nested.message.includes('"cache.maxSessions"'));
  const later = assertThrows(() => world.pod({ durability: {} } as object), ConfigError);
  assert(later.message.includes("not available in this version"));
  await assertRejects(
    () => SessionManager.open({ backand: "memory" } as object),
    ConfigError,
    'Did you mean "backend"?',
  );
  await assertRejects(
    () => SessionManager.open({ backend: "ioredys" as "ioredis" }),
    ConfigError,
    'Did you mean "ioredis"?',
  );
  await assertRejects(() => SessionManager.open({ backend: "ioredis" }), ConfigError, '"url"');
});

Deno.test("options out of range are refused", () => {
  const world = new World();
  const bad = [
    { ttlMs: 0 },
    { ttlMs: 1.5 },
    { ttlMs: NaN },
    { maxStalenessMs: -1 },
    { commandTimeoutMs: 0 },
    { cache: { maxSessions: 0 } },
    { journal: { maxSessions: -1 } },
    { journal: { maxBytes: 1.5 } },
    { journal: { maxAgeMs: 0 } },
    { journal: { path: "" } },
    { failMode: "half-open" } as object,
    { onVanished: "ignore" } as object,
    { commandTimeoutMs: 2_000, ttlMs: 1_000 },
    { limits: { trajectoryVectors: 1_001 } },
    { keyPrefix: "a*" },
    { idSecret: "" },
  ];
  for (const options of bad) assertThrows(() => world.pod(options), ConfigError);
});
