/**
 * What makes two states the same state: ifVersion, prev and touch.
 *
 * @module
 */

import type { ConformanceCase } from "../case.ts";
import { expectEqual, expectOutcome } from "../expect.ts";
import { destroy, increment, set, touch } from "../operations.ts";

/** The theme's cases. */
export const identity: readonly ConformanceCase[] = [
  {
    name: "a commit with ifVersion applies to exactly that state",
    clause: "rule 19",
    async run(context) {
      const held = await context.session();
      const reply = await held.apply([set("a", 1)], { ifVersion: held.identity });
      expectEqual(reply.identity.version, 2, "the version");
    },
  },
  {
    name: "ifVersion of an older version is a conflict",
    clause: "rule 19",
    async run(context) {
      const held = await context.session();
      await held.apply([set("a", 1)]);
      expectOutcome(await held.commit([set("a", 2)], { ifVersion: held.identity }), "conflict");
      expectEqual(await held.value("a"), 1, "the value");
    },
  },
  {
    name: "ifVersion of the same version under another tag is a conflict",
    clause: "rule 1, rule 19",
    async run(context) {
      const held = await context.session();
      const ifVersion = { ...held.identity, tag: "w-other:1" };
      expectOutcome(await held.commit([set("a", 1)], { ifVersion }), "conflict");
    },
  },
  {
    name: "ifVersion of the same version of another incarnation is a conflict",
    clause: "rule 1, rule 19",
    async run(context) {
      const held = await context.session();
      const ifVersion = { ...held.identity, incarnation: "n-other" };
      expectOutcome(await held.commit([set("a", 1)], { ifVersion }), "conflict");
    },
  },
  {
    name: "ifVersion of a version yet to come is a conflict",
    clause: "rule 19",
    async run(context) {
      const held = await context.session();
      const ifVersion = { ...held.identity, version: 2 };
      expectOutcome(await held.commit([set("a", 1)], { ifVersion }), "conflict");
    },
  },
  {
    name: "a commit tells by its tag the state that it was applied to, if it tells that",
    clause: "rule 1, rule 11",
    async run(context) {
      const held = await context.session();
      const first = await held.apply([set("a", 1)]);
      const second = await held.apply([set("a", 2)]);
      const [made, changed] = [held.identity.tag, first.identity.tag];
      expectEqual(first.baseTag ?? made, made, "the tag before the first commit");
      expectEqual(second.baseTag ?? changed, changed, "the tag before the second");
    },
  },
  {
    name: "a touch keeps the identity and renews the expiry",
    clause: "G6, rule 1",
    async run(context) {
      const held = await context.session();
      const touched = await held.apply([touch], { ttlMs: 90_000 });
      expectEqual(touched.identity, held.identity, "the identity");
      expectEqual(touched.expiresAtMs - touched.storeTimeMs, 90_000, "the time to live");
      const state = await held.state();
      expectEqual(state.version, 1, "the stored version");
      expectEqual(state.tag, held.identity.tag, "the stored tag");
      expectEqual(state.expiresAtMs, touched.expiresAtMs, "the stored expiry");
    },
  },
  {
    name: "a touch in between is no conflict",
    clause: "rule 19",
    async run(context) {
      const held = await context.session();
      await held.by(await context.pod()).apply([touch]);
      await held.apply([set("a", 1)], { ifVersion: held.identity });
    },
  },
  {
    name: "prev that the store has acknowledged lets the commit apply",
    clause: "rule 5",
    async run(context) {
      const held = await context.session({ batch: { seq: 10 } });
      await held.apply([increment("n")], { seq: 11, prev: 10 });
      await held.apply([increment("n")], { seq: 12, prev: 11 });
      await held.apply([increment("n")], { seq: 13, prev: 3 });
      expectEqual(await held.value("n"), 3, "the counter");
    },
  },
  {
    name: "prev beyond what the store has of the writer is behind",
    clause: "rule 5, trace 15",
    async run(context) {
      const held = await context.session({ batch: { seq: 10 } });
      expectOutcome(await held.commit([increment("n")], { seq: 12, prev: 11 }), "behind");
      expectEqual((await held.state()).version, 1, "the version");
    },
  },
  {
    name: "prev of a writer that the store has never seen is behind",
    clause: "rule 5",
    async run(context) {
      const held = await context.session();
      const other = held.by(await context.pod());
      expectOutcome(await other.commit([increment("n")], { seq: 2, prev: 1 }), "behind");
    },
  },
  {
    name: "what the store acknowledged on another incarnation does not count for prev",
    clause: "rule 5",
    async run(context) {
      const held = await context.session({ batch: { seq: 10 } });
      await held.by(await context.pod()).apply([destroy]);
      const next = await context.session({ key: held.key });
      const over = { seq: 12, prev: 10 };
      expectOutcome(await next.by(held.pod).commit([increment("n")], over), "behind");
    },
  },
  {
    name: "of commits with the same ifVersion at once exactly one applies",
    clause: "G2, rule 19",
    async run(context) {
      const held = await context.session();
      const pods = await Promise.all(Array.from({ length: 6 }, () => context.pod()));
      const replies = await Promise.all(
        pods.map((pod) =>
          held.by(pod).commit([set("a", pod.writer)], { ifVersion: held.identity })
        ),
      );
      const outcomes = replies.map((reply) => reply.outcome).sort();
      const expected = ["applied", ...Array.from({ length: 5 }, () => "conflict")];
      expectEqual<string[]>(outcomes, expected, "the outcomes");
    },
  },
];
