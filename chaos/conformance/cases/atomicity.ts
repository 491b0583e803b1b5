/**
 * A batch is applied as a whole or not at all.
 *
 * @module
 */

import type { ConformanceCase } from "../case.ts";
import { expectEqual, expectOutcome } from "../expect.ts";
import { append, create, destroy, heads, increment, remove, set, touch } from "../operations.ts";

/** The theme's cases. */
export const atomicity: readonly ConformanceCase[] = [
  {
    name: "a batch with one bad operation at its end applies nothing",
    clause: "G2, rule 3",
    async run(context) {
      const held = await context.session({ context: { text: "x", old: 1 } });
      await held.apply([append(1)]);
      const before = await held.state();
      const reply = await held.commit([
        set("a", 1),
        remove("old"),
        increment("n", 5),
        append(2),
        touch,
        increment("text"),
      ], { ttlMs: 600_000 });
      expectEqual(expectOutcome(reply, "invalid").operation, 5, "the operation");
      expectEqual(await held.state(), before, "the state");
    },
  },
  {
    name: "a batch with one bad operation at its beginning applies nothing",
    clause: "G2, rule 3",
    async run(context) {
      const held = await context.session({ context: { text: "x" } });
      const before = await held.state();
      const reply = await held.commit([increment("text"), set("a", 1), append(1)]);
      expectEqual(expectOutcome(reply, "invalid").operation, 0, "the operation");
      expectEqual(await held.state(), before, "the state");
    },
  },
  {
    name:
      "an invalid batch leaves the writer's entry: the corrected one applies under the same seq",
    clause: "rule 3",
    async run(context) {
      const held = await context.session({ context: { text: "x" } });
      const batch = held.batch([increment("n"), increment("text")]);
      expectOutcome(await held.send(batch), "invalid");
      expectOutcome(await held.send(batch), "invalid");
      const corrected = { ...batch, operations: [increment("n")] };
      expectEqual(expectOutcome(await held.send(corrected), "applied").numbers, [1], "numbers");
    },
  },
  {
    name: "a create with a bad operation behind it creates nothing",
    clause: "G2",
    async run(context) {
      const pod = await context.pod();
      const key = context.key();
      const operations = [create({ context: { text: "x" } }), increment("text")];
      expectEqual(expectOutcome(await pod.commit(key, operations), "invalid").operation, 1, "op");
      expectOutcome(await pod.load(key), "missing");
    },
  },
  {
    name: "a bad create on a tombstone leaves the tombstone",
    clause: "G4, rule 4",
    async run(context) {
      const held = await context.session();
      await held.apply([destroy]);
      const operations = [create({ context: { text: "x" } }), increment("text")];
      expectOutcome(await held.pod.commit(held.key, operations), "invalid");
      const gone = expectOutcome(await held.load(), "gone");
      expectEqual(gone.reason, "destroyed", "the reason");
      expectEqual(gone.incarnation, held.incarnation, "the incarnation");
    },
  },
  {
    name: "a reader never sees half of a batch",
    clause: "G2",
    async run(context) {
      const held = await context.session({ context: { a: 0, b: 0 }, capacity: 1 });
      await held.apply([append(0)]);
      const reader = await context.pod();
      let done = false;
      const write = async () => {
        for (let round = 1; round <= 40; round++) {
          await held.apply([set("a", round), append(round), increment("b", 1)]);
          await context.turn();
        }
      };
      const read = async () => {
        while (!done) {
          const { context: fields, trajectory } = await reader.state(held.key);
          const [a, b] = [Number(fields.get("a")), Number(fields.get("b"))];
          expectEqual([b, ...heads(trajectory)], [a, a], "the parts of one batch");
          await context.turn();
        }
      };
      await Promise.all([write().finally(() => done = true), read()]);
    },
  },
];
