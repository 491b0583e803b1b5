/**
 * Expiry: sliding, absolute, and final.
 *
 * @module
 */

import type { ConformanceCase } from "../case.ts";
import { expectEqual, expectOutcome, expectTrue } from "../expect.ts";
import { append, create, increment, set, touch } from "../operations.ts";

/** The theme's cases. */
export const expiry: readonly ConformanceCase[] = [
  {
    name: "a session is found before it expires and gone after, to a load",
    clause: "G6",
    async run(context) {
      const held = await context.inTime(async () => {
        const made = await context.session({ batch: { ttlMs: context.shortMs } });
        await made.state();
        return made;
      });
      await context.passed(held.made.expiresAtMs);
      const gone = expectOutcome(await held.load(), "gone");
      expectEqual(gone.reason, "expired", "the reason");
      expectEqual(gone.incarnation, held.incarnation, "the incarnation");
    },
  },
  {
    name: "a session is never unreadable before it expires",
    clause: "G6",
    async run(context) {
      const held = await context.session({ batch: { ttlMs: context.shortMs } });
      await context.until("the session to expire", async () => {
        const reply = await held.load();
        if (reply.storeTimeMs >= held.made.expiresAtMs) return true;
        expectOutcome(reply, "found");
        return false;
      });
    },
  },
  {
    name: "a write to an expired session is gone: expired",
    clause: "G6",
    async run(context) {
      const held = await context.session({ batch: { ttlMs: context.shortMs } });
      await context.passed(held.made.expiresAtMs);
      const gone = expectOutcome(await held.commit([increment("n")]), "gone");
      expectEqual(gone.reason, "expired", "the reason");
      expectEqual(gone.alive, undefined, "the incarnation alive");
      expectOutcome(await held.load(), "gone");
    },
  },
  {
    name: "a touch does not bring an expired session back",
    clause: "G4, G6",
    async run(context) {
      const held = await context.session({ batch: { ttlMs: context.shortMs } });
      await context.passed(held.made.expiresAtMs);
      expectOutcome(await held.commit([touch]), "gone");
      expectOutcome(await held.load(), "gone");
    },
  },
  {
    name: "a write renews the expiry",
    clause: "G6",
    async run(context) {
      const held = await context.inTime(async () => {
        const made = await context.session({ batch: { ttlMs: context.shortMs } });
        await made.apply([set("a", 1)], { ttlMs: 60_000 });
        return made;
      });
      await context.passed(held.made.expiresAtMs);
      await held.state();
    },
  },
  {
    name: "a write with a shorter ttl never shortens the life of a session",
    clause: "G6",
    async run(context) {
      const held = await context.session({ batch: { ttlMs: 90_000 } });
      const written = await held.apply([set("a", 1)], { ttlMs: 10 });
      expectEqual(written.expiresAtMs, held.made.expiresAtMs, "the expiry answered");
      await context.passed(written.storeTimeMs + 15);
      expectEqual((await held.state()).expiresAtMs, held.made.expiresAtMs, "the expiry stored");
    },
  },
  {
    name: "no renewal passes the absolute expiry",
    clause: "G6, rule 21",
    async run(context) {
      const held = await context.session({ lifetimeMs: 70_000 });
      const { incarnationAtMs, absoluteExpiresAtMs } = await held.state();
      expectEqual(absoluteExpiresAtMs, incarnationAtMs + 70_000, "the absolute expiry");
      const written = await held.apply([set("a", 1)], { ttlMs: 600_000 });
      expectEqual(written.expiresAtMs, absoluteExpiresAtMs, "the expiry after a write");
      const touched = await held.apply([touch], { ttlMs: 600_000 });
      expectEqual(touched.expiresAtMs, absoluteExpiresAtMs, "the expiry after a touch");
      expectEqual((await held.state()).absoluteExpiresAtMs, absoluteExpiresAtMs, "as stored");
    },
  },
  {
    name: "a session that is renewed all the time ends at its absolute expiry",
    clause: "G6",
    async run(context) {
      const held = await context.session({ lifetimeMs: context.shortMs });
      await context.until("the session to expire", async () => {
        const reply = await held.commit([touch]);
        const isOver = reply.storeTimeMs >= held.made.expiresAtMs;
        expectOutcome(reply, isOver ? "gone" : "applied");
        return isOver;
      });
    },
  },
  {
    name: "a lifetime shorter than the ttl bounds the first expiry",
    clause: "G6",
    async run(context) {
      const { made } = await context.session({ lifetimeMs: 5_000, batch: { ttlMs: 60_000 } });
      expectEqual(made.expiresAtMs - made.storeTimeMs, 5_000, "the time to live");
    },
  },
  {
    name: "a joining create does not change the absolute expiry",
    clause: "rule 21",
    async run(context) {
      const held = await context.session({ lifetimeMs: 70_000 });
      const { absoluteExpiresAtMs } = await held.state();
      const operations = [create({ lifetimeMs: 500_000 }), set("a", 1)];
      const reply = await held.pod.commit(held.key, operations, { ttlMs: 600_000 });
      expectEqual(expectOutcome(reply, "applied").expiresAtMs, absoluteExpiresAtMs, "the expiry");
    },
  },
  {
    name: "a create on an expired record makes another session with nothing of the old one",
    clause: "G4, G6",
    async run(context) {
      const held = await context.inTime(async () => {
        const made = await context.session({
          context: { old: 1 },
          batch: { ttlMs: context.shortMs },
        });
        await made.apply([append(1, 2, 3)], { ttlMs: 1 });
        return made;
      });
      await context.passed(held.made.expiresAtMs);
      const next = await context.session({ key: held.key, context: { a: 1 }, capacity: 2 });
      expectEqual(next.made.created, true, "created");
      expectEqual(next.made.identity.version, 1, "the version");
      expectTrue(next.incarnation !== held.incarnation, "the incarnation should be another");
      const state = await next.state();
      expectEqual(state.context, new Map([["a", "1"]]), "the context");
      expectEqual(state.trajectory.length, 0, "the number of vectors");
      await next.apply([append(1)]);
      const gone = expectOutcome(await held.commit([increment("n")]), "gone");
      expectEqual(gone.alive, next.incarnation, "the incarnation alive");
    },
  },
  {
    name: "writers are remembered past the expiry and the next creation",
    clause: "rule 4",
    async run(context) {
      const { held, batch } = await context.inTime(async () => {
        const held = await context.session({ batch: { ttlMs: context.shortMs } });
        const batch = held.by(await context.pod()).batch([increment("n")], { ttlMs: 1 });
        expectOutcome(await held.send(batch), "applied");
        return { held, batch };
      });
      await context.passed(held.made.expiresAtMs);
      expectOutcome(await held.send(batch), "duplicate");
      const next = await context.session({ key: held.key });
      const again = expectOutcome(await next.send(batch), "duplicate");
      expectEqual(again.incarnation, held.incarnation, "the incarnation");
    },
  },
  {
    name: "a create of the incarnation that expired is gone",
    clause: "rule 4",
    async run(context) {
      const held = await context.session({ batch: { ttlMs: context.shortMs } });
      await context.passed(held.made.expiresAtMs);
      const other = await context.pod();
      const reply = await other.commit(held.key, [create({ nonce: held.incarnation })]);
      expectEqual(expectOutcome(reply, "gone").reason, "expired", "the reason");
    },
  },
  {
    name: "a commit's reply and a load agree on the expiry",
    clause: "G6",
    async run(context) {
      const held = await context.session();
      for (const ttlMs of [70_000, 65_000, 80_000]) {
        const { expiresAtMs } = await held.apply([touch], { ttlMs });
        expectEqual((await held.state()).expiresAtMs, expiresAtMs, "the expiry");
      }
    },
  },
];
