/**
 * Creating, joining, and writing to what does not exist.
 *
 * @module
 */

import type { ConformanceCase } from "../case.ts";
import { expectEqual, expectOutcome, expectTrue } from "../expect.ts";
import { append, create, destroy, increment, set, vector } from "../operations.ts";
import { randomId } from "../random.ts";

/** The theme's cases. */
export const creation: readonly ConformanceCase[] = [
  {
    name: "a created session is found by another pod, whole",
    clause: "G1, rule 1",
    async run(context) {
      const before = (await context.pod()).storeTimeMs;
      const held = await context.session({ context: { plan: "free", n: 7 }, capacity: 3 });
      const { made } = held;
      expectTrue(made.created, "the reply should say created");
      expectEqual(made.identity.version, 1, "the first version");
      const found = await (await context.pod()).state(held.key);
      const { incarnationAtMs, writers: _, ...rest } = found;
      expectTrue(
        incarnationAtMs >= before && incarnationAtMs <= made.storeTimeMs,
        "incarnationAtMs should be the store's time of the create",
      );
      expectEqual(rest, {
        ...made.identity,
        createdAtMs: incarnationAtMs,
        expiresAtMs: made.expiresAtMs,
        absoluteExpiresAtMs: undefined,
        context: new Map([["plan", '"free"'], ["n", "7"]]),
        capacity: 3,
        trajectory: [],
        floorMs: 0,
      }, "the state");
    },
  },
  {
    name: "a new session has the create's nonce for incarnation and writer:seq for tag",
    clause: "rule 1",
    async run(context) {
      const pod = await context.pod();
      const nonce = randomId("n");
      const batch = pod.batch([create({ nonce })], { seq: 41 });
      const { identity } = expectOutcome(await pod.send(context.key(), batch), "applied");
      const expected = { incarnation: nonce, version: 1, tag: `${pod.writer}:41` };
      expectEqual({ ...identity }, expected, "the identity");
    },
  },
  {
    name: "a new session expires its ttl after the create",
    clause: "G6",
    async run(context) {
      const { made } = await context.session({ batch: { ttlMs: 12_345 } });
      expectEqual(made.expiresAtMs - made.storeTimeMs, 12_345, "the time to live");
    },
  },
  {
    name: "a create on a live session joins it and changes nothing, not even the expiry",
    clause: "rule 8",
    async run(context) {
      const held = await context.session({ context: { a: 1 }, capacity: 3 });
      const other = await context.pod();
      const join = create({ context: { a: 2, b: 3 }, capacity: 5 });
      const reply = await other.commit(held.key, [join], { ttlMs: 600_000 });
      const joined = expectOutcome(reply, "applied");
      expectEqual(joined.created, false, "created");
      expectEqual(joined.identity, held.identity, "the identity");
      expectEqual(joined.expiresAtMs, held.made.expiresAtMs, "the expiry");
      const state = await held.state();
      expectEqual(state.context, new Map([["a", "1"]]), "the context");
      expectEqual(state.capacity, 3, "the capacity");
      expectEqual(state.expiresAtMs, held.made.expiresAtMs, "the stored expiry");
    },
  },
  {
    name: "the operations after a joining create apply to the session that lives",
    clause: "rule 8",
    async run(context) {
      const held = await context.session({ context: { a: 1 } });
      const other = await context.pod();
      const operations = [create({ context: { a: 100 } }), increment("a", 4), set("b", true)];
      const reply = expectOutcome(await other.commit(held.key, operations), "applied");
      expectEqual(reply.created, false, "created");
      expectEqual(reply.identity.incarnation, held.incarnation, "the incarnation");
      expectEqual(reply.identity.version, 2, "the version");
      expectEqual(reply.numbers, [5], "the numbers");
      expectEqual((await held.state()).context, new Map([["a", "5"], ["b", "true"]]), "context");
    },
  },
  {
    name: "the operations after a making create apply to the new session, in one version",
    clause: "G2",
    async run(context) {
      const pod = await context.pod();
      const key = context.key();
      const operations = [create({ context: { a: 1 } }), increment("a", 4), append(1, 2)];
      const reply = expectOutcome(await pod.commit(key, operations), "applied");
      expectEqual(reply.created, true, "created");
      expectEqual(reply.identity.version, 1, "the version");
      expectEqual(reply.numbers, [5], "the numbers");
      const state = await pod.state(key);
      expectEqual(state.context, new Map([["a", "5"]]), "the context");
      expectEqual(state.trajectory, [vector(1, 2)], "the trajectory");
    },
  },
  {
    name: "of many creates at once exactly one makes the session and all others join it",
    clause: "G2",
    async run(context) {
      const pods = await Promise.all(Array.from({ length: 8 }, () => context.pod()));
      const key = context.key();
      const replies = (await Promise.all(
        pods.map((pod) => pod.commit(key, [create(), increment("n")])),
      )).map((reply) => expectOutcome(reply, "applied"));
      expectEqual(replies.filter((reply) => reply.created).length, 1, "sessions made");
      const incarnations = new Set(replies.map((reply) => reply.identity.incarnation));
      expectEqual(incarnations.size, 1, "incarnations");
      const numbers = replies.flatMap((reply) => reply.numbers).sort();
      expectEqual(numbers, [1, 2, 3, 4, 5, 6, 7, 8], "the counter as seen by each");
    },
  },
  {
    name: "a retried create that had joined names the session that it joined",
    clause: "rule 8",
    async run(context) {
      const held = await context.session();
      const other = await context.pod();
      const batch = other.batch([create()]);
      expectOutcome(await other.send(held.key, batch), "applied");
      const again = expectOutcome(await other.send(held.key, batch), "duplicate");
      expectEqual(again.incarnation, held.incarnation, "the incarnation");
    },
  },
  {
    name: "a retried create stays out of the successor of the session that it joined",
    clause: "rule 8, trace 8",
    async run(context) {
      const held = await context.session();
      const late = await context.pod();
      const batch = late.batch([create(), increment("n")]);
      expectOutcome(await late.send(held.key, batch), "applied");
      await held.apply([destroy]);
      const next = await context.session({ key: held.key, pod: held.pod });
      const again = expectOutcome(await late.send(held.key, batch), "duplicate");
      expectEqual(again.incarnation, held.incarnation, "the incarnation");
      const write = expectOutcome(await held.by(late).commit([increment("n")]), "gone");
      expectEqual(write.alive, next.incarnation, "the incarnation alive");
      expectEqual((await next.state()).context.size, 0, "fields of the successor");
    },
  },
  {
    name: "a create executed after its deadline is late and creates nothing",
    clause: "rule 2",
    async run(context) {
      const pod = await context.pod();
      const key = context.key();
      const reply = await pod.commit(key, [create()], { notAfterMs: pod.storeTimeMs - 1 });
      expectOutcome(reply, "late");
      expectOutcome(await pod.load(key), "missing");
    },
  },
  {
    name: "a create before its deadline is applied",
    clause: "rule 2",
    async run(context) {
      const pod = await context.pod();
      const notAfterMs = pod.storeTimeMs + 60_000;
      expectOutcome(await pod.commit(context.key(), [create()], { notAfterMs }), "applied");
    },
  },
  {
    name: "a write to an absent key is missing and leaves nothing behind",
    clause: "rule 3",
    async run(context) {
      const pod = await context.pod();
      const key = context.key();
      const reply = await pod.commit(key, [increment("n")], { incarnation: "n-absent" });
      expectOutcome(reply, "missing");
      expectOutcome(await pod.load(key), "missing");
    },
  },
];
