// What expires in a SQLite file, and what is left of it.
import { DatabaseSync } from "node:sqlite";
import { assertEquals } from "@std/assert";
import { type Clock, systemClock } from "../core/clock.ts";
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

const vector = new Uint8Array(8);

function steppedClock(): Clock & { nowMs: number } {
  const clock = { nowMs: 0, now: () => clock.nowMs, after: systemClock.after };
  return clock;
}

Deno.test("what has run out is absent, and is swept by later commits", async () => {
  await withFile(async (path) => {
    const clock = steppedClock();
    await withAdapter({ path, clock }, async (adapter) => {
      const short = { ttlMs: 10, graceMs: 10, firstSentAtMs: Date.now() + 1e6 };
      const operations = [create("x"), { kind: "append", vector } as const];
      for (let index = 0; index < 120; index++) {
        await adapter.commit(`${KEY}:${index}`, batch(1, operations, short), TIMEOUT);
      }
      clock.nowMs += 20;
      assertEquals((await adapter.load(`${KEY}:0`, ASK, TIMEOUT)).outcome, "missing");
      const again = batch(1, [create("x")], { ...short, ttlMs: 1e6 });
      assertEquals((await adapter.commit(`${KEY}:0`, again, TIMEOUT)).outcome, "applied");
      clock.nowMs += 5_000;
      for (let seq = 2; seq < 200 && countRows(path) > 3; seq++) {
        await adapter.commit(`${KEY}:0`, batch(seq, [increment], short), TIMEOUT);
        clock.nowMs += 100;
      }
      assertEquals(countRows(path), 3, "one session, its writer and its counter");
    });
  });
});

function countRows(path: string): number {
  const inspector = new DatabaseSync(path);
  try {
    const counts = ["session", "context", "vector", "writer"].map((table) =>
      inspector.prepare(`SELECT count(*) AS n FROM ${table}`).get()!.n as number
    );
    return counts.reduce((sum, count) => sum + count);
  } finally {
    inspector.close();
  }
}

Deno.test("an expired session is closed for good by the load that finds it so", async () => {
  const clock = steppedClock();
  await withAdapter({ path: ":memory:", clock }, async (adapter) => {
    const created = await adapter.commit(KEY, batch(1, [create("x")], { ttlMs: 10 }), TIMEOUT);
    clock.nowMs += 10;
    assertEquals((await adapter.load(KEY, ASK, TIMEOUT)).outcome, "gone");
    const firstMs = created.storeTimeMs + 1;
    const accepted = { firstMs, lastMs: firstMs };
    const late = await adapter.commit(KEY, batch(2, [increment], { accepted }), TIMEOUT);
    assertEquals(late.outcome, "gone");
  });
});

Deno.test("a session that follows a dropped one inherits nothing, no writer either", async () => {
  const clock = steppedClock();
  await withAdapter({ path: ":memory:", clock }, async (adapter) => {
    const short = { ttlMs: 10, graceMs: 10 };
    // The portion due at the first transaction is behind us when the record runs out.
    await adapter.commit(KEY, batch(1, [create("x", [["a", "1"]])], short), TIMEOUT);
    await adapter.commit(KEY, batch(9, [increment], { ...short, writer: "p1" }), TIMEOUT);
    clock.nowMs += 20;
    await adapter.commit(KEY, batch(2, [create("y")]), TIMEOUT);
    const next = batch(1, [increment], { writer: "p1", incarnation: "y" });
    const reply = await adapter.commit(KEY, next, TIMEOUT);
    assertEquals(reply.outcome, "applied");
    const loaded = await adapter.load(KEY, ASK, TIMEOUT);
    assertEquals(loaded.outcome === "found" && loaded.state.context, new Map([["n", "1"]]));
  });
});

Deno.test("a tombstone keeps no state", async () => {
  await withFile(async (path) => {
    await withAdapter({ path }, async (adapter) => {
      const operations = [create("x", [["a", "1"]]), { kind: "append", vector } as const];
      await adapter.commit(KEY, batch(1, operations), TIMEOUT);
      assertEquals(countRows(path), 4);
      await adapter.commit(KEY, batch(2, [destroy]), TIMEOUT);
      assertEquals(countRows(path), 2, "the tombstone and its writer");
    });
  });
});

Deno.test("a process whose clock is behind takes over the file's time", async () => {
  await withFile(async (path) => {
    const ahead = steppedClock();
    ahead.nowMs = 60_000;
    // Its epoch is taken at open; what it tells is what counts from then on.
    await withAdapter({ path, clock: ahead }, async (first) => {
      ahead.nowMs += 60_000;
      const told = await first.commit(KEY, batch(1, [create("x")]), TIMEOUT);
      await withAdapter({ path, clock: steppedClock() }, async (second) => {
        const reply = await second.commit(KEY, batch(2, [increment]), TIMEOUT);
        assertEquals(reply.storeTimeMs >= told.storeTimeMs - 100, true);
      });
    });
  });
});
