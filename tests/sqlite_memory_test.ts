// What a SQLite file's heartbeat tells: of its memory, and of files that are deleted or replaced while they are open.
import { DatabaseSync } from "node:sqlite";
import { assert, assertEquals, assertInstanceOf, assertNotEquals } from "@std/assert";
import { sqliteAdapter } from "../adapters/sqlite.ts";
import { OpenedFiles } from "../adapters/sqlite/opened_files.ts";
import { type Clock, systemClock } from "../core/clock.ts";
import { ConfigError, StoreUnavailableError } from "../core/errors.ts";
import type { HeartbeatReply, SessionState, StorageAdapter } from "../core/storage_adapter.ts";
import {
  ASK,
  batch,
  create,
  increment,
  KEY,
  TIMEOUT,
  withAdapter,
  withFile,
} from "./sqlite_support.ts";

const BEAT = { podKey: "hakgal:pod:test", keepMs: 60_000, ...TIMEOUT };

function beat(adapter: StorageAdapter): Promise<HeartbeatReply> {
  return adapter.heartbeat!(BEAT);
}

async function found(adapter: StorageAdapter, key = KEY): Promise<SessionState> {
  const reply = await adapter.load(key, ASK, TIMEOUT);
  assert(reply.outcome === "found", reply.outcome);
  return reply.state;
}

/** Deletes the files of a database, as an operator does. */
async function remove(path: string, suffixes = ["", "-wal", "-shm"]): Promise<void> {
  for (const suffix of suffixes) await Deno.remove(path + suffix);
}

/** A whole copy of the database as it is now. */
function backUp(path: string, copy: string): void {
  const database = new DatabaseSync(path);
  database.prepare("VACUUM INTO ?").run(copy);
  database.close();
}

function integrity(path: string): unknown {
  const database = new DatabaseSync(path);
  const row = database.prepare("PRAGMA integrity_check").get()!;
  database.close();
  return row.integrity_check;
}

Deno.test("counter and epoch outlive the process; an older file counts less, a new one has another epoch", async () => {
  await withFile(async (path) => {
    const old = await withBeats(path, 2);
    await Deno.copyFile(path, `${path}.old`);
    const last = await withBeats(path, 3);
    assertEquals([last.counter, last.epoch], [old.counter + 3, old.epoch]);
    await Deno.copyFile(`${path}.old`, path);
    assertEquals((await withBeats(path, 1)).counter, old.counter + 1);
    await Deno.remove(path);
    const first = await withBeats(path, 1);
    assertEquals(first.counter, 1);
    assertNotEquals(first.epoch, last.epoch);
  });
});

async function withBeats(path: string, beats: number): Promise<HeartbeatReply> {
  let last: HeartbeatReply | undefined;
  await withAdapter({ path }, async (adapter) => {
    for (let index = 0; index < beats; index++) last = await beat(adapter);
  });
  return last!;
}

Deno.test("a store in memory has an epoch of its own", async () => {
  const epochs: (string | undefined)[] = [];
  for (let round = 0; round < 2; round++) {
    await withAdapter({ path: ":memory:" }, async (adapter) => {
      const [first, next] = [await beat(adapter), await beat(adapter)];
      assertEquals([next.counter, next.epoch], [first.counter + 1, first.epoch]);
      epochs.push(next.epoch);
    });
  }
  assertNotEquals(epochs[0], epochs[1]);
});

Deno.test("the keys of pods that are gone are swept", async () => {
  await withFile(async (path) => {
    const clock: Clock & { nowMs: number } = {
      nowMs: 0,
      now: () => clock.nowMs,
      after: systemClock.after,
    };
    await withAdapter({ path, clock }, async (adapter) => {
      await adapter.heartbeat!({ ...BEAT, podKey: "gone", keepMs: 10_000 });
      for (let round = 0; round < 3; round++) {
        clock.nowMs += 6_000;
        await beat(adapter);
      }
      const inspector = new DatabaseSync(path);
      const keys = inspector.prepare("SELECT key FROM pod").all().map(({ key }) => key);
      inspector.close();
      assertEquals(keys, [BEAT.podKey]);
    });
  });
});

Deno.test("a heartbeat of a locked file is an outage", async () => {
  await withFile(async (path) => {
    await withAdapter({ path }, async (adapter) => {
      const other = new DatabaseSync(path);
      try {
        other.exec("BEGIN IMMEDIATE");
        const error = await adapter.heartbeat!({ ...BEAT, timeoutMs: 50 }).catch((error) => error);
        assertInstanceOf(error, StoreUnavailableError);
        assertEquals(error.outcome, "not-applied");
      } finally {
        other.close();
      }
      assertEquals((await beat(adapter)).counter, 1);
    });
  });
});

