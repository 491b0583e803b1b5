// The SQLite adapter in one process: what it keeps, what it answers, what it refuses.
import { DatabaseSync } from "node:sqlite";
import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { sqliteAdapter } from "../adapters/sqlite.ts";
import { isSqliteError, storeFailure } from "../adapters/sqlite/failure.ts";
import { StoreTime } from "../adapters/sqlite/store_time.ts";
import {
  ConfigError,
  type SessionError,
  StoreRejectedError,
  StoreUnavailableError,
} from "../core/errors.ts";
import type { CommitBatch, StorageAdapter } from "../core/storage_adapter.ts";
import {
  ASK,
  batch,
  create,
  destroy,
  increment,
  KEY,
  TIMEOUT,
  withAdapter,
  withFile,
} from "./sqlite_support.ts";

const floats = Float32Array.of(-0, 1e-45, 3.4028234663852886e38, 0.1);
const vector = new Uint8Array(floats.buffer);

Deno.test("names, numbers and vectors come back bit by bit, after reopening too", async () => {
  const context = new Map([
    ["__proto__", '{"__proto__":1}'],
    ["a\0b", '"\\u0000"'],
    ["a", "-0"],
    ["😀", '"😀"'],
    ["\ufeffbom", "5e-324"],
  ]);
  await withFile(async (path) => {
    await withAdapter({ path }, async (adapter) => {
      const operations = [create("x", [...context]), { kind: "append", vector } as const];
      const reply = await adapter.commit(KEY, batch(1, operations), TIMEOUT);
      assertEquals(reply.outcome, "applied");
    });
    await withAdapter({ path: new URL(`file://${path}`) }, async (adapter) => {
      const reply = await adapter.load(KEY, ASK, TIMEOUT);
      assert(reply.outcome === "found", reply.outcome);
      assertEquals(reply.state.context, context);
      assertEquals(reply.state.trajectory, [vector]);
      const read = new Float32Array(reply.state.trajectory[0]!.slice().buffer);
      assert(floats.every((value, index) => Object.is(read[index], value)));
    });
  });
});

Deno.test("every outcome of a commit", async () => {
  await withAdapter({ path: ":memory:" }, async (adapter) => {
    const commit = async (sent: CommitBatch, key = KEY) =>
      (await adapter.commit(key, sent, TIMEOUT)).outcome;
    const past = { notAfterMs: Date.now() - 10 };
    const other = { incarnation: "x", version: 9, tag: "p0:9" };
    assertEquals(await commit(batch(1, [increment])), "missing");
    assertEquals(await commit(batch(1, [create("x")], past)), "late");
    assertEquals(await commit(batch(1, [create("x")])), "applied");
    assertEquals(await commit(batch(1, [create("x")])), "duplicate");
    assertEquals(await commit(batch(3, [increment], { prev: 2 })), "behind");
    assertEquals(await commit(batch(3, [increment], { ifVersion: other })), "conflict");
    assertEquals(await commit(batch(3, [increment], { incarnation: "y" })), "gone");
    const tooBig = { kind: "set", field: "s", json: `"${"x".repeat(1 << 20)}"` } as const;
    assertEquals(await commit(batch(3, [tooBig])), "invalid");
    const evicting = { writer: "p1", writerRetentionMs: -1 };
    assertEquals(await commit(batch(1, [increment], evicting)), "applied");
    const old = { writer: "p2", firstSentAtMs: 0 };
    assertEquals(await commit(batch(1, [increment], old)), "unknown");
    assertEquals(await commit(batch(4, [destroy])), "applied");
    assertEquals(await commit(batch(5, [increment])), "gone");
  });
});

Deno.test("a record that cannot be read is reported and left alone", async () => {
  const damages = [
    "UPDATE session SET format = 2",
    "UPDATE session SET state = 'asleep'",
    "UPDATE session SET reason = 'bored'",
    "UPDATE session SET fields = -1",
    "UPDATE session SET version = 9223372036854775807",
    "UPDATE session SET state = 'moving'",
    "DELETE FROM vector",
    "UPDATE vector SET data = x'00'",
    "DELETE FROM context",
  ];
  for (const [index, damage] of damages.entries()) {
    await withFile(async (path) => {
      await withAdapter({ path }, async (adapter) => {
        const operations = [create("x", [["n", "1"]]), { kind: "append", vector } as const];
        await adapter.commit(KEY, batch(1, operations), TIMEOUT);
        const inspector = new DatabaseSync(path);
        inspector.exec(damage);
        const rows = () => inspector.prepare("SELECT quote(drop_at_ms) FROM session").all();
        const before = rows();
        assertEquals((await adapter.load(KEY, ASK, TIMEOUT)).outcome, "corrupt", damage);
        if (index < 6) {
          const reply = await adapter.commit(KEY, batch(2, [create("y")]), TIMEOUT);
          assertEquals(reply.outcome, "corrupt", damage);
        }
        assertEquals(rows(), before);
        inspector.close();
        await adapter.commit(`${KEY}1`, batch(1, [create("x")]), TIMEOUT);
        assertEquals((await adapter.load(`${KEY}1`, ASK, TIMEOUT)).outcome, "found");
      });
    });
  }
});

