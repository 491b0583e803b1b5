/** A journal on disk: what a pod could not bring into the store, the next one on its path does. */

import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { memoryAdapter } from "../adapters/memory.ts";
import { sqliteJournal } from "../adapters/sqlite_journal.ts";
import {
  BaseSessionManager,
  ConfigError,
  type ManagerOptions,
  SessionManager,
  UnkeptWritesError,
} from "../mod.ts";
import { reopened } from "./sqlite_journal_support.ts";
import { withFile } from "./sqlite_support.ts";
import { reconciled, rejections, stored, takeAway } from "./support/away.ts";
import { Link, type TestPod, World } from "./support/world.ts";

/** A pod with its journal in a file. */
function podAt(world: World, path: string, options: Partial<ManagerOptions> = {}): TestPod {
  const link = new Link(memoryAdapter({ store: world.store }));
  const { clock } = world;
  const manager = new SessionManager({ adapter: link, clock, journal: { path }, ...options });
  return {
    manager,
    link,
    acme: manager.tenant("acme"),
    [Symbol.asyncDispose]: () => manager.close(),
  };
}

/** A pod whose store goes away, that journals what `write` does, and that ends without a store. */
async function leave(
  world: World,
  path: string,
  write: (pod: TestPod) => Promise<unknown>,
): Promise<void> {
  const pod = podAt(world, path);
  await pod.acme.getOrCreate("u", { n: 1 });
  await takeAway(world, pod);
  await write(pod);
  await world.during(pod.manager.close({ timeoutMs: 0 }));
}

Deno.test("an heir whose store is away at its first call looks for it, and drains by itself", () =>
  withFile(async (path) => {
    const world = new World();
    await leave(world, path, ({ acme }) => acme.increment("u", "n", 5));
    const heir = podAt(world, path);
    const comeBack = heir.link.refuse();
    const session = await world.during(heir.acme.getOrCreate("u"));
    assertEquals([session.degraded, heir.manager.status().journaled], [true, 1]);
    comeBack();
    // Nobody calls it meanwhile.
    await world.clock.advanceUntil(() => heir.manager.status().journaled === 0, 60_000);
    assertEquals((await world.pod().acme.get("u"))?.context, { n: 6 });
    await world.during(heir.manager.close());
  }));

Deno.test("closed without a store, it has nothing to report: the next pod on the path brings it in", () =>
  withFile(async (path) => {
    const world = new World();
    await leave(world, path, async ({ acme }) => {
      await acme.increment("u", "n", 5);
      await acme.updateContext("u", { a: [1, { b: "ä" }], gone: 1 });
      await acme.updateContext("u", { gone: undefined });
      await acme.appendTrajectory("u", [0.5, -1]);
      await acme.getOrCreate("new", { from: "away" });
      await acme.getOrCreate("dead");
      await acme.destroy("dead");
      await acme.increment("unheld", "n", 2);
    });
    await world.pod().acme.getOrCreate("unheld", { n: 1 });
    const heir = podAt(world, path);
    const rejected = rejections(heir);
    await heir.manager.connect();
    await reconciled(world, heir);
    const session = (await stored(world, "u"))!;
    assertEquals(session.context, { n: 6, a: [1, { b: "ä" }] });
    assertEquals(session.trajectory, [new Float32Array([0.5, -1])]);
    assertEquals((await stored(world, "new"))!.context, { from: "away" });
    assertEquals(await stored(world, "dead"), undefined);
    await assertRejects(() => world.during(heir.manager.close()), UnkeptWritesError);
    // Made after the call that was meant for it (rule 9).
    assertEquals([rejected, (await stored(world, "unheld"))!.context], [[["unknown", 1]], {
      n: 1,
    }]);
  }));

Deno.test("once brought in, it is not brought in again", () =>
  withFile(async (path) => {
    const world = new World();
    await leave(world, path, ({ acme }) => acme.increment("u", "n"));
    for (let heir = 0; heir < 3; heir++) {
      const pod = podAt(world, path);
      await pod.manager.connect();
      await reconciled(world, pod);
      await world.during(pod.manager.close());
    }
    assertEquals((await stored(world, "u"))!.context, { n: 2 });
  }));

Deno.test("the heir's store is away, too: it shows what the journal tells, and learns ids from its callers", () =>
  withFile(async (path) => {
    const world = new World();
    await leave(world, path, async ({ acme }) => {
      await acme.increment("u", "n", 5);
      await acme.getOrCreate("new", { n: 10 });
      await acme.destroy("u");
    });
    await using heir = podAt(world, path);
    const comeBack = heir.link.refuse();
    await heir.manager.connect();
    assertEquals(heir.manager.status().journaled, 2);
    assertEquals(await heir.acme.get("u"), undefined);
    assertEquals((await heir.acme.get("new"))!.context, { n: 10 });
    assertEquals(await heir.acme.increment("new", "n"), 11);
    assertEquals(heir.manager.status().journaled, 2, "the same session");
    comeBack();
    await reconciled(world, heir);
    assertEquals([await stored(world, "u"), (await stored(world, "new"))!.context], [undefined, {
      n: 11,
    }]);
    assertEquals((await heir.acme.get("new"))!.id, "new");
  }));

