// A staged rollout: who is in, who serves the others, and what happens to a session that changes sides.
import { assert, assertEquals, assertRejects } from "@std/assert";
import { memoryAdapter, MemoryStore } from "../adapters/memory.ts";
import { isEnrolled } from "../core/rollout.ts";
import {
  ConfigError,
  InvalidInputError,
  NotEnrolledError,
  type RolloutOptions,
  type Session,
  SessionExistsError,
  SessionManager,
  SessionNotFoundError,
  type SessionsLike,
  StoreUnavailableError,
  type TenantSessions,
} from "../mod.ts";
import { pickPort } from "../scripts/servers/ports.ts";
import { startServer } from "../scripts/servers/server.ts";
import { withFile } from "./sqlite_support.ts";
import { serverBinary } from "./support/servers.ts";

const SECRET = "an-id-secret";

function managerOn(store: MemoryStore, rollout?: RolloutOptions): SessionManager {
  return new SessionManager({
    ...{ adapter: memoryAdapter({ store }), idSecret: SECRET },
    ...(rollout && { rollout }),
  });
}

/** Two stores, and a pod with a rollout from the old one to the new one. */
class Rollout implements AsyncDisposable {
  readonly oldStore = new MemoryStore();
  readonly newStore = new MemoryStore();
  readonly before = managerOn(this.oldStore);
  /** Sees all of the new store. */
  readonly after = managerOn(this.newStore);
  readonly manager: SessionManager;
  readonly acme: TenantSessions;

  constructor(percent: number, wrap = (sessions: SessionsLike): SessionsLike => sessions) {
    const otherwise = (tenant: string) => wrap(this.before.tenant(tenant));
    this.manager = managerOn(this.newStore, { percent, otherwise });
    this.acme = this.manager.tenant("acme");
  }

  get old(): TenantSessions {
    return this.before.tenant("acme");
  }

  get new(): TenantSessions {
    return this.after.tenant("acme");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const manager of [this.manager, this.before, this.after]) await manager.close();
  }
}

/** Ids of which those `inside` are in a rollout of 50 %, found out by the answers of a pod. */
async function idsBySide(): Promise<{ inside: string[]; outside: string[] }> {
  await using manager = managerOn(new MemoryStore(), { percent: 50 });
  const sides = { inside: [] as string[], outside: [] as string[] };
  for (let number = 0; number < 64; number++) {
    const id = `user-${number}`;
    const isIn = await manager.tenant("acme").touch(id).then(() => true, () => false);
    sides[isIn ? "inside" : "outside"].push(id);
  }
  return sides;
}

const { inside, outside } = await idsBySide();
const [IN, IN_TOO] = inside as [string, string];
const [OUT, OUT_TOO] = outside as [string, string];

/** Ids that a pod takes in. */
async function enrolled(
  manager: SessionManager,
  ids: readonly string[],
): Promise<ReadonlySet<string>> {
  const acme = manager.tenant("acme");
  const taken = await Promise.all(
    ids.map((id) =>
      acme.touch(id).then(() => id, (error) => {
        assert(error instanceof NotEnrolledError, String(error));
      })
    ),
  );
  return new Set(taken.filter((id) => id !== undefined));
}

Deno.test("of 100,000 ids a rollout takes in its percentage within 1 %, and keeps them as it grows", async () => {
  const { KeySpace } = await import("../core/key_space.ts");
  for (const secret of [SECRET, undefined]) {
    const keys = new KeySpace("hakgal", secret);
    const hashes = Array.from(
      { length: 100_000 },
      (_, number) => keys.session("acme", `user-${number}`).hashedId,
    );
    let before = new Set<string>();
    for (const percent of [0, 0.5, 5, 20, 50, 80, 99.5, 100]) {
      const taken = new Set(hashes.filter((hash) => isEnrolled(hash, percent)));
      const off = Math.abs(taken.size / hashes.length * 100 - percent);
      assert(off <= 1, `${percent} %: ${taken.size} of ${hashes.length}`);
      assert([...before].every((hash) => taken.has(hash)), `${percent} % lost some`);
      before = taken;
    }
    assertEquals(before.size, 100_000);
  }
});

