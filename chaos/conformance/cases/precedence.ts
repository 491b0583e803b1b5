/**
 * The order of the checks: dedupe, floor, deadline, target incarnation, prev, ifVersion, apply. Each case
 * sends a batch that two neighbouring checks would refuse.
 *
 * @module
 */

import type { ConformanceCase } from "../case.ts";
import { expectOutcome } from "../expect.ts";
import { create, destroy, increment, set, touch } from "../operations.ts";
import { randomId } from "../random.ts";

/** The theme's cases. */
export const precedence: readonly ConformanceCase[] = [
  {
    name: "dedupe comes before the floor",
    clause: "rule 3",
    async run(context) {
      const held = await context.session();
      const old = held.by(await context.pod());
      await old.apply([increment("n")]);
      await context.passed(old.pod.storeTimeMs + 30);
      const batch = held.batch([touch], { writerRetentionMs: 20 });
      expectOutcome(await held.send(batch), "applied");
      expectOutcome(await held.send({ ...batch, firstSentAtMs: 1 }), "duplicate");
    },
  },
  {
    name: "the floor comes before the deadline",
    clause: "rule 3",
    async run(context) {
      const held = await context.session();
      const writer = randomId("w");
      const old = held.batch([increment("n")], { writer, seq: 1 });
      await held.send(old);
      await context.passed(held.pod.storeTimeMs + 30);
      await held.by(await context.pod()).apply([touch], { writerRetentionMs: 20 });
      // A store need not drop entries: then there is no floor to come first.
      if ((await held.send(old)).outcome === "duplicate") return;
      const late = { ...old, notAfterMs: old.firstSentAtMs };
      expectOutcome(await held.send(late), "unknown");
    },
  },
  {
    name: "dedupe comes before the deadline",
    clause: "rule 3",
    async run(context) {
      const held = await context.session();
      const batch = held.batch([increment("n")]);
      expectOutcome(await held.send(batch), "applied");
      const late = { ...batch, notAfterMs: held.pod.storeTimeMs - 1_000 };
      expectOutcome(await held.send(late), "duplicate");
    },
  },
  {
    name: "the deadline comes before the target: late on a tombstone",
    clause: "rule 3, rule 2",
    async run(context) {
      const held = await context.session();
      await held.apply([destroy]);
      const notAfterMs = held.pod.storeTimeMs - 1;
      expectOutcome(await held.commit([increment("n")], { notAfterMs }), "late");
      expectOutcome(await held.pod.commit(held.key, [create()], { notAfterMs }), "late");
    },
  },
  {
    name: "the deadline comes before the target: late on an absent key",
    clause: "rule 3, rule 2",
    async run(context) {
      const pod = await context.pod();
      const notAfterMs = pod.storeTimeMs - 1;
      const over = { incarnation: "n-x", notAfterMs };
      expectOutcome(await pod.commit(context.key(), [increment("n")], over), "late");
    },
  },
  {
    name: "an acceptance in the future comes before the target: late on a tombstone",
    clause: "rule 3, rule 18",
    async run(context) {
      const held = await context.session();
      await held.apply([destroy]);
      const futureMs = held.pod.storeTimeMs + 60_000;
      const accepted = { firstMs: held.pod.storeTimeMs, lastMs: futureMs };
      expectOutcome(await held.commit([increment("n")], { accepted }), "late");
    },
  },
  {
    name: "dedupe comes before the target: a retry after the destroy is a duplicate",
    clause: "rule 3, rule 4",
    async run(context) {
      const held = await context.session();
      const other = held.by(await context.pod());
      const batch = other.batch([increment("n")]);
      expectOutcome(await other.send(batch), "applied");
      await held.apply([destroy]);
      expectOutcome(await other.send(batch), "duplicate");
    },
  },
  {
    name: "the target comes before prev: gone on a tombstone",
    clause: "rule 3, rule 5",
    async run(context) {
      const held = await context.session();
      await held.apply([destroy]);
      expectOutcome(await held.commit([increment("n")], { prev: 999 }), "gone");
    },
  },
  {
    name: "the target comes before prev: gone for another incarnation",
    clause: "rule 3, rule 5",
    async run(context) {
      const held = await context.session();
      const over = { incarnation: "n-other", prev: 999 };
      expectOutcome(await held.commit([increment("n")], over), "gone");
    },
  },
  {
    name: "the target comes before ifVersion",
    clause: "rule 3, rule 19",
    async run(context) {
      const held = await context.session();
      await held.apply([destroy]);
      expectOutcome(await held.commit([set("a", 1)], { ifVersion: held.identity }), "gone");
    },
  },
  {
    name: "a missing key comes before ifVersion and prev",
    clause: "rule 3",
    async run(context) {
      const pod = await context.pod();
      const ifVersion = { incarnation: "n-x", version: 1, tag: "w-x:1" };
      const over = { incarnation: "n-x", ifVersion, prev: 5 };
      expectOutcome(await pod.commit(context.key(), [set("a", 1)], over), "missing");
    },
  },
  {
    name: "prev comes before ifVersion",
    clause: "rule 3, rule 5",
    async run(context) {
      const held = await context.session();
      const ifVersion = { ...held.identity, version: 9 };
      expectOutcome(await held.commit([set("a", 1)], { ifVersion, prev: 999 }), "behind");
    },
  },
  {
    name: "ifVersion comes before the operations",
    clause: "rule 3, rule 19",
    async run(context) {
      const held = await context.session({ context: { text: "x" } });
      const ifVersion = { ...held.identity, version: 9 };
      expectOutcome(await held.commit([increment("text")], { ifVersion }), "conflict");
    },
  },
  {
    name: "dedupe comes before ifVersion: a retried update is a duplicate",
    clause: "rule 3, rule 19, trace 25",
    async run(context) {
      const held = await context.session();
      const batch = held.batch([set("a", 1)], { ifVersion: held.identity });
      expectOutcome(await held.send(batch), "applied");
      expectOutcome(await held.send(batch), "duplicate");
    },
  },
  {
    name: "dedupe comes before prev",
    clause: "rule 3, rule 5",
    async run(context) {
      const held = await context.session();
      const batch = held.batch([set("a", 1)]);
      expectOutcome(await held.send(batch), "applied");
      expectOutcome(await held.send({ ...batch, prev: 999 }), "duplicate");
    },
  },
  {
    name: "prev comes before the operations",
    clause: "rule 3, rule 5",
    async run(context) {
      const held = await context.session({ context: { text: "x" } });
      expectOutcome(await held.commit([increment("text")], { prev: 999 }), "behind");
    },
  },
];
