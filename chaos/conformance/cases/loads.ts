/**
 * Reading records.
 *
 * @module
 */

import type { ConformanceCase } from "../case.ts";
import { expectEqual, expectOutcome, expectTrue } from "../expect.ts";
import { append, create, destroy, increment, set, touch } from "../operations.ts";
import { rotating as beginRotation } from "../rotation.ts";

/** The theme's cases. */
export const loads: readonly ConformanceCase[] = [
  {
    name: "a key that was never used is missing",
    clause: "G1",
    async run(context) {
      expectOutcome(await (await context.pod()).load(context.key()), "missing");
    },
  },
  {
    name: "many records loaded in one go are answered each as by itself, in the order asked",
    clause: "G1, G4, G6",
    async run(context) {
      const live = await context.session({ context: { a: 1 } });
      await live.apply([append(1, -0), append(3, 4)]);
      const destroyed = await context.session();
      await destroyed.apply([destroy]);
      const short = await context.session({ batch: { ttlMs: 20 } });
      const { old: rotating, nonce } = await beginRotation(context);
      await context.passed(short.made.expiresAtMs);
      const keys = [live.key, context.key(), destroyed.key, short.key, rotating.key, live.key];
      const pod = await context.pod();
      const replies = await pod.loadMany(keys);
      expectEqual(
        replies.map(({ outcome }) => outcome),
        ["found", "missing", "gone", "gone", "moving", "found"],
        "the outcomes",
      );
      expectEqual(expectOutcome(replies[0]!, "found").state, await pod.state(live.key), "a state");
      expectEqual(expectOutcome(replies[2]!, "gone").reason, "destroyed", "a reason");
      expectEqual(expectOutcome(replies[3]!, "gone").reason, "expired", "another reason");
      expectEqual(expectOutcome(replies[4]!, "moving").moving.nonce, nonce, "the rotation");
      // Somebody was told that it expired: from then on that is final (rule 18).
      const accepted = { firstMs: short.made.storeTimeMs, lastMs: short.made.storeTimeMs };
      expectOutcome(await short.commit([touch], { accepted }), "gone");
    },
  },
  {
    name: "a load of the state that the pod holds is unchanged, with the expiry",
    clause: "rule 1, G5",
    async run(context) {
      const held = await context.session();
      const other = await context.pod();
      const first = expectOutcome(
        await other.load(held.key, { known: held.identity }),
        "unchanged",
      );
      expectEqual(first.expiresAtMs, held.made.expiresAtMs, "the expiry");
      const touched = await held.apply([touch], { ttlMs: 90_000 });
      const next = expectOutcome(await other.load(held.key, { known: held.identity }), "unchanged");
      expectEqual(next.expiresAtMs, touched.expiresAtMs, "the expiry after a touch");
    },
  },
  {
    name: "a load of an older version answers the whole new state",
    clause: "rule 1, G5",
    async run(context) {
      const held = await context.session({ context: { a: 1 } });
      await held.by(await context.pod()).apply([set("b", 2)]);
      const { state } = expectOutcome(await held.load({ known: held.identity }), "found");
      expectEqual(state.version, 2, "the version");
      expectEqual(state.context, new Map([["a", "1"], ["b", "2"]]), "the context");
    },
  },
  {
    name: "the same version under another tag is not unchanged",
    clause: "rule 1, trace 16",
    async run(context) {
      const held = await context.session();
      const known = { ...held.identity, tag: "w-other:1" };
      expectOutcome(await held.load({ known }), "found");
    },
  },
  {
    name: "the same version of another incarnation is not unchanged",
    clause: "rule 1",
    async run(context) {
      const held = await context.session();
      const known = { ...held.identity, incarnation: "n-other" };
      expectOutcome(await held.load({ known }), "found");
    },
  },
  {
    name: "another version under the same tag is not unchanged",
    clause: "rule 1",
    async run(context) {
      const held = await context.session();
      const known = { ...held.identity, version: 7 };
      expectOutcome(await held.load({ known }), "found");
    },
  },
  {
    name: "a pod that is registered is told the same: unchanged, renewed, changed",
    clause: "rule 1, G5",
    async run(context) {
      const held = await context.session();
      const { holder } = held.pod;
      expectOutcome(await held.load({ known: held.identity, holder }), "unchanged");
      const registered = { holder, isRegistered: true };
      const first = expectOutcome(
        await held.load({ ...registered, known: held.identity }),
        "unchanged",
      );
      expectEqual(first.expiresAtMs, held.made.expiresAtMs, "the expiry");
      const touched = await held.apply([touch], { ttlMs: 90_000 });
      const next = expectOutcome(
        await held.load({ ...registered, known: held.identity }),
        "unchanged",
      );
      expectEqual(next.expiresAtMs, touched.expiresAtMs, "the expiry after a touch");
      const known = held.identity;
      await held.by(await context.pod()).apply([set("b", 2)]);
      const { state } = expectOutcome(await held.load({ ...registered, known }), "found");
      expectEqual(state.version, 2, "the version");
      for (const wrong of [{ version: 7 }, { tag: "w-other:1" }]) {
        const other = { ...state, ...wrong };
        expectOutcome(await held.load({ ...registered, known: other }), "found");
      }
    },
  },
  {
    name: "a pod that is registered is told that its session was destroyed, expired or moves",
    clause: "G4, G6",
    async run(context) {
      const gone = await context.session();
      const short = await context.session({ batch: { ttlMs: 40 } });
      const { holder } = gone.pod;
      const ask = (held: typeof gone) =>
        held.load({ known: held.identity, holder, isRegistered: true });
      for (const held of [gone, short]) await held.load({ known: held.identity, holder });
      await gone.apply([destroy]);
      expectEqual(expectOutcome(await ask(gone), "gone").reason, "destroyed", "a reason");
      await context.passed(short.made.expiresAtMs);
      expectEqual(expectOutcome(await ask(short), "gone").reason, "expired", "another reason");
      const moving = await context.session();
      const known = moving.identity;
      const nonce = "n-rotation";
      await moving.apply([{ kind: "freeze", nonce, to: context.key() }]);
      const reply = await moving.load({ known, holder, isRegistered: true });
      expectEqual(expectOutcome(reply, "moving").moving.nonce, nonce, "the rotation");
    },
  },
  {
    name: "a destroyed session is gone also to a pod that holds it",
    clause: "G4",
    async run(context) {
      const held = await context.session();
      await held.apply([destroy]);
      const gone = expectOutcome(await held.load({ known: held.identity }), "gone");
      expectEqual(gone.reason, "destroyed", "the reason");
    },
  },
  {
    name: "a load changes no state and renews nothing",
    clause: "G6",
    async run(context) {
      const held = await context.session({ context: { a: 1 } });
      const before = await held.state();
      await context.passed(held.pod.storeTimeMs + 2);
      await held.load({ holder: held.pod.holder });
      expectEqual(await held.state(), before, "the state");
    },
  },
  {
    name: "every reply carries the store's time, and it never goes back",
    clause: "rule 2",
    async run(context) {
      const pod = await context.pod();
      const [key, absent] = [context.key(), context.key()];
      const nonce = "n-1";
      const at = { incarnation: nonce };
      const batch = pod.batch([increment("n")], at);
      const steps = [
        () => pod.load(absent),
        () => pod.commit(absent, [touch], at),
        () => pod.commit(key, [create({ nonce, context: { text: "x" } })]),
        () => pod.send(key, batch),
        () => pod.send(key, batch),
        () => pod.load(key),
        () => pod.commit(key, [increment("text")], at),
        () => pod.commit(key, [touch], { ...at, notAfterMs: 1 }),
        () => pod.commit(key, [touch], { ...at, prev: 999 }),
        () => pod.commit(key, [touch], { ...at, ifVersion: { ...at, version: 9, tag: "x:1" } }),
        () => pod.commit(key, [touch], { incarnation: "n-other" }),
        () => pod.commit(key, [destroy], at),
        () => pod.load(key),
      ];
      let beforeMs = 0;
      for (const step of steps) {
        const { outcome, storeTimeMs } = await step();
        expectTrue(
          Number.isFinite(storeTimeMs) && storeTimeMs >= beforeMs,
          `the store's time went from ${beforeMs} to ${storeTimeMs} (${outcome})`,
        );
        beforeMs = storeTimeMs;
      }
    },
  },
  {
    name: "all pods see one store's time",
    clause: "G6",
    async run(context) {
      const pods = await Promise.all([context.pod(), context.pod()]);
      const key = context.key();
      let beforeMs = 0;
      for (let round = 0; round < 6; round++) {
        const { storeTimeMs } = await pods[round % 2]!.load(key);
        expectTrue(
          storeTimeMs >= beforeMs,
          `the store's time went back by ${beforeMs - storeTimeMs}`,
        );
        beforeMs = storeTimeMs;
      }
    },
  },
  {
    name: "a session created again shows nothing of the one before",
    clause: "G4",
    async run(context) {
      const held = await context.session({ context: { old: 1 }, capacity: 2 });
      await held.apply([increment("n", 5), { kind: "append", vector: new Uint8Array(8) }]);
      await held.apply([destroy]);
      const next = await context.session({ key: held.key, context: { fresh: 1 }, capacity: 4 });
      await next.apply([increment("n"), { kind: "append", vector: new Uint8Array(4) }]);
      const state = await next.state();
      expectEqual(state.context, new Map([["fresh", "1"], ["n", "1"]]), "the context");
      expectEqual(state.trajectory.map((bytes) => bytes.length), [4], "the trajectory");
      expectEqual(state.capacity, 4, "the capacity");
    },
  },
];
