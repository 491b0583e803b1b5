/**
 * A batch sent again takes effect once.
 *
 * @module
 */

import type { ConformanceCase } from "../case.ts";
import { expectEqual, expectOutcome } from "../expect.ts";
import { append, create, destroy, increment, remove, set, touch } from "../operations.ts";

/** The theme's cases. */
export const retries: readonly ConformanceCase[] = [
  {
    name: "a retried increment is answered duplicate and counts once",
    clause: "G3, rule 3",
    async run(context) {
      const held = await context.session();
      const batch = held.batch([increment("n")]);
      expectOutcome(await held.send(batch), "applied");
      for (let copy = 0; copy < 3; copy++) expectOutcome(await held.send(batch), "duplicate");
      expectEqual(await held.value("n"), 1, "the counter");
    },
  },
  {
    name: "a retry is recognised through another connection of the same writer",
    clause: "G3, rule 6",
    async run(context) {
      const held = await context.session();
      const batch = held.batch([increment("n")]);
      expectOutcome(await held.send(batch), "applied");
      const heir = await context.pod();
      expectOutcome(await heir.send(held.key, batch), "duplicate");
      expectEqual(await held.value("n"), 1, "the counter");
    },
  },
  {
    name: "a duplicate names the incarnation and version of the batch as it was applied",
    clause: "rule 3",
    async run(context) {
      const held = await context.session();
      const batch = held.batch([set("a", 1)]);
      const { identity } = expectOutcome(await held.send(batch), "applied");
      await held.by(await context.pod()).apply([set("a", 2)]);
      const again = expectOutcome(await held.send(batch), "duplicate");
      expectEqual(again.incarnation, identity.incarnation, "the incarnation");
      expectEqual(again.version, identity.version, "the version");
      expectEqual(again.occupied, false, "occupied");
    },
  },
  {
    name: "a late copy of an older batch is answered duplicate and changes nothing",
    clause: "G3, rule 3",
    async run(context) {
      const held = await context.session();
      const first = held.batch([set("a", "old"), increment("n")]);
      expectOutcome(await held.send(first), "applied");
      await held.apply([set("a", "new")]);
      const last = await held.apply([set("b", 1)]);
      const before = await held.state();
      const late = expectOutcome(await held.send(first), "duplicate");
      expectEqual(late.version, last.identity.version, "the version of the writer's last batch");
      expectEqual(await held.state(), before, "the state");
    },
  },
  {
    name: "a retried batch of every kind of operation takes effect once, as does its expiry",
    clause: "G3",
    async run(context) {
      const held = await context.session({ context: { old: 1 } });
      const batch = held.batch([
        set("a", 1),
        remove("old"),
        increment("n"),
        append(1),
        touch,
      ], { ttlMs: 90_000 });
      expectOutcome(await held.send(batch), "applied");
      const before = await held.state();
      await context.passed(held.pod.storeTimeMs + 2);
      expectOutcome(await held.send(batch), "duplicate");
      expectEqual(await held.state(), before, "the state");
    },
  },
  {
    name: "of copies of one batch sent at once exactly one is applied",
    clause: "G3",
    async run(context) {
      const held = await context.session();
      const pods = await Promise.all(Array.from({ length: 4 }, () => context.pod()));
      const batch = held.batch([increment("n"), append(1)]);
      const replies = await Promise.all(
        [...pods, ...pods].map((pod) => pod.send(held.key, batch)),
      );
      const outcomes = replies.map((reply) => reply.outcome).sort();
      const expected = ["applied", ...Array.from({ length: 7 }, () => "duplicate")];
      expectEqual<string[]>(outcomes, expected, "the outcomes");
      expectEqual(await held.value("n"), 1, "the counter");
    },
  },
  {
    name: "of copies of one create sent at once exactly one is applied",
    clause: "G3",
    async run(context) {
      const pods = await Promise.all(Array.from({ length: 4 }, () => context.pod()));
      const key = context.key();
      const batch = pods[0]!.batch([create(), increment("n")]);
      const replies = await Promise.all(pods.map((pod) => pod.send(key, batch)));
      const outcomes = replies.map((reply) => reply.outcome).sort();
      const expected = ["applied", "duplicate", "duplicate", "duplicate"];
      expectEqual<string[]>(outcomes, expected, "the outcomes");
      expectEqual((await pods[1]!.state(key)).context, new Map([["n", "1"]]), "the context");
    },
  },
  {
    name: "a retried touch is a duplicate",
    clause: "G3",
    async run(context) {
      const held = await context.session();
      const batch = held.batch([touch]);
      expectOutcome(await held.send(batch), "applied");
      expectOutcome(await held.send(batch), "duplicate");
    },
  },
  {
    name: "a retried destroy is a duplicate that names what it destroyed",
    clause: "G3, rule 4",
    async run(context) {
      const held = await context.session();
      const batch = held.batch([destroy]);
      expectOutcome(await held.send(batch), "applied");
      const again = expectOutcome(await held.send(batch), "duplicate");
      expectEqual(again.incarnation, held.incarnation, "the incarnation");
    },
  },
  {
    name: "seqs may have gaps, and a seq inside a gap is too old",
    clause: "rule 3",
    async run(context) {
      const held = await context.session();
      await held.apply([increment("n")], { seq: 1_000_000_007 });
      expectOutcome(await held.commit([increment("n")], { seq: 1_000_000_000 }), "duplicate");
      await held.apply([increment("n")], { seq: 9_007_199_254_740_991 });
      expectEqual(await held.value("n"), 2, "the counter");
    },
  },
  {
    name: "seqs are compared as numbers",
    clause: "rule 3",
    async run(context) {
      const held = await context.session({ batch: { seq: 9 } });
      await held.apply([increment("n")], { seq: 10 });
      await held.apply([increment("n")], { seq: 100 });
      expectOutcome(await held.commit([increment("n")], { seq: 20 }), "duplicate");
      expectEqual(await held.value("n"), 2, "the counter");
    },
  },
  {
    name: "the same seq of two writers is two batches",
    clause: "rule 3",
    async run(context) {
      const held = await context.session();
      const other = held.by(await context.pod());
      await held.apply([increment("n")], { seq: 50 });
      await other.apply([increment("n")], { seq: 50 });
      expectEqual(await held.value("n"), 2, "the counter");
    },
  },
  {
    name: "the same writer and seq on two sessions are two batches",
    clause: "rule 3, G7",
    async run(context) {
      const pod = await context.pod();
      const one = await context.session({ pod });
      const two = await context.session({ pod });
      await one.apply([increment("n")], { seq: 50 });
      await two.apply([increment("n")], { seq: 50 });
      expectEqual([await one.value("n"), await two.value("n")], [1, 1], "the counters");
    },
  },
];