Deno.test("a call of the heir waits for the journal, so that it cannot overtake what is in it", () =>
  withFile(async (path) => {
    const world = new World();
    await leave(world, path, ({ acme }) => acme.updateContext("u", { step: 1 }));
    await using heir = podAt(world, path);
    const session = await world.during(heir.acme.updateContext("u", { step: 2 }));
    assertEquals(session.context.step, 2);
    await reconciled(world, heir);
    assertEquals((await stored(world, "u"))!.context, { n: 1, step: 2 });
  }));

Deno.test("a second manager on the path is refused, and told why", () =>
  withFile(async (path) => {
    const world = new World();
    await using first = podAt(world, path);
    await first.manager.connect();
    const second = podAt(world, path);
    const error = await assertRejects(() => second.manager.connect(), ConfigError);
    assertStringIncludes(error.message, path);
    await assertRejects(() => second.acme.getOrCreate("u"), ConfigError);
    await second.manager.close().catch(() => {});
    assertEquals((await first.acme.getOrCreate("u")).degraded, false, "the first goes on");
  }));

Deno.test("a record that cannot be understood is set aside and told; the rest is brought in", () =>
  withFile(async (path) => {
    const world = new World();
    await leave(world, path, async ({ acme }) => {
      await acme.increment("u", "n");
      await acme.getOrCreate("new", { n: 1 });
    });
    // Written by a version that this one does not know.
    const journal = sqliteJournal({ path });
    const { records } = await journal.open();
    const [key, record] = [...records].find(([, text]) => text.includes('"create"'))!;
    await journal.write(new Map([[key, record.replace('"version":1', '"version":99')]]));
    await journal.close();

    await using heir = podAt(world, path);
    const damages: { path: string; reason: string }[] = [];
    heir.manager.on("journalDamaged", (damage) => damages.push(damage));
    await heir.manager.connect();
    await reconciled(world, heir);
    assertEquals(damages.length, 1);
    assertStringIncludes(damages[0]!.reason, "99");
    assertStringIncludes(await Deno.readTextFile(damages[0]!.path), "create");
    assertEquals((await stored(world, "u"))!.context, { n: 2 });
    assertEquals(await stored(world, "new"), undefined);
  }));

Deno.test("a file that is no journal is set aside, and told", () =>
  withFile(async (path) => {
    await Deno.writeTextFile(path, "not a database at all, ".repeat(400));
    const world = new World();
    await using pod = podAt(world, path);
    const damages: { path: string }[] = [];
    pod.manager.on("journalDamaged", (damage) => damages.push(damage));
    await pod.manager.connect();
    assertEquals(damages.length, 1);
    assert((await Deno.stat(damages[0]!.path)).isFile);
    assertEquals((await pod.acme.getOrCreate("u")).degraded, false);
  }));

Deno.test("what is answered while away is in the file by then", () =>
  withFile(async (path) => {
    const world = new World();
    await using pod = podAt(world, path);
    await pod.acme.getOrCreate("u", { n: 1 });
    const comeBack = await takeAway(world, pod);
    await pod.acme.increment("u", "n", 41);
    // As a crash would leave it: the file itself is this pod's alone.
    for (const suffix of ["", "-wal"]) await Deno.copyFile(path + suffix, `${path}.copy${suffix}`);
    const { records } = await reopened(`${path}.copy`);
    assertStringIncludes([...records.values()].join(), '"by":41');
    comeBack();
    await reconciled(world, pod);
  }));

Deno.test("a journal that cannot be written is an error at open, and so are options out of range", async () => {
  const world = new World();
  const pod = podAt(world, "/proc/no/such/journal.db");
  await assertRejects(() => pod.manager.connect(), ConfigError);
  await pod.manager.close().catch(() => {});
  const adapter = () => memoryAdapter({ store: world.store });
  const wrong: [string, Partial<ManagerOptions>][] = [
    ["journal.maxSessions", { journal: { maxSessions: -1 } }],
    ["journal.maxBytes", { journal: { maxBytes: -1 } }],
    ["journal.maxAgeMs", { journal: { maxAgeMs: 0 } }],
    ["journal.path", { journal: { path: "" } }],
    ["commandTimeoutMs", { commandTimeoutMs: 2_000, ttlMs: 1_000 }],
    ["failMode", { failMode: "ajar" as "open" }],
    ["onVanished", { onVanished: "weep" as "gone" }],
  ];
  for (const [option, options] of wrong) {
    const open = () => SessionManager.open({ adapter: adapter(), ...options });
    assertEquals((await assertRejects(open, ConfigError)).option, option);
  }
  // A timeout that is longer only by default is no mistake of the caller's.
  await using short = await SessionManager.open({ adapter: adapter(), ttlMs: 500 });
  assertEquals(short.status().store, "up");
  const onDisk = { adapter: adapter(), journal: { path: "x" } };
  assertThrows(() => new BaseSessionManager(onDisk), ConfigError, "SessionManager");
});
