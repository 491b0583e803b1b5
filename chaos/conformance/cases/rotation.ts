/**
 * The three steps of a rotation, each by itself (rule 20).
 *
 * @module
 */

import type { ConformanceCase } from "../case.ts";
import { expectEqual, expectOutcome, expectTrue } from "../expect.ts";
import {
  adopt,
  append,
  create,
  destroy,
  finish,
  freeze,
  increment,
  set,
  thaw,
  touch,
} from "../operations.ts";
import { randomId } from "../random.ts";
import { moving, rotating } from "../rotation.ts";

/** The theme's cases. */
export const rotation: readonly ConformanceCase[] = [
  {
    name: "a frozen session is moving to a load, with nonce, destination and state",
    clause: "rule 20",
    async run(context) {
      const held = await context.session({ context: { a: 1 } });
      await held.apply([append(1, 2)]);
      const before = await held.state();
      const [nonce, to] = [randomId("r"), context.key()];
      const frozen = await held.apply([freeze(nonce, to)], { writer: nonce, seq: 1 });
      const { moving } = expectOutcome(await held.load({ known: held.identity }), "moving");
      expectOutcome(await held.load({ known: frozen.identity }), "moving");
      expectEqual(moving.nonce, nonce, "the nonce");
      expectEqual(moving.to, to, "the destination");
      expectEqual(moving.state.context, before.context, "the context");
      expectEqual(moving.state.trajectory.length, 1, "the number of vectors");
      expectEqual(moving.state.expiresAtMs, before.expiresAtMs, "the expiry");
    },
  },
  {
    name: "every command on a moving session is gone: moving",
    clause: "rule 20",
    async run(context) {
      const { old } = await rotating(context);
      const operations = [
        set("a", 1),
        increment("n"),
        touch,
        destroy,
        create(),
        freeze(randomId("r"), context.key()),
        finish(randomId("r")),
        thaw(randomId("r")),
      ];
      for (const operation of operations) {
        const gone = expectOutcome(await old.commit([operation]), "gone", operation.kind);
        expectEqual(gone.moving, true, `moving, to ${operation.kind}`);
        expectEqual(gone.alive, undefined, "the incarnation alive");
        expectEqual(gone.reason, undefined, "the reason");
      }
      expectOutcome(await old.load(), "moving");
    },
  },
  {
    name: "finish makes the moving session a tombstone: rotated",
    clause: "rule 20",
    async run(context) {
      const { old, nonce, by } = await rotating(context);
      await old.apply([finish(nonce)], { ...by, seq: 2 });
      expectEqual(expectOutcome(await old.load(), "gone").reason, "rotated", "the reason");
      const gone = expectOutcome(await old.commit([increment("n")]), "gone");
      expectEqual(gone.reason, "rotated", "the reason of a write");
      expectEqual(gone.moving, false, "moving");
    },
  },
  {
    name: "thaw makes the moving session live again, with its state",
    clause: "rule 20",
    async run(context) {
      const { old, nonce, by } = await rotating(context);
      const thawed = await old.apply([thaw(nonce)], { ...by, seq: 2 });
      const state = await old.state();
      expectEqual(state.context, new Map([["a", "1"]]), "the context");
      expectEqual(state.incarnation, old.incarnation, "the incarnation");
      expectEqual(state.version, thawed.identity.version, "the version");
      expectTrue(state.version > 1, "the version should have grown");
      await old.apply([increment("n")]);
    },
  },
  {
    name: "freeze of a session that is not there or not meant is missing or gone",
    clause: "rule 20",
    async run(context) {
      const held = await context.session();
      const operations = [freeze(randomId("r"), context.key())];
      const over = { incarnation: "n-other" };
      expectOutcome(await held.pod.commit(context.key(), operations, over), "missing");
      expectOutcome(await held.commit(operations, over), "gone");
      await held.state();
    },
  },
  {
    name: "finish and thaw of a live session are gone, and change nothing",
    clause: "rule 20",
    async run(context) {
      const held = await context.session();
      const nonce = randomId("r");
      for (const operation of [finish(nonce), thaw(nonce)]) {
        const gone = expectOutcome(await held.commit([operation]), "gone");
        expectEqual(gone.alive, held.incarnation, "the incarnation alive");
      }
      expectEqual((await held.state()).version, 1, "the version");
    },
  },
  {
    name: "adopt on an absent key brings the whole state under the rotation's nonce",
    clause: "rule 20, trace 30",
    async run(context) {
      const { old, nonce, to, by } = await rotating(context, { lifetimeMs: 70_000, capacity: 3 });
      const { state } = await moving(old);
      await context.passed(old.pod.storeTimeMs + 2);
      const reply = await old.pod.commit(to, [adopt(nonce, state)], {
        ...by,
        ttlMs: 1,
        graceMs: 1,
      });
      const adopted = expectOutcome(reply, "applied");
      await context.passed(adopted.storeTimeMs + 5);
      expectEqual(adopted.found, true, "found");
      expectEqual(adopted.created, true, "created");
      const found = await old.pod.state(to);
      expectEqual(found.incarnation, nonce, "the incarnation");
      expectEqual(found.context, state.context, "the context");
      expectEqual(found.capacity, 3, "the capacity");
      expectEqual(found.createdAtMs, state.createdAtMs, "createdAtMs");
      expectEqual(found.incarnationAtMs, adopted.storeTimeMs, "incarnationAtMs");
      expectEqual(found.expiresAtMs, state.expiresAtMs, "the expiry");
      expectEqual(found.absoluteExpiresAtMs, state.absoluteExpiresAtMs, "the absolute expiry");
      expectTrue(found.version > state.version, "the version should have grown");
      expectEqual(found.version, adopted.identity.version, "the version");
    },
  },
  {
    name: "an adopted session goes on like another: ring, counters, ttl inside the absolute expiry",
    clause: "rule 20, rule 21, trace 30",
    async run(context) {
      const held = await context.session({ lifetimeMs: 70_000, capacity: 3, context: { n: 1 } });
      await held.apply(Array.from({ length: 5 }, (_, index) => append(index, 0)));
      const nonce = randomId("r");
      const to = context.key();
      const by = { writer: nonce, seq: 1 };
      await held.apply([freeze(nonce, to)], by);
      const { state } = await moving(held);
      await held.pod.commit(to, [adopt(nonce, state)], by);
      const on = { incarnation: nonce, ttlMs: 600_000 };
      const wrong = expectOutcome(await held.pod.commit(to, [append(1)], on), "invalid");
      expectEqual(wrong.limit, 2, "the dimension");
      const operations = [increment("n"), append(5, 0)];
      const written = expectOutcome(await held.pod.commit(to, operations, on), "applied");
      expectEqual(written.numbers, [2], "the numbers");
      expectEqual(written.expiresAtMs, state.absoluteExpiresAtMs, "the expiry");
      const { trajectory } = await held.pod.state(to);
      const heads = trajectory.map((bytes) =>
        new DataView(bytes.slice().buffer).getFloat32(0, true)
      );
      expectEqual(heads, [3, 4, 5], "the trajectory");
    },
  },
  {
    name: "what an adopted session holds counts for its limits",
    clause: "rule 20, limits",
    async run(context) {
      const { old, nonce, to, by } = await rotating(context);
      const { state } = await moving(old);
      expectOutcome(await old.pod.commit(to, [adopt(nonce, state)], by), "applied");
      const fields = { incarnation: nonce, limits: { maxFields: 1, maxBytes: 1_000 } };
      const tooMany = expectOutcome(await old.pod.commit(to, [set("b", 1)], fields), "invalid");
      expectEqual(tooMany.size, 2, "the number of fields");
      const bytes = { incarnation: nonce, limits: { maxFields: 9, maxBytes: 3 } };
      const tooLarge = expectOutcome(await old.pod.commit(to, [set("b", 1)], bytes), "invalid");
      expectEqual(tooLarge.size, 4, "the number of bytes");
    },
  },
  {
    name: "adopt on a tombstone brings the state, and keeps what the record knew of its writers",
    clause: "rule 20, rule 4",
    async run(context) {
      const { old, nonce, to, by } = await rotating(context);
      const occupant = await context.session({ key: to });
      const batch = occupant.batch([create(), increment("n")]);
      await occupant.send(batch);
      await occupant.by(await context.pod()).apply([destroy]);
      const { state } = await moving(old);
      expectOutcome(await old.pod.commit(to, [adopt(nonce, state)], by), "applied");
      expectOutcome(await occupant.send(batch), "duplicate");
      expectEqual((await old.pod.state(to)).context, state.context, "the context");
    },
  },
];
