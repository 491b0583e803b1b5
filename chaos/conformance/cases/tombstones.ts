/**
 * Destroying, and what a destroyed session leaves behind.
 *
 * @module
 */

import type { ConformanceCase } from "../case.ts";
import { expectEqual, expectOutcome } from "../expect.ts";
import { create, destroy, increment, set, touch } from "../operations.ts";
import { randomId } from "../random.ts";

/** The theme's cases. */
export const tombstones: readonly ConformanceCase[] = [
  {
    name: "a destroyed session is gone: destroyed, to every pod's load and write",
    clause: "G4",
    async run(context) {
      const held = await context.session({ context: { a: 1 } });
      const other = held.by(await context.pod());
      expectEqual((await held.apply([destroy])).found, true, "found");
      const loaded = expectOutcome(await other.load(), "gone");
      expectEqual(loaded.reason, "destroyed", "the reason of the load");
      expectEqual(loaded.incarnation, held.incarnation, "the incarnation");
      const written = expectOutcome(await other.commit([set("a", 2)]), "gone");
      expectEqual(written.reason, "destroyed", "the reason of the write");
      expectEqual(written.alive, undefined, "the incarnation alive");
      expectEqual(written.moving, false, "moving");
    },
  },
  {
    name: "a second destroy is gone",
    clause: "G4",
    async run(context) {
      const held = await context.session();
      await held.apply([destroy]);
      const gone = expectOutcome(await held.by(await context.pod()).commit([destroy]), "gone");
      expectEqual(gone.reason, "destroyed", "the reason");
    },
  },
  {
    name: "a destroy that names another incarnation leaves the session alive",
    clause: "G4",
    async run(context) {
      const held = await context.session({ context: { a: 1 } });
      const gone = expectOutcome(
        await held.commit([destroy], { incarnation: "n-other" }),
        "gone",
      );
      expectEqual(gone.alive, held.incarnation, "the incarnation alive");
      expectEqual(await held.value("a"), 1, "the value");
    },
  },
  {
    name: "a destroy on an absent key writes a tombstone for the incarnation it names",
    clause: "rule 17, trace 18",
    async run(context) {
      const pod = await context.pod();
      const key = context.key();
      const incarnation = randomId("n");
      const reply = expectOutcome(await pod.commit(key, [destroy], { incarnation }), "applied");
      expectEqual(reply.found, false, "found");
      const gone = expectOutcome(await pod.load(key), "gone");
      expectEqual(gone.incarnation, incarnation, "the incarnation");
      expectEqual(gone.reason, "destroyed", "the reason");
      const late = await (await context.pod()).commit(key, [create({ nonce: incarnation })]);
      expectOutcome(late, "gone");
    },
  },
  {
    name: "creating the incarnation that a tombstone names is gone",
    clause: "rule 4",
    async run(context) {
      const held = await context.session();
      await held.apply([destroy]);
      const other = await context.pod();
      const operations = [create({ nonce: held.incarnation }), set("a", 1)];
      const gone = expectOutcome(await other.commit(held.key, operations), "gone");
      expectEqual(gone.reason, "destroyed", "the reason");
      expectOutcome(await held.load(), "gone");
    },
  },
  {
    name: "creating another incarnation on a tombstone makes a session",
    clause: "G4",
    async run(context) {
      const held = await context.session({ context: { old: 1 } });
      await held.apply([destroy]);
      const next = await context.session({ key: held.key, context: { a: 1 } });
      expectEqual(next.made.created, true, "created");
      expectEqual((await next.state()).context, new Map([["a", "1"]]), "the context");
    },
  },
  {
    name:
      "a write for a session that was destroyed and created again is gone, and names the new one",
    clause: "G4, trace 6",
    async run(context) {
      const held = await context.session();
      await held.apply([destroy]);
      const next = await context.session({ key: held.key });
      for (const operation of [increment("n"), touch, destroy, set("a", 1)]) {
        const gone = expectOutcome(await held.commit([operation]), "gone");
        expectEqual(gone.alive, next.incarnation, "the incarnation alive");
      }
      expectEqual((await next.state()).version, 1, "the version");
    },
  },
  {
    name: "a retried create whose session was destroyed since is a duplicate and creates nothing",
    clause: "rule 4, G4",
    async run(context) {
      const pod = await context.pod();
      const key = context.key();
      const batch = pod.batch([create()]);
      const { identity } = expectOutcome(await pod.send(key, batch), "applied");
      const other = await context.pod();
      const { incarnation } = identity;
      expectOutcome(await other.commit(key, [destroy], { incarnation }), "applied");
      const again = expectOutcome(await pod.send(key, batch), "duplicate");
      expectEqual(again.incarnation, incarnation, "the incarnation");
      expectOutcome(await pod.load(key), "gone");
    },
  },
  {
    name: "writers are remembered through a destroy and the next creation",
    clause: "rule 4, G3",
    async run(context) {
      const held = await context.session();
      const other = held.by(await context.pod());
      const batch = other.batch([create(), increment("n")]);
      expectOutcome(await other.send(batch), "applied");
      await held.apply([destroy]);
      const next = await context.session({ key: held.key, pod: held.pod });
      expectOutcome(await other.send(batch), "duplicate");
      expectEqual((await next.state()).context.size, 0, "the number of fields");
    },
  },
  {
    name: "a tombstone is dropped when its time is over, and a late create is then late",
    clause: "rule 2, rule 4, trace 5",
    async run(context) {
      const pod = await context.pod();
      const key = context.key();
      const notAfterMs = pod.storeTimeMs + context.shortMs;
      const batch = await context.inTime(async () => {
        const sent = pod.batch([create()], { notAfterMs, ttlMs: 100, graceMs: 20 });
        const { identity } = expectOutcome(await pod.send(key, sent), "applied");
        const over = { incarnation: identity.incarnation, tombstoneMs: 20 };
        expectOutcome(await pod.commit(key, [destroy], over), "applied");
        return sent;
      });
      await context.passed(notAfterMs);
      await context.until("the tombstone to go", async () => {
        return (await pod.load(key, { tombstoneMs: 20 })).outcome === "missing";
      });
      expectOutcome(await pod.send(key, batch), "late");
      expectOutcome(await pod.load(key), "missing");
    },
  },
  {
    name: "a tombstone stays for all its time, whatever the session's ttl and grace were",
    clause: "rule 4",
    async run(context) {
      const held = await context.session({ batch: { ttlMs: 60_000, graceMs: 1 } });
      const over = { ttlMs: 1, graceMs: 1, tombstoneMs: 60_000 };
      const { storeTimeMs } = await held.apply([destroy], over);
      await context.passed(storeTimeMs + 50);
      expectOutcome(await held.load(), "gone");
    },
  },
  {
    name: "nothing renews a tombstone",
    clause: "rule 4",
    async run(context) {
      const held = await context.session();
      const { shortMs } = context;
      const buried = await context.inTime(async () => {
        const reply = await held.apply([destroy], { tombstoneMs: shortMs });
        expectOutcome(await held.commit([touch]), "gone");
        expectOutcome(await held.commit([destroy]), "gone");
        expectOutcome(await held.load(), "gone");
        return reply;
      });
      await context.passed(buried.storeTimeMs + shortMs);
      await context.until("the tombstone to go", async () => {
        return (await held.load()).outcome === "missing";
      });
    },
  },
  {
    name: "a destroy of an expired session is gone: expired",
    clause: "G6, rule 18",
    async run(context) {
      const held = await context.session({ batch: { ttlMs: context.shortMs } });
      await context.passed(held.made.expiresAtMs);
      const gone = expectOutcome(await held.commit([destroy]), "gone");
      expectEqual(gone.reason, "expired", "the reason");
    },
  },
];
