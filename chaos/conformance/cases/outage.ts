/**
 * Writes that were accepted while the store was away, and reach it after the session expired there (rule 18).
 * Nothing looks at the record in between: that would close it.
 *
 * @module
 */

import type { ConformanceCase, ConformanceContext } from "../case.ts";
import { expectEqual, expectOutcome, expectTrue } from "../expect.ts";
import { create, destroy, increment, set, touch } from "../operations.ts";
import type { Held } from "../pod.ts";
import { rotating } from "../rotation.ts";

/** The theme's cases. */
export const outage: readonly ConformanceCase[] = [
  {
    name: "a write accepted before the expiry applies after it, in place",
    clause: "rule 18, trace 22",
    async run(context) {
      const held = await expired(context);
      const accepted = before(held, 2);
      const reply = await held.apply([increment("n", 2)], { accepted, ttlMs: 60_000 });
      expectEqual(reply.identity.incarnation, held.incarnation, "the incarnation");
      expectEqual(reply.identity.version, 2, "the version");
      expectEqual(reply.numbers, [3], "the numbers");
      expectEqual(reply.expiresAtMs, accepted.lastMs + 60_000, "last acceptance plus ttl");
      expectEqual(await held.value("n"), 3, "the counter");
    },
  },
  {
    name: "increments of two pods cut off at different times both count",
    clause: "rule 18, trace 23",
    async run(context) {
      const held = await context.inTime(async () => {
        const made = await context.session({ batch: { ttlMs: context.shortMs } });
        await made.apply([increment("n")], { ttlMs: 1 });
        return made;
      });
      const cutOff = held.by(await context.pod());
      await context.passed(held.made.expiresAtMs);
      await cutOff.apply([increment("n")], { accepted: before(held, 3) });
      expectEqual(await held.value("n"), 2, "the counter");
    },
  },
  {
    name: "after a plain write was told expired, an accepted one is gone",
    clause: "rule 18, trace 24",
    async run(context) {
      const held = await expired(context);
      expectOutcome(await held.by(await context.pod()).commit([touch]), "gone");
      const gone = expectOutcome(
        await held.commit([increment("n")], { accepted: before(held, 2) }),
        "gone",
      );
      expectEqual(gone.reason, "expired", "the reason");
      expectOutcome(await held.load(), "gone");
    },
  },
  {
    name: "after a load was told expired, an accepted write is gone",
    clause: "rule 18, trace 24",
    async run(context) {
      const held = await expired(context);
      expectOutcome(await (await context.pod()).load(held.key), "gone");
      expectOutcome(await held.commit([increment("n")], { accepted: before(held, 2) }), "gone");
    },
  },
  {
    name: "a load of the state that the pod holds closes an expired record too",
    clause: "rule 18",
    async run(context) {
      const held = await expired(context);
      expectOutcome(await held.load({ known: held.identity }), "gone");
      expectOutcome(await held.commit([increment("n")], { accepted: before(held, 2) }), "gone");
    },
  },
  {
    name: "a write accepted after the expiry is gone, and closes the record",
    clause: "rule 18",
    async run(context) {
      const held = await expired(context);
      const acceptedMs = held.made.expiresAtMs;
      const accepted = { firstMs: acceptedMs, lastMs: acceptedMs };
      expectOutcome(await held.commit([increment("n")], { accepted }), "gone");
      expectOutcome(await held.commit([increment("n")], { accepted: before(held, 2) }), "gone");
    },
  },
  {
    name: "an acceptance in the store's future is late, and closes nothing",
    clause: "rule 18",
    async run(context) {
      const held = await expired(context);
      const accepted = { ...before(held, 2), lastMs: held.pod.storeTimeMs + 60_000 };
      expectOutcome(await held.commit([increment("n")], { accepted }), "late");
      await held.apply([increment("n")], { accepted: before(held, 2) });
    },
  },
  {
    name: "a write for another incarnation does not enter the expired record",
    clause: "rule 18",
    async run(context) {
      const held = await expired(context);
      const over = { incarnation: "n-other", accepted: before(held, 2) };
      expectOutcome(await held.commit([increment("n")], over), "gone");
      expectOutcome(await held.load(), "gone");
    },
  },
  {
    name: "a session that expired while it was moving takes no accepted write",
    clause: "rule 18, rule 20",
    async run(context) {
      const { old } = await context.inTime(() =>
        rotating(context, { batch: { ttlMs: context.shortMs } })
      );
      await context.passed(old.made.expiresAtMs);
      expectOutcome(await old.commit([increment("n")], { accepted: before(old, 2) }), "gone");
      expectOutcome(await old.load(), "gone");
    },
  },
  {
    name: "a destroy accepted before the expiry applies",
    clause: "rule 18",
    async run(context) {
      const held = await expired(context);
      const reply = await held.apply([destroy], { accepted: before(held, 2) });
      expectEqual(reply.found, true, "found");
      expectEqual(expectOutcome(await held.load(), "gone").reason, "destroyed", "the reason");
    },
  },
  {
    name: "a write accepted in time is a duplicate when it comes again",
    clause: "rule 18, G3",
    async run(context) {
      const held = await expired(context);
      const batch = held.batch([increment("n")], { accepted: before(held, 2) });
      expectOutcome(await held.send(batch), "applied");
      expectOutcome(await held.send(batch), "duplicate");
      expectEqual(await held.value("n"), 2, "the counter");
    },
  },
  {
    name: "an acceptance carries no session beyond its absolute expiry",
    clause: "rule 18, rule 21, trace 30",
    async run(context) {
      const held = await context.session({
        lifetimeMs: context.shortMs,
        context: { n: 1 },
      });
      await context.passed(held.made.expiresAtMs);
      const reply = await held.commit([increment("n")], { accepted: before(held, 2) });
      if (reply.outcome === "applied") {
        expectEqual(reply.expiresAtMs, held.made.expiresAtMs, "the expiry");
      }
      expectOutcome(await held.load(), "gone");
    },
  },
  {
    name: "on a live session an acceptance renews from the moment it was accepted",
    clause: "rule 18",
    async run(context) {
      const held = await context.session({ batch: { ttlMs: 30_000 } });
      const acceptedMs = held.made.storeTimeMs;
      await context.passed(acceptedMs + 5);
      const accepted = { firstMs: acceptedMs, lastMs: acceptedMs + 1 };
      const reply = await held.apply([set("a", 1)], { accepted, ttlMs: 60_000 });
      expectEqual(reply.expiresAtMs, acceptedMs + 1 + 60_000, "the expiry");
    },
  },
  {
    name: "an old acceptance never shortens the life of a session",
    clause: "rule 18",
    async run(context) {
      const held = await context.session({ batch: { ttlMs: 60_000 } });
      const firstMs = held.made.storeTimeMs - 50_000;
      const accepted = { firstMs, lastMs: firstMs };
      const reply = await held.apply([set("a", 1)], { accepted, ttlMs: 60_000 });
      expectEqual(reply.expiresAtMs, held.made.expiresAtMs, "the expiry");
    },
  },
  {
    name:
      "a session created late lives from its acceptances: ttl from the last, lifetime from the first",
    clause: "rule 18, rule 21",
    async run(context) {
      const pod = await context.pod();
      const key = context.key();
      const accepted = { firstMs: pod.storeTimeMs - 5_000, lastMs: pod.storeTimeMs - 1_000 };
      const operations = [create({ lifetimeMs: 90_000 })];
      const reply = await pod.commit(key, operations, { accepted, ttlMs: 60_000 });
      const made = expectOutcome(reply, "applied");
      expectEqual(made.expiresAtMs, accepted.lastMs + 60_000, "the expiry");
      const { absoluteExpiresAtMs } = await pod.state(key);
      expectEqual(absoluteExpiresAtMs, accepted.firstMs + 90_000, "the absolute expiry");
    },
  },
  {
    name: "a create accepted before the expiry joins the expired session, in place",
    clause: "rule 18, rule 8",
    async run(context) {
      const held = await expired(context);
      const accepted = before(held, 2);
      const operations = [create({ context: { other: 1 } }), increment("n")];
      const reply = await (await context.pod()).commit(held.key, operations, { accepted });
      const joined = expectOutcome(reply, "applied");
      expectEqual(joined.created, false, "created");
      expectEqual(joined.identity.incarnation, held.incarnation, "the incarnation");
      expectEqual(joined.expiresAtMs, accepted.lastMs + 60_000, "last acceptance plus ttl");
      expectEqual((await held.state()).context, new Map([["n", "2"]]), "the context");
    },
  },
  {
    name: "a create that joined an expired session is a duplicate when it comes again",
    clause: "rule 18, G3",
    async run(context) {
      const held = await expired(context);
      const pod = await context.pod();
      const batch = pod.batch([create(), increment("n")], { accepted: before(held, 2) });
      expectOutcome(await pod.send(held.key, batch), "applied");
      const again = expectOutcome(await pod.send(held.key, batch), "duplicate");
      expectEqual(again.incarnation, held.incarnation, "the incarnation");
      expectEqual(await held.value("n"), 2, "the counter");
    },
  },
  {
    name: "a create accepted after the expiry makes a session of its own",
    clause: "rule 18",
    async run(context) {
      const held = await expired(context);
      const acceptedMs = held.made.expiresAtMs;
      await expectNew(context, held, { firstMs: acceptedMs, lastMs: acceptedMs });
    },
  },
  {
    name: "a create accepted in time does not join a session that somebody was told is expired",
    clause: "rule 18, trace 24",
    async run(context) {
      const held = await expired(context);
      expectOutcome(await held.load(), "gone");
      await expectNew(context, held, before(held, 2));
    },
  },
  {
    name: "a create accepted in time does not join a session that expired while it was moving",
    clause: "rule 18, rule 20",
    async run(context) {
      const { old } = await context.inTime(() =>
        rotating(context, { batch: { ttlMs: context.shortMs } })
      );
      await context.passed(old.made.expiresAtMs);
      await expectNew(context, old, before(old, 2));
    },
  },
  {
    name: "a load for an operation accepted in time finds the expired session, and leaves it open",
    clause: "rule 18, rule 9",
    async run(context) {
      const held = await expired(context);
      const pod = await context.pod();
      const accepted = before(held, 2);
      const request = { acceptedMs: accepted.firstMs };
      const { state, storeTimeMs } = expectOutcome(await pod.load(held.key, request), "found");
      expectEqual(state.context, new Map([["n", "1"]]), "the context");
      expectEqual(state.expiresAtMs, held.made.expiresAtMs, "the expiry");
      expectTrue(storeTimeMs >= state.expiresAtMs, "it should have expired");
      expectOutcome(await pod.load(held.key, { ...request, known: held.identity }), "unchanged");
      await held.by(pod).apply([increment("n")], { accepted });
      expectEqual(await held.value("n"), 2, "the counter");
    },
  },
  {
    name: "a load for an operation accepted after the expiry closes the record",
    clause: "rule 18, rule 9",
    async run(context) {
      const held = await expired(context);
      const acceptedMs = held.made.expiresAtMs;
      expectEqual(expectOutcome(await held.load({ acceptedMs }), "gone").reason, "expired", "why");
      expectOutcome(await held.load({ acceptedMs: acceptedMs - 1 }), "gone");
      expectOutcome(await held.commit([increment("n")], { accepted: before(held, 2) }), "gone");
    },
  },
  {
    name: "a load for an operation accepted in time closes a session that expired while moving",
    clause: "rule 18, rule 20",
    async run(context) {
      const { old } = await context.inTime(() =>
        rotating(context, { batch: { ttlMs: context.shortMs } })
      );
      await context.passed(old.made.expiresAtMs);
      const acceptedMs = old.made.expiresAtMs - 1;
      expectEqual(expectOutcome(await old.load({ acceptedMs }), "gone").reason, "expired", "why");
      expectOutcome(await old.load(), "gone");
    },
  },
];

/** Requires a create with these acceptances to make a session of its own where `held` was. */
async function expectNew(
  context: ConformanceContext,
  held: Held,
  accepted: { firstMs: number; lastMs: number },
): Promise<void> {
  const batch = { accepted, ttlMs: 60_000 };
  const next = await context.session({ key: held.key, context: { mine: 1 }, batch });
  expectEqual(next.made.created, true, "created");
  expectEqual((await next.state()).context, new Map([["mine", "1"]]), "the context");
}

/** A session that ran out, and that nobody has looked at since. */
async function expired(context: ConformanceContext): Promise<Held> {
  const held = await context.session({ context: { n: 1 }, batch: { ttlMs: context.shortMs } });
  await context.passed(held.made.expiresAtMs);
  return held;
}

/** Acceptances that ended this long before the session's expiry. */
function before(held: Held, ms: number): { firstMs: number; lastMs: number } {
  const lastMs = held.made.expiresAtMs - ms;
  return { firstMs: lastMs - 1, lastMs };
}