for (const suffixes of [["", "-wal", "-shm"], [""]]) {
  const what = suffixes.length === 1 ? "without its log" : "with its log";
  Deno.test(`a file deleted ${what} while it is open is made anew, and takes copies back`, async () => {
    await withFile(async (path) => {
      await withAdapter({ path }, async (adapter) => {
        await adapter.commit(KEY, batch(1, [create("x"), increment]), TIMEOUT);
        const before = await beat(adapter);
        const state = await found(adapter);
        await remove(path, suffixes);
        const after = await beat(adapter);
        assertNotEquals(after.epoch, before.epoch);
        assertEquals(after.counter, 1);
        assertEquals((await adapter.load(KEY, ASK, TIMEOUT)).outcome, "missing");
        const notAfterMs = after.storeTimeMs + 1_000;
        const request = { state, notAfterMs, graceMs: 1_000 };
        assertEquals((await adapter.heal!(KEY, request, TIMEOUT)).outcome, "healed");
        assertEquals((await beat(adapter)).epoch, after.epoch);
      });
      await withAdapter({ path }, async (adapter) => {
        assertEquals((await found(adapter)).context.get("n"), "1");
      });
    });
  });
}

Deno.test("an older file moved into the place of an open one is what all pods go on with", async () => {
  await withFile(async (path) => {
    await withAdapter({ path }, async (one) => {
      await withAdapter({ path }, async (other) => {
        await one.commit(KEY, batch(1, [create("x"), increment]), TIMEOUT);
        const [before] = [await beat(one), await beat(other)];
        backUp(path, `${path}.old`);
        // What the log has of this must not be applied to the older file.
        for (let seq = 2; seq < 60; seq++) {
          const set = { kind: "set", field: `f${seq}`, json: `"${"x".repeat(2_000)}"` } as const;
          await one.commit(KEY, batch(seq, [set, increment]), TIMEOUT);
        }
        await Deno.rename(`${path}.old`, path);
        const epochs = [(await beat(one)).epoch, (await beat(other)).epoch];
        assertEquals(epochs[0], epochs[1]);
        assertNotEquals(epochs[0], before.epoch);
        for (const adapter of [one, other]) assertEquals((await found(adapter)).version, 1);
        await one.commit(KEY, batch(90, [increment]), TIMEOUT);
        assertEquals((await found(other)).context, new Map([["n", "2"]]));
        assertEquals((await beat(other)).epoch, epochs[1]);
        assertEquals(integrity(path), "ok");
      });
    });
    assertEquals(await filesBeside(path), ["sessions.db"]);
  });
});

async function filesBeside(path: string): Promise<string[]> {
  const directory = path.slice(0, path.lastIndexOf("/"));
  return (await Array.fromAsync(Deno.readDir(directory), ({ name }) => name)).sort();
}

Deno.test("a file that cannot be opened again is an outage until it can", async () => {
  await withFile(async (path) => {
    await withAdapter({ path }, async (adapter) => {
      await adapter.commit(KEY, batch(1, [create("x")]), TIMEOUT);
      await remove(path);
      await Deno.mkdir(path);
      for (let round = 0; round < 2; round++) {
        assertInstanceOf(await beat(adapter).catch((error) => error), ConfigError);
        const sent = adapter.commit(KEY, batch(2, [increment]), TIMEOUT);
        const error = await sent.catch((error) => error);
        assertInstanceOf(error, StoreUnavailableError);
        assertEquals(error.outcome, "not-applied");
      }
      await Deno.remove(path);
      const replies = await Promise.all([beat(adapter), beat(adapter)]);
      assertEquals(replies.map(({ counter }) => counter), [1, 2]);
    });
  });
});

Deno.test("an adapter whose file was deleted can be closed, also while it opens it again", async () => {
  for (const isOpening of [false, true]) {
    await withFile(async (path) => {
      const adapter = sqliteAdapter({ path });
      await adapter.open(BEAT);
      await remove(path);
      const sent = isOpening ? beat(adapter).catch((error) => error) : undefined;
      await adapter.close();
      const error = await (sent ?? beat(adapter).catch((error) => error));
      assertInstanceOf(error, StoreUnavailableError);
      assertEquals(error.outcome, "not-applied");
    });
  }
});

Deno.test("the log of whoever opened the new file first stays beside it", async () => {
  await withFile(async (path) => {
    for (const suffix of ["", "-wal", "-shm"]) await Deno.writeTextFile(path + suffix, "old");
    const files = new OpenedFiles(path);
    files.removeLog();
    assertEquals((await filesBeside(path)).length, 3, "the file is in its place");
    await Deno.writeTextFile(`${path}.new`, "new");
    await Deno.rename(`${path}.new`, path);
    await Deno.writeTextFile(`${path}.log`, "new");
    await Deno.rename(`${path}.log`, `${path}-wal`);
    assert(!files.areInPlace());
    files.removeLog();
    assertEquals(await filesBeside(path), ["sessions.db", "sessions.db-wal"]);
    assertEquals(await Deno.readTextFile(`${path}-wal`), "new");
  });
});