Deno.test("every pod with the same secret takes in the same sessions, at every tenant and time", async () => {
  const ids = Array.from({ length: 2_000 }, (_, number) => `user-${number}`);
  const store = new MemoryStore();
  await using first = managerOn(store, { percent: 5 });
  await using second = managerOn(new MemoryStore(), { percent: 5 });
  await using wider = managerOn(store, { percent: 50 });
  const taken = await enrolled(first, ids);
  assertEquals(await enrolled(second, ids), taken);
  assertEquals(await enrolled(first, ids), taken, "they are held now");
  const wide = await enrolled(wider, ids);
  assert([...taken].every((id) => wide.has(id)));
  assert(taken.size < wide.size);
});

Deno.test("whoever is outside is answered NotEnrolledError, and nothing is written", async () => {
  const store = new MemoryStore();
  await using manager = managerOn(store, { percent: 50 });
  const acme = manager.tenant("acme");
  const calls: readonly (() => Promise<unknown>)[] = [
    () => acme.getOrCreate(OUT, { plan: "free" }),
    () => acme.get(OUT),
    () => acme.updateContext(OUT, { a: 1 }),
    () => acme.increment(OUT, "n"),
    () => acme.update(OUT, () => ({})),
    () => acme.appendTrajectory(OUT, [1]),
    () => acme.apply(OUT, { set: { a: 1 } }),
    () => acme.touch(OUT),
    () => acme.destroy(OUT),
    () => acme.rotate(OUT, IN),
    () => acme.loadFromStore(OUT),
  ];
  for (const call of calls) {
    const error = await assertRejects(call, NotEnrolledError);
    assertEquals([error.code, error.percent], ["NOT_ENROLLED", 50]);
  }
  await acme.getOrCreate(IN);
  await assertRejects(() => acme.rotate(IN, OUT), NotEnrolledError);
  assert(await acme.get(IN, { fresh: true }), "the old one lives on");
  assertEquals([...(await acme.recover([OUT, IN])).keys()], [IN]);
  assertEquals((await Array.fromAsync(acme.list())).length, 1);
});

Deno.test("whoever is outside is served by `otherwise`, with every call, and the others by the new store", async () => {
  await using rollout = new Rollout(50);
  const { acme } = rollout;
  for (const [id, here, there] of [[IN, "new", "old"], [OUT, "old", "new"]] as const) {
    await acme.getOrCreate(id, { plan: "free", old: 1 });
    await acme.updateContext(id, { risk: "low", old: undefined });
    assertEquals(await acme.increment(id, "n"), 1);
    assertEquals(await acme.increment(id, "n", 4), 5);
    await acme.update(id, ({ n }) => ({ n: n * 2 }));
    await acme.appendTrajectory(id, [0.5]);
    await acme.apply(id, { increment: { n: 1 } });
    assertEquals(await acme.touch(id), true);
    const session = (await acme.get(id))!;
    assertEquals(session.context, { plan: "free", risk: "low", n: 11 });
    assertEquals((await acme.loadFromStore(id))!.trajectory, [new Float32Array([0.5])]);
    assertEquals((await rollout[here].get(id))!.context, session.context);
    assertEquals(await rollout[there].get(id), undefined);
  }
  assertEquals((await Array.fromAsync(acme.list())).length, 2);
  assertEquals([await acme.destroy(IN), await acme.destroy(OUT)], [true, true]);
  assertEquals([await rollout.new.get(IN), await rollout.old.get(OUT)], [undefined, undefined]);
});

Deno.test("recover asks both sides and answers in the order asked", async () => {
  await using rollout = new Rollout(50);
  const { acme } = rollout;
  for (const id of [IN, OUT, IN_TOO, OUT_TOO]) await acme.getOrCreate(id, { id });
  rollout.manager.clearCache();
  const asked = [OUT_TOO, IN, "nobody", OUT, IN_TOO, OUT];
  const heard: string[] = [];
  const found = await acme.recover(asked, { onSession: ({ id }) => heard.push(id) });
  assertEquals([...found.keys()], [OUT_TOO, IN, OUT, IN_TOO]);
  assertEquals(heard.toSorted(), [...found.keys()].toSorted());
  for (const [id, { context }] of found) assertEquals(context, { id });
});

Deno.test("recovering what is on one side does not need the other", async () => {
  await using old = managerOn(new MemoryStore());
  await old.tenant("acme").getOrCreate(OUT, { plan: "free" });
  await using manager = await SessionManager.open({
    ...{ backend: "ioredis", url: `redis://127.0.0.1:${pickPort()}`, idSecret: SECRET },
    rollout: { percent: 50, otherwise: (tenant) => old.tenant(tenant) },
  });
  const acme = manager.tenant("acme");
  assertEquals([...(await acme.recover([OUT])).keys()], [OUT]);
  await assertRejects(() => acme.recover([OUT, IN]), StoreUnavailableError);
});

