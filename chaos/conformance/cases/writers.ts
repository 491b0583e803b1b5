/**
 * What a record remembers of its writers, and for how long.
 *
 * @module
 */

import type { ConformanceCase, ConformanceContext } from "../case.ts";
import { expectEqual, expectOutcome, expectTrue } from "../expect.ts";
import { destroy, increment, touch } from "../operations.ts";
import type { Held } from "../pod.ts";
import type { CommitBatch } from "../../public.ts";
import { randomId } from "../random.ts";

/** The theme's cases. */
export const writers: readonly ConformanceCase[] = [
  {
    name: "after 16 more writers a late copy of the first's increment still counts once",
    clause: "rule 3, trace 4",
    run: (context) => manyWriters(context, 16),
  },
  {
    name: "after 200 more writers too",
    clause: "rule 3, trace 4",
    run: (context) => manyWriters(context, 200),
  },
  {
    name: "an entry older than the retry horizon may go, but its late copy is never applied",
    clause: "rule 3",
    async run(context) {
      const { held, old } = await withOldWriter(context);
      const { outcome } = await held.send(old);
      expectTrue(
        outcome === "unknown" || outcome === "duplicate",
        `the late copy should be unknown or duplicate, but is ${outcome}`,
      );
      expectEqual(await held.value("n"), 1, "the counter");
    },
  },
  {
    name: "an unseen writer's command from before the dropped entries is unknown",
    clause: "rule 3",
    async run(context) {
      const { held, old } = await withOldWriter(context);
      if ((await held.send(old)).outcome === "duplicate") return;
      const stranger = held.by(await context.pod());
      const { firstSentAtMs } = old;
      expectOutcome(await stranger.commit([increment("n")], { firstSentAtMs }), "unknown");
      expectEqual(await held.value("n"), 1, "the counter");
    },
  },
  {
    name: "a writer whose entry was dropped goes on with new commands",
    clause: "rule 3",
    async run(context) {
      const { held, old } = await withOldWriter(context);
      const writer = old.writer;
      await held.apply([increment("n")], { writer, seq: old.seq + 1 });
      expectEqual(await held.value("n"), 2, "the counter");
    },
  },
  {
    name: "entries younger than the retry horizon stay when older ones go",
    clause: "rule 3",
    async run(context) {
      const held = await context.session();
      const { storeTimeMs } = held.made;
      const young = held.by(await context.pod());
      await context.passed(storeTimeMs + context.shortMs);
      await context.inTime(async () => {
        const batch = young.batch([increment("n")]);
        expectOutcome(await young.send(batch), "applied");
        await held.apply([touch], { writerRetentionMs: context.shortMs });
        expectOutcome(await young.send({ ...batch, firstSentAtMs: storeTimeMs }), "duplicate");
      });
    },
  },
  {
    name: "what is too old to tell stays so through a destroy and the next creation",
    clause: "rule 3, rule 4",
    async run(context) {
      const { held, old } = await withOldWriter(context);
      await held.apply([destroy]);
      const next = await context.session({ key: held.key });
      const { outcome } = await next.send({ ...old, incarnation: next.incarnation });
      expectTrue(
        outcome === "unknown" || outcome === "duplicate",
        `the late copy should be unknown or duplicate, but is ${outcome}`,
      );
      expectEqual((await next.state()).version, 1, "the version");
    },
  },
];

async function manyWriters(context: ConformanceContext, count: number): Promise<void> {
  const held = await context.session();
  const first = held.batch([increment("n")]);
  expectOutcome(await held.send(first), "applied");
  const other = held.by(await context.pod());
  for (let index = 0; index < count; index++) {
    await other.apply([increment("n")], { writer: randomId("w"), seq: 1 });
  }
  expectOutcome(await held.send(first), "duplicate");
  expectEqual(await held.value("n"), count + 1, "the counter");
}

/** A session with a writer's entry that another writer's commit had leave to drop. */
async function withOldWriter(
  context: ConformanceContext,
): Promise<{ held: Held; old: CommitBatch }> {
  const held = await context.session();
  const old = held.batch([increment("n")], { writer: randomId("w"), seq: 1 });
  const { storeTimeMs } = expectOutcome(await held.send(old), "applied");
  await context.passed(storeTimeMs + 30);
  await held.by(await context.pod()).apply([touch], { writerRetentionMs: 20 });
  return { held, old };
}