async function openError(path: string | URL): Promise<SessionError> {
  return await withAdapter({ path }, () => Promise.resolve()).then(
    () => {
      throw new Error("it opened");
    },
    (error) => error,
  );
}

Deno.test("a wrong path is an error that names it", async () => {
  await withFile(async (path) => {
    const directory = path.slice(0, path.lastIndexOf("/"));
    for (const wrong of [`${directory}/absent/s.db`, directory]) {
      const error = await openError(wrong);
      assertInstanceOf(error, ConfigError);
      assert(error.message.includes(directory), error.message);
    }
    await Deno.writeTextFile(path, "no database ".repeat(1_000));
    assertInstanceOf(await openError(path), ConfigError);
    for (const wrong of ["", "file:a.db?mode=ro", "file://elsewhere/a.db"]) {
      assertInstanceOf(await openError(wrong), ConfigError, wrong);
    }
  });
});

Deno.test("a file of a newer version, or of another application, is refused", async () => {
  for (const change of ["PRAGMA user_version = 2", "PRAGMA application_id = 7"]) {
    await withFile(async (path) => {
      await withAdapter({ path }, () => Promise.resolve());
      const inspector = new DatabaseSync(path);
      inspector.exec(change);
      inspector.close();
      assertInstanceOf(await openError(path), ConfigError, change);
    });
  }
  await withFile(async (path) => {
    const foreign = new DatabaseSync(path);
    foreign.exec("CREATE TABLE customer (id)");
    foreign.close();
    assertInstanceOf(await openError(path), ConfigError);
  });
});

Deno.test("SQLite's own refusals become the contract's", () => {
  const refusals: [sql: string, code: string][] = [
    ["PRAGMA query_only = 1; CREATE TABLE t (a)", "READONLY"],
    ["PRAGMA max_page_count = 2; CREATE TABLE t (a); CREATE TABLE u (b)", "FULL"],
  ];
  for (const [sql, code] of refusals) {
    const database = new DatabaseSync(":memory:");
    try {
      database.exec(sql);
    } catch (error) {
      assert(isSqliteError(error));
      const failure = storeFailure(error, "unknown");
      assertInstanceOf(failure, StoreRejectedError);
      assertEquals(failure.code, code);
    } finally {
      database.close();
    }
  }
});

Deno.test("a batch that cannot be run fails alone", async () => {
  await withAdapter({ path: ":memory:" }, async (adapter) => {
    await adapter.commit(KEY, batch(1, [create("x")]), TIMEOUT);
    const sent = [[increment], [increment], [increment, destroy], [increment], [
      destroy,
      increment,
    ]];
    const ends = await Promise.allSettled(
      sent.map((operations, index) => adapter.commit(KEY, batch(index + 2, operations), TIMEOUT)),
    );
    assertEquals(ends.map((end) => end.status).slice(0, 4), [
      "fulfilled",
      "fulfilled",
      "rejected",
      "fulfilled",
    ]);
    const inserted = ends.flatMap((end) =>
      end.status === "fulfilled" && end.value.outcome === "applied" ? end.value.numbers : []
    );
    assertEquals(inserted, [1, 2, 3]);
  });
});

Deno.test("list gives the live sessions with a prefix, over many pages", async () => {
  await withAdapter({ path: ":memory:" }, async (adapter) => {
    const keys = Array.from({ length: 600 }, (_, index) => `t:a:${String(index).padStart(3, "0")}`);
    const others = ["t:", "t:a", "t:b:1", "s:a:1"];
    await Promise.all(
      [...keys, ...others].map((key) => adapter.commit(key, batch(1, [create("x")]), TIMEOUT)),
    );
    await adapter.commit("t:a:300", batch(2, [destroy]), TIMEOUT);
    const listed = await Array.fromAsync(adapter.list("t:a:", TIMEOUT), (entry) => entry.key);
    assertEquals(listed, keys.filter((key) => key !== "t:a:300"));
  });
});

Deno.test("close waits for what is queued; later calls are refused", async () => {
  await withFile(async (path) => {
    const adapter: StorageAdapter = sqliteAdapter({ path });
    const early = await adapter.load(KEY, ASK, TIMEOUT).catch((error) => error);
    assertInstanceOf(early, StoreUnavailableError);
    await adapter.open({ podKey: "pod", ...TIMEOUT });
    const queued = adapter.commit(KEY, batch(1, [create("x")]), TIMEOUT);
    await Promise.all([adapter.close(), adapter.close()]);
    assertEquals((await queued).outcome, "applied");
    const late = await adapter.commit(KEY, batch(2, [increment]), TIMEOUT).catch((error) => error);
    assertInstanceOf(late, StoreUnavailableError);
    assertEquals(late.outcome, "not-applied");
    await adapter.close();
  });
});

Deno.test("the store's time follows the wall clock forwards only", () => {
  const wallClock = Date.now;
  try {
    let wallMs = 1_000_000;
    Date.now = () => wallMs;
    const time = new StoreTime(undefined);
    const firstMs = time.nowMs();
    wallMs += 60_000;
    const aheadMs = time.nowMs();
    assert(aheadMs >= firstMs + 60_000);
    wallMs -= 500_000;
    assert(time.nowMs() >= aheadMs);
    time.observe(aheadMs + 10_000);
    assert(time.nowMs() >= aheadMs + 10_000);
  } finally {
    Date.now = wallClock;
  }
});
