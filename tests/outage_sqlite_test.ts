/** SQLite files that are locked, full, or others than they were. */

import { DatabaseSync } from "node:sqlite";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { StoreRejectedError } from "../mod.ts";
import { withFile } from "./sqlite_support.ts";
import { idsOf, OutagePod, until } from "./support/outage.ts";

const IDS = idsOf("user", 20);

function openPod(path: string): Promise<OutagePod> {
  return OutagePod.open("sqlite", { url: path });
}

/** The file is locked until this is disposed of. */
function lock(path: string, how: "IMMEDIATE" | "EXCLUSIVE"): Disposable {
  const other = new DatabaseSync(path);
  other.exec(`BEGIN ${how}`);
  return { [Symbol.dispose]: () => other.isOpen && other.close() };
}

async function createAll({ sessions }: OutagePod): Promise<void> {
  await Promise.all(IDS.map((id) => sessions.getOrCreate(id)));
}

async function incrementAll({ sessions }: OutagePod): Promise<void> {
  await Promise.all(IDS.map((id) => sessions.increment(id, "n")));
}

/** The counter of each session in the file, as another pod sees it. */
async function counters(path: string): Promise<number[]> {
  await using reader = await openPod(path);
  const found = await reader.sessions.recover(IDS);
  return IDS.map((id) => found.get(id)?.context.n);
}

Deno.test("a file that is locked for longer than the timeout is an outage, and nothing is lost", async () => {
  await withFile(async (path) => {
    await using pod = await openPod(path);
    await createAll(pod);
    {
      using _ = lock(path, "IMMEDIATE");
      await incrementAll(pod);
      assertEquals(pod.manager.status().store, "down");
      await incrementAll(pod);
      const session = await pod.sessions.get(IDS[0]!);
      assertEquals([session?.context.n, session?.pending, session?.degraded], [2, 2, true]);
      assertEquals((await pod.sessions.getOrCreate("new", { n: 1 })).degraded, true);
    }
    await pod.manager.flush();
    assertEquals(await counters(path), IDS.map(() => 2));
    assertEquals((await pod.sessions.loadFromStore("new"))?.context, { n: 1 });
    assertEquals(pod.told("rejected"), []);
    assertEquals(pod.told("memoryLost"), []);
  });
});

Deno.test("a file that is locked from the start: everything journaled arrives by itself", async () => {
  await withFile(async (path) => {
    await using _first = await openPod(path);
    using locked = lock(path, "EXCLUSIVE");
    await using pod = await openPod(path);
    assertEquals(pod.manager.status().store, "down");
    assert(pod.told("warning").some(({ code }) => code === "STORE_AWAY"));
    await createAll(pod);
    await incrementAll(pod);
    locked[Symbol.dispose]();
    await pod.isUp();
    assertEquals(await counters(path), IDS.map(() => 1));
  });
});

/** Opens a pod, and the means to bound its file: SQLite's own bound belongs to a connection. */
async function openBounded(path: string): Promise<{ pod: OutagePod; bound(pages: number): void }> {
  const { exec } = DatabaseSync.prototype;
  const connections = new Set<DatabaseSync>();
  DatabaseSync.prototype.exec = function (sql: string) {
    connections.add(this);
    return exec.call(this, sql);
  };
  try {
    const pod = await openPod(path);
    const bound = (pages: number) => {
      for (const connection of connections) connection.exec(`PRAGMA max_page_count = ${pages}`);
    };
    return { pod, bound };
  } finally {
    DatabaseSync.prototype.exec = exec;
  }
}

/** Less than the file has: it cannot grow any more. */
const FULL = 1;
const ENDLESS = 1_000_000;
const LARGE = "x".repeat(20_000);

Deno.test("a full disk is told to writers, and readers do not notice", async () => {
  await withFile(async (path) => {
    const { pod: opened, bound } = await openBounded(path);
    await using pod = opened;
    await createAll(pod);
    await incrementAll(pod);
    bound(FULL);
    const refused = await assertRejects(
      () => pod.sessions.updateContext("user-0", { large: LARGE }),
      StoreRejectedError,
    );
    assertEquals(refused.code, "FULL");
    assertEquals((await pod.sessions.loadFromStore("user-0"))?.context, { n: 1 });
    assertEquals(pod.manager.status().store, "up");
    bound(ENDLESS);
    await pod.sessions.updateContext("user-0", { large: LARGE });
    await incrementAll(pod);
    await pod.manager.flush();
    assertEquals(await counters(path), IDS.map(() => 2));
    assertEquals(pod.told("degraded"), []);
  });
});

Deno.test("journaled writes that meet a full disk wait until there is room", async () => {
  await withFile(async (path) => {
    const { pod: opened, bound } = await openBounded(path);
    await using pod = opened;
    await createAll(pod);
    bound(FULL);
    {
      using _ = lock(path, "IMMEDIATE");
      for (const id of IDS) await pod.sessions.apply(id, { increment: { n: 1 }, set: { LARGE } });
    }
    await until("the journal is stalled", () => pod.told("stalled").length > 0);
    assertEquals(pod.told("stalled")[0]?.code, "FULL");
    assert(pod.manager.status().journaled > 0);
    bound(ENDLESS);
    await pod.manager.flush();
    assertEquals(await counters(path), IDS.map(() => 1));
  });
});

Deno.test("an older copy in the file's place gets back what the file had acknowledged", async () => {
  await withFile(async (path) => {
    await using pod = await openPod(path);
    await createAll(pod);
    await pod.sessions.getOrCreate("dead");
    const other = new DatabaseSync(path);
    other.exec(`VACUUM INTO '${path}.old'`);
    other.close();
    await incrementAll(pod);
    await pod.sessions.destroy("dead");
    await Deno.rename(`${path}.old`, path);
    await incrementAll(pod);
    await until("the loss is noticed", () => pod.told("memoryLost").length > 0);
    await until("all is back", async () => (await counters(path)).every((n) => n === 2));
    await until("the destroyed one is dead", async () => {
      await using reader = await openPod(path);
      return await reader.sessions.get("dead") === undefined;
    });
    await pod.manager.flush();
    assertEquals(pod.told("lost"), []);
  });
});

Deno.test("a file that was removed is made anew, with everything that a pod holds", async () => {
  await withFile(async (path) => {
    await using pod = await openPod(path);
    await createAll(pod);
    await incrementAll(pod);
    for (const suffix of ["", "-wal", "-shm"]) await Deno.remove(path + suffix);
    await incrementAll(pod);
    await until("all is back", () => pod.told("healed").length === IDS.length);
    await incrementAll(pod);
    await pod.manager.flush();
    assertEquals(await counters(path), IDS.map(() => 3));
  });
});