Deno.test("rotating on one side is that side's own", async () => {
  await using rollout = new Rollout(50);
  for (const [id, newId, side] of [[IN, IN_TOO, "new"], [OUT, OUT_TOO, "old"]] as const) {
    await rollout.acme.getOrCreate(id, { plan: "free" });
    const moved: Session = await rollout.acme.rotate(id, newId);
    assertEquals([moved.id, moved.context], [newId, { plan: "free" }]);
    assertEquals((await rollout[side].get(newId))!.context, { plan: "free" });
    assertEquals(await rollout.acme.get(id, { fresh: true }), undefined);
  }
});

for (const [from, to, way] of [[IN, OUT, "out of"], [OUT, IN, "into"]] as const) {
  Deno.test(`rotating ${way} the rollout takes the whole state along, and the old id is dead`, async () => {
    await using rollout = new Rollout(50);
    const { acme } = rollout;
    await acme.getOrCreate(from, { plan: "free", deep: { n: [1] } });
    for (let number = 0; number < 12; number++) await acme.appendTrajectory(from, [number, 0.5]);
    await acme.increment(from, "tx_count_1h", 5);
    const before = (await acme.get(from))!;
    const moved = await acme.rotate(from, to);
    assertEquals([moved.id, moved.context], [to, before.context]);
    assertEquals(moved.trajectory, before.trajectory);
    assertEquals((await acme.get(to, { fresh: true }))!.context, before.context);
    for (const sessions of [acme, rollout.old, rollout.new]) {
      assertEquals(await sessions.get(from, { fresh: true }), undefined);
      await assertRejects(() => sessions.increment(from, "n"), Error);
    }
    assertEquals((await Array.fromAsync(acme.list())).length, 1, "nothing else is left behind");
    assertEquals(await acme.increment(to, "tx_count_1h"), 6);
  });

  Deno.test(`rotating ${way} the rollout to a taken id is refused, and the old one lives on`, async () => {
    await using rollout = new Rollout(50);
    await rollout.acme.getOrCreate(from, { whose: "mine" });
    await rollout.acme.getOrCreate(to, { whose: "theirs" });
    await assertRejects(() => rollout.acme.rotate(from, to), SessionExistsError);
    assertEquals((await rollout.acme.get(from, { fresh: true }))!.context, { whose: "mine" });
    assertEquals((await rollout.acme.get(to, { fresh: true }))!.context, { whose: "theirs" });
    await rollout.acme.updateContext(from, { whose: "theirs" });
    await assertRejects(() => rollout.acme.rotate(from, to), SessionExistsError);
    assert(await rollout.acme.get(from, { fresh: true }), "the same state makes no difference");
  });

  Deno.test(`rotating ${way} the rollout what does not exist is SessionNotFoundError`, async () => {
    await using rollout = new Rollout(50);
    await assertRejects(() => rollout.acme.rotate(from, to), SessionNotFoundError);
    assertEquals(await rollout.acme.get(to, { fresh: true }), undefined);
  });
}

/** Sessions with something done before each call of a method. */
function before(
  sessions: SessionsLike,
  method: keyof SessionsLike,
  first: () => Promise<unknown>,
): SessionsLike {
  return new Proxy(sessions, {
    get(target, name) {
      const found = Reflect.get(target, name);
      if (typeof found !== "function") return found;
      if (name !== method) return found.bind(target);
      return async (...args: unknown[]) => {
        await first();
        return await found.apply(target, args);
      };
    },
  });
}

Deno.test("what is written to the old id while it changes sides is taken along", async () => {
  const rollout: Rollout = new Rollout(50, (sessions) =>
    before(sessions, "rotate", async () => {
      await rollout.old.apply(OUT, {
        ...{ set: { risk: "high", old: undefined }, increment: { tx_count_1h: 1 } },
        append: [[3], [4]],
      });
    }));
  await using _ = rollout;
  await rollout.acme.getOrCreate(OUT, { tx_count_1h: 5, old: 1 });
  await rollout.acme.apply(OUT, { append: [[1], [2]] });
  const moved = await rollout.acme.rotate(OUT, IN);
  assertEquals(moved.context, { tx_count_1h: 6, risk: "high" });
  assertEquals(moved.trajectory.map(([number]) => number), [1, 2, 3, 4]);
});

