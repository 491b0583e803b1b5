/**
 * Rotations that are repeated, late, or meet somebody (rule 20): one live copy, and nothing comes back.
 *
 * @module
 */

import type { ConformanceCase } from "../case.ts";
import { expectEqual, expectOutcome, expectTrue } from "../expect.ts";
import { adopt, create, destroy, finish, increment, thaw } from "../operations.ts";
import { moving, rotating } from "../rotation.ts";

/** The theme's cases. */
export const rotationSafety: readonly ConformanceCase[] = [
  {
    name: "a rotation with every step sent twice, by two pods, leaves one live copy",
    clause: "rule 20, trace 27, G3",
    async run(context) {
      const { old, nonce, to, by } = await rotating(context);
      const other = await context.pod();
      const { state } = await moving(old);
      const adoption = other.batch([adopt(nonce, state)], by);
      expectOutcome(await other.send(to, adoption), "applied");
      const again = expectOutcome(await old.pod.send(to, adoption), "duplicate");
      expectEqual(again.occupied, false, "occupied");
      const end = old.batch([finish(nonce)], { ...by, seq: 2 });
      expectOutcome(await old.send(end), "applied");
      expectOutcome(await other.send(old.key, end), "duplicate");
      expectOutcome(await old.load(), "gone");
      expectEqual((await other.state(to)).version, state.version + 1, "the version");
    },
  },
  {
    name: "a retried freeze is a duplicate, also after the thaw",
    clause: "rule 20, G3",
    async run(context) {
      const { old, nonce, to, by } = await rotating(context);
      const again = old.batch([{ kind: "freeze", nonce, to }], by);
      expectOutcome(await old.send(again), "duplicate");
      await old.apply([thaw(nonce)], { ...by, seq: 2 });
      expectOutcome(await old.send(again), "duplicate");
      await old.state();
    },
  },
  {
    name: "adopt on a live session is occupied, and leaves it alone",
    clause: "rule 20, trace 28",
    async run(context) {
      const { old, nonce, to, by } = await rotating(context);
      const occupant = await context.session({ key: to, context: { mine: 1 } });
      const { writers: _, ...before } = await occupant.state();
      const { state } = await moving(old);
      const reply = await old.pod.commit(to, [adopt(nonce, state)], by);
      expectEqual(expectOutcome(reply, "applied").found, false, "found");
      const { writers, ...after } = await occupant.state();
      expectEqual(after, before, "the occupant's state");
      expectEqual(writers.get(nonce)?.occupied, true, "occupied, as the record remembers it");
    },
  },
  {
    name: "a retried adopt that was occupied says so",
    clause: "rule 20, trace 28",
    async run(context) {
      const { old, nonce, to, by } = await rotating(context);
      await context.session({ key: to });
      const { state } = await moving(old);
      const batch = old.pod.batch([adopt(nonce, state)], by);
      expectOutcome(await old.pod.send(to, batch), "applied");
      expectEqual(expectOutcome(await old.pod.send(to, batch), "duplicate").occupied, true, "so");
    },
  },
  {
    name: "an adopt that yields finds a moving place occupied, for good, and leaves it moving",
    clause: "rule 20",
    async run(context) {
      const { old, nonce, by } = await rotating(context);
      const other = await rotating(context);
      const { state } = await moving(old);
      const plain = await old.pod.commit(other.old.key, [adopt(nonce, state)], by);
      expectEqual(expectOutcome(plain, "gone").moving, true, "moving, without yielding");
      const batch = old.pod.batch([adopt(nonce, state, true)], by);
      const reply = expectOutcome(await old.pod.send(other.old.key, batch), "applied");
      expectEqual(reply.found, false, "found");
      expectEqual((await moving(other.old)).nonce, other.nonce, "the other rotation");
      await other.old.apply([finish(other.nonce)], { ...other.by, seq: 2 });
      const again = expectOutcome(await old.pod.send(other.old.key, batch), "duplicate");
      expectEqual(again.occupied, true, "occupied");
    },
  },
  {
    name: "an adopt that was occupied does not land after the occupant has gone",
    clause: "rule 20, trace 29",
    async run(context) {
      const { old, nonce, to, by } = await rotating(context);
      const occupant = await context.session({ key: to });
      const { state } = await moving(old);
      const batch = old.pod.batch([adopt(nonce, state)], by);
      expectOutcome(await old.pod.send(to, batch), "applied");
      await occupant.apply([destroy]);
      expectEqual(expectOutcome(await old.pod.send(to, batch), "duplicate").occupied, true, "so");
      expectOutcome(await occupant.load(), "gone");
    },
  },
  {
    name: "a late copy of an adopt brings nothing back after the adopted session was destroyed",
    clause: "rule 20, trace 29, G4",
    async run(context) {
      const { old, nonce, to, by } = await rotating(context);
      const { state } = await moving(old);
      const batch = old.pod.batch([adopt(nonce, state)], by);
      expectOutcome(await old.pod.send(to, batch), "applied");
      const killed = await old.pod.commit(to, [destroy], { incarnation: nonce });
      expectOutcome(killed, "applied");
      expectOutcome(await old.pod.send(to, batch), "duplicate");
      expectOutcome(await old.pod.load(to), "gone");
    },
  },
  {
    name: "a short session in a tombstone's place does not shorten what the tombstone remembers",
    clause: "rules 4, 20, trace 29",
    async run(context) {
      const { old, nonce, to, by } = await rotating(context);
      const { state } = await moving(old);
      const batch = old.pod.batch([adopt(nonce, state)], by);
      expectOutcome(await old.pod.send(to, batch), "applied");
      await old.pod.commit(to, [destroy], { incarnation: nonce });
      const short = await old.pod.commit(to, [create()], { ttlMs: 20, graceMs: 20 });
      await context.passed(expectOutcome(short, "applied").expiresAtMs + 60);
      expectOutcome(await old.pod.send(to, batch), "duplicate");
      expectTrue((await old.pod.load(to)).outcome !== "found", "nothing lives");
    },
  },
  {
    name: "adopting the incarnation that a tombstone names is gone, whoever sends it",
    clause: "rule 4, rule 20, G4",
    async run(context) {
      const { old, nonce, to } = await rotating(context);
      const { state } = await moving(old);
      expectOutcome(await old.pod.commit(to, [destroy], { incarnation: nonce }), "applied");
      const other = await context.pod();
      expectOutcome(await other.commit(to, [adopt(nonce, state)]), "gone");
      expectOutcome(await other.load(to), "gone");
    },
  },
  {
    name: "an adopt executed after its deadline is late, and adopts nothing",
    clause: "rule 2, rule 20",
    async run(context) {
      const { old, nonce, to, by } = await rotating(context);
      const { state } = await moving(old);
      const over = { ...by, notAfterMs: old.pod.storeTimeMs - 1 };
      expectOutcome(await old.pod.commit(to, [adopt(nonce, state)], over), "late");
      expectOutcome(await old.pod.load(to), "missing");
    },
  },
  {
    name: "a moving session expires like another, and cannot be finished or thawed then",
    clause: "rule 20, G6",
    async run(context) {
      const { old, nonce, by } = await context.inTime(() =>
        rotating(context, { batch: { ttlMs: context.shortMs } })
      );
      await context.passed(old.made.expiresAtMs);
      expectEqual(expectOutcome(await old.load(), "gone").reason, "expired", "the reason");
      for (const operation of [finish(nonce), thaw(nonce)]) {
        expectOutcome(await old.commit([operation], { ...by, seq: 2 }), "gone");
      }
    },
  },
  {
    name: "writers of the old session are remembered through freeze, thaw and finish",
    clause: "rule 4, G3",
    async run(context) {
      const { old, nonce, by } = await rotating(context);
      await old.apply([thaw(nonce)], { ...by, seq: 2 });
      const batch = old.batch([increment("n")]);
      expectOutcome(await old.send(batch), "applied");
      await old.apply([{ kind: "freeze", nonce: "r-2", to: context.key() }], {
        writer: "r-2",
        seq: 1,
      });
      expectOutcome(await old.send(batch), "duplicate");
      await old.apply([finish("r-2")], { writer: "r-2", seq: 2 });
      expectOutcome(await old.send(batch), "duplicate");
    },
  },
  {
    name: "a create on a rotated session's key makes another session",
    clause: "rule 20",
    async run(context) {
      const { old, nonce, by } = await rotating(context);
      await old.apply([finish(nonce)], { ...by, seq: 2 });
      const reply = await old.pod.commit(old.key, [create()]);
      expectEqual(expectOutcome(reply, "applied").created, true, "created");
      expectEqual((await old.state()).context.size, 0, "the number of fields");
    },
  },
];
