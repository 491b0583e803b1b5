/**
 * What a record remembers of its writers, and for how long.
 *
 * @module
 */

import type { ConformanceCase, ConformanceContext } from "../case.ts";
import { expectEqual, expectOutcome, expectTrue } from "../expect.ts";
import { adopt, destroy, increment, touch } from "../operations.ts";
import type { Held } from "../pod.ts";
import type { CommitBatch } from "../../public.ts";
import { randomId } from "../random.ts";
import { moving, rotating } from "../rotation.ts";

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
  {
    name: "a load tells each writer's last batch",
    clause: "rule 14, rule 15",
    async run(context) {
      const held = await context.session();
      const other = held.by(await context.pod());
      await other.apply([increment("n")]);
      const [one, two] = [
        await other.apply([increment("n")], { seq: 7 }),
        await held.apply([touch]),
      ];
      const { incarnation } = held;
      const told = { incarnation, occupied: false };
      const { writers } = expectOutcome(await (await context.pod()).load(held.key), "found").state;
      expectEqual(
        writers,
        new Map([
          [other.pod.writer, { ...told, seq: 7, version: 3, atMs: one.storeTimeMs }],
          [held.pod.writer, { ...told, seq: 2, version: 3, atMs: two.storeTimeMs }],
        ]),
        "the writers",
      );
    },
  },
  {
    name: "a load of a moving session tells the writers too, and which adopt was occupied",
    clause: "rule 14, rule 20",
    async run(context) {
      const first = await rotating(context);
      const { state } = await moving(first.old);
      expectEqual(state.writers.get(first.nonce)?.version, 2, "the version of the freeze");
      const occupant = await context.session({ key: first.to });
      await first.old.pod.commit(first.to, [adopt(first.nonce, state)], first.by);
      const { writers } = await occupant.state();
      expectEqual(writers.get(first.nonce)?.occupied, true, "occupied");
    },
  },
  {
    name: "a load tells how old the newest entry is that was dropped",
    clause: "rule 3, rule 15",
    async run(context) {
      const held = await context.session();
      expectEqual((await held.state()).floorMs, 0, "the floor where nothing was dropped");
      const { held: later, old, atMs } = await withOldWriter(context);
      const { writers, floorMs } = await later.state();
      expectTrue(
        writers.has(old.writer) || floorMs >= atMs,
        `the floor should be ${atMs} or later, but is ${floorMs}`,
      );
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
): Promise<{ held: Held; old: CommitBatch; atMs: number }> {
  const held = await context.session();
  const old = held.batch([increment("n")], { writer: randomId("w"), seq: 1 });
  const { storeTimeMs } = expectOutcome(await held.send(old), "applied");
  await context.passed(storeTimeMs + 30);
  await held.by(await context.pod()).apply([touch], { writerRetentionMs: 20 });
  return { held, old, atMs: storeTimeMs };
}
