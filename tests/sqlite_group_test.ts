// Batches of one group commit, and what a connection knows of the rows without reading them again.
import { DatabaseSync } from "node:sqlite";
import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { StoreRejectedError, StoreUnavailableError } from "../core/errors.ts";
import type { CommitReply, Operation, StorageAdapter } from "../core/storage_adapter.ts";
import {
  batch,
  create,
  destroy,
  increment,
  TIMEOUT,
  withAdapter,
  withFile,
} from "./sqlite_support.ts";

const KEYS = Array.from({ length: 6 }, (_, index) => `hakgal:tenant:acme:session:0${index}`);
const [KEY, SECOND, BAD] = KEYS as [string, string, string];

const spoil: Operation = { kind: "set", field: "spoilt", json: "1" };

/** Adapters on one file, and a connection that stands for somebody else's. */
async function withPods(
  run: (pods: [StorageAdapter, StorageAdapter], other: DatabaseSync) => Promise<void>,
): Promise<void> {
  await withFile((path) =>
    withAdapter({ path }, (first) =>
      withAdapter({ path }, async (second) => {
        const other = new DatabaseSync(path);
        try {
          for (const key of KEYS) await first.commit(key, batch(1, [create("x")]), TIMEOUT);
          await run([first, second], other);
        } finally {
          other.close();
        }
      }))
  );
}

function send(
  adapter: StorageAdapter,
  key: string,
  seq: number,
  { writer = "p0", operations = [increment] }: {
    writer?: string;
    operations?: readonly Operation[];
  } = {},
): Promise<CommitReply> {
  return adapter.commit(key, batch(seq, operations, { writer }), TIMEOUT);
}

function number(reply: CommitReply): number | undefined {
  assert(reply.outcome === "applied", reply.outcome);
  return reply.numbers[0];
}

Deno.test("what another connection commits is seen by the next batch", async () => {
  await withPods(async ([first, second]) => {
    const numbers = [];
    for (let seq = 2; seq < 6; seq++) {
      numbers.push(number(await send(first, KEY, seq)));
      numbers.push(number(await send(second, KEY, seq, { writer: "p1" })));
    }
    assertEquals(numbers, [1, 2, 3, 4, 5, 6, 7, 8]);
    // A journal's heir writes in the name of a writer that another connection was the last to hear of.
    assertEquals((await send(second, KEY, 6)).outcome, "applied");
    assertEquals((await send(first, KEY, 6)).outcome, "duplicate");
    await send(second, KEY, 7, { operations: [destroy] });
    assertEquals((await send(first, KEY, 8)).outcome, "gone");
  });
});

Deno.test("batches of one group apply in order, on each other's states", async () => {
  await withPods(async ([adapter]) => {
    const seqs = Array.from({ length: 40 }, (_, index) => index + 2);
    const replies = await Promise.all(seqs.map((seq) => send(adapter, KEY, seq)));
    assertEquals(replies.map(number), seqs.map((seq) => seq - 1));
    const [again, destroyed, late] = await Promise.all([
      send(adapter, KEY, 41),
      send(adapter, KEY, 42, { operations: [destroy] }),
      send(adapter, KEY, 43),
    ]);
    assertEquals([again.outcome, destroyed.outcome, late.outcome], [
      "duplicate",
      "applied",
      "gone",
    ]);
  });
});

Deno.test("a batch that fails takes none of its group with it, and leaves nothing behind", async () => {
  await withPods(async ([adapter], other) => {
    await Promise.all(KEYS.map((key) => send(adapter, key, 2)));
    // As late as a batch can fail: its increment is written, and known.
    other.exec(`CREATE TRIGGER spoil BEFORE INSERT ON context WHEN new.field = 'spoilt'
      BEGIN SELECT RAISE(FAIL, 'spoilt'); END`);
    const ends = await Promise.allSettled(KEYS.map((key) => {
      const operations = key === BAD ? [increment, spoil] : [increment];
      return send(adapter, key, 3, { operations });
    }));
    for (const [index, end] of ends.entries()) {
      if (KEYS[index] !== BAD) {
        assert(end.status === "fulfilled");
        assertEquals(number(end.value), 2);
        continue;
      }
      assert(end.status === "rejected");
      assertInstanceOf(end.reason, StoreUnavailableError);
      assertEquals(end.reason.outcome, "not-applied");
    }
    other.exec("DROP TRIGGER spoil");
    assertEquals(number(await send(adapter, BAD, 3, { operations: [increment, spoil] })), 2);
    assertEquals(number(await send(adapter, SECOND, 4)), 3);
  });
});

Deno.test("a group that meets a lock goes on from what its holder committed", async () => {
  await withPods(async ([adapter], other) => {
    await Promise.all(KEYS.map((key) => send(adapter, key, 2)));
    other.exec("BEGIN IMMEDIATE");
    const group = Promise.all(KEYS.map((key) => send(adapter, key, 3)));
    let answered = false;
    group.finally(() => answered = true).catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, 30));
    assertEquals(answered, false);
    other.exec("UPDATE context SET json = '100' WHERE field = 'n'");
    other.exec("COMMIT");
    assertEquals((await group).map(number), KEYS.map(() => 101));
  });
});

Deno.test("a group that meets a full disk is refused, and applied once there is room", async () => {
  await withFile((path) =>
    withAdapter({ path }, async (adapter) => {
      for (const key of KEYS) await send(adapter, key, 1, { operations: [create("x"), increment] });
      const other = new DatabaseSync(path);
      try {
        // SQLite ends the transaction by itself, in the middle of a batch.
        other.exec(`CREATE TRIGGER full BEFORE UPDATE ON session
          BEGIN SELECT RAISE(ROLLBACK, 'database or disk is full'); END`);
        // The second send of a batch must not find the first one's trace.
        const sends = KEYS.flatMap((key) => [send(adapter, key, 2), send(adapter, key, 2)]);
        for (const end of await Promise.allSettled(sends)) {
          assert(end.status === "rejected");
          assertInstanceOf(end.reason, StoreRejectedError);
          assertEquals(end.reason.code, "FULL");
        }
        other.exec("DROP TRIGGER full");
        const replies = await Promise.all(KEYS.map((key) => send(adapter, key, 2)));
        assertEquals(replies.map(number), KEYS.map(() => 2));
      } finally {
        other.close();
      }
    })
  );
});