Deno.test("an id that is taken in the middle of a change of sides is refused", async () => {
  const rollout: Rollout = new Rollout(
    50,
    (sessions) =>
      before(sessions, "getOrCreate", async () => {
        await rollout.old.getOrCreate(OUT, { whose: "theirs" });
      }),
  );
  await using _ = rollout;
  await rollout.acme.getOrCreate(IN, { whose: "mine" });
  await assertRejects(() => rollout.acme.rotate(IN, OUT), SessionExistsError);
  assertEquals((await rollout.acme.get(IN, { fresh: true }))!.context, { whose: "mine" });
  assertEquals((await rollout.old.get(OUT, { fresh: true }))!.context, { whose: "theirs" });
});

Deno.test("what is destroyed while it changes sides stays destroyed", async () => {
  const rollout: Rollout = new Rollout(50, (sessions) =>
    before(sessions, "rotate", async () => {
      await rollout.old.destroy(OUT);
    }));
  await using _ = rollout;
  await rollout.acme.getOrCreate(OUT);
  await assertRejects(() => rollout.acme.rotate(OUT, IN), SessionNotFoundError);
  assertEquals(await rollout.acme.get(IN, { fresh: true }), undefined);
});

Deno.test("a store that fails in the middle of a change of sides loses nothing", async () => {
  const rollout: Rollout = new Rollout(
    50,
    (sessions) =>
      before(sessions, "rotate", () => Promise.reject(new Error("the old store failed"))),
  );
  await using _ = rollout;
  await rollout.acme.getOrCreate(OUT, { plan: "free" });
  await assertRejects(() => rollout.acme.rotate(OUT, IN), Error, "the old store failed");
  assertEquals((await rollout.acme.get(OUT, { fresh: true }))!.context, { plan: "free" });
});

Deno.test("an id that cannot be taken is InvalidInputError on both sides", async () => {
  await using rollout = new Rollout(50);
  for (const id of ["", "x".repeat(513), 7, undefined]) {
    await assertRejects(() => rollout.acme.get(id as string), InvalidInputError);
    await assertRejects(() => rollout.acme.rotate(IN, id as string), InvalidInputError);
    await assertRejects(() => rollout.acme.recover([IN, id as string]), InvalidInputError);
  }
  await assertRejects(() => rollout.acme.rotate(IN, IN), InvalidInputError);
});

Deno.test("a percentage outside of 0 to 100 is a ConfigError of one sentence", async () => {
  const bad: readonly (readonly [unknown, string])[] = [
    ...[-1, 100.1, NaN, Infinity, "5", undefined, null].map((percent) =>
      [{ percent }, "rollout.percent"] as const
    ),
    [{ percent: 5, otherwise: "the old store" }, "rollout.otherwise"],
    [{ percent: 5, othrwise: () => {} }, "rollout.othrwise"],
  ];
  for (const [rollout, option] of bad) {
    const error = await assertRejects(
      () => SessionManager.open({ backend: "memory", rollout: rollout as RolloutOptions }),
      ConfigError,
    );
    assertEquals(error.option, option);
  }
  for (const percent of [0, 0.001, 100]) {
    await (await SessionManager.open({ backend: "memory", rollout: { percent } })).close();
  }
});

Deno.test("from SQLite to Redis: the sessions of both sides survive the pod, and change sides", async () => {
  const binary = await serverBinary("redis");
  await withFile(async (path) => {
    await using server = await startServer(binary);
    for (let pod = 0; pod < 2; pod++) {
      await using before = await SessionManager.open({
        ...{ backend: "sqlite", url: path, idSecret: SECRET },
      });
      await using manager = await SessionManager.open({
        ...{ backend: "ioredis", url: server.url, idSecret: SECRET },
        rollout: { percent: 50, otherwise: (tenant) => before.tenant(tenant) },
      });
      const acme = manager.tenant("acme");
      if (pod === 0) {
        for (const id of [IN, OUT]) await acme.getOrCreate(id, { id });
        continue;
      }
      const found = await acme.recover([OUT, IN]);
      assertEquals([...found.values()].map(({ context }) => context), [{ id: OUT }, { id: IN }]);
      const moved = await acme.rotate(OUT, IN_TOO);
      assertEquals(moved.context, { id: OUT });
      assertEquals(await before.tenant("acme").get(OUT, { fresh: true }), undefined);
    }
  });
});
