/**
 * A refusal changes nothing: neither the state nor the writer's entry, or a retry would be told "duplicate".
 *
 * @module
 */

import type { ConformanceCase, ConformanceContext } from "../case.ts";
import { expectEqual, expectOutcome } from "../expect.ts";
import { append, destroy, increment, set } from "../operations.ts";
import type { CommitBatch, CommitReply } from "../../public.ts";
import type { Held } from "../pod.ts";

/** The theme's cases. */
export const refusals: readonly ConformanceCase[] = [
  refusal("conflict", (held) => ({ ifVersion: { ...held.identity, version: 9 } })),
  refusal("behind", () => ({ prev: 999 })),
  refusal("late", (held) => ({ notAfterMs: held.pod.storeTimeMs - 1 })),
  refusal("gone", () => ({ incarnation: "n-other" })),
  {
    name: "a write refused as gone is gone again when retried, not duplicate",
    clause: "rule 3, trace 21",
    async run(context) {
      const held = await context.session();
      const other = held.by(await context.pod());
      await held.apply([destroy]);
      const batch = other.batch([increment("n")]);
      expectOutcome(await other.send(batch), "gone");
      expectOutcome(await other.send(batch), "gone");
    },
  },
  {
    name: "a write refused as gone applies to the next incarnation under the same seq",
    clause: "rule 7, trace 6",
    async run(context) {
      const held = await context.session();
      const stale = held.by(await context.pod());
      await held.apply([destroy]);
      const next = await context.session({ key: held.key, pod: held.pod });
      const batch = stale.batch([increment("n")]);
      const gone = expectOutcome(await stale.send(batch), "gone");
      expectEqual(gone.alive, next.incarnation, "the incarnation alive");
      const again = await stale.send({ ...batch, incarnation: next.incarnation });
      expectEqual(expectOutcome(again, "applied").numbers, [1], "the numbers");
    },
  },
  {
    name: "a write refused as missing applies under the same seq once there is a session",
    clause: "rule 3",
    async run(context) {
      const pod = await context.pod();
      const key = context.key();
      const batch = pod.batch([increment("n")], { incarnation: "n-x" });
      expectOutcome(await pod.send(key, batch), "missing");
      const held = await context.session({ key });
      const again = await pod.send(key, { ...batch, incarnation: held.incarnation });
      expectOutcome(again, "applied");
    },
  },
  {
    name: "a destroy refused as gone leaves the session that lives, and hits it when sent to it",
    clause: "rule 7, trace 6",
    async run(context) {
      const held = await context.session();
      const stale = held.by(await context.pod());
      const batch = stale.batch([destroy], { incarnation: "n-stale" });
      const gone = expectOutcome(await stale.send(batch), "gone");
      expectEqual(gone.alive, held.incarnation, "the incarnation alive");
      await held.state();
      const again = await stale.send({ ...batch, incarnation: held.incarnation });
      expectEqual(expectOutcome(again, "applied").found, true, "found");
      expectOutcome(await held.load(), "gone");
    },
  },
];

/** A batch that is refused, then sent again without what it was refused for, under the same seq. */
function refusal(
  outcome: CommitReply["outcome"],
  fault: (held: Held) => Partial<CommitBatch>,
): ConformanceCase {
  return {
    name: `a commit answered ${outcome} changes nothing, and applies under the same seq later`,
    clause: "rule 3",
    async run(context: ConformanceContext) {
      const held = await context.session({ context: { a: 1 } });
      const before = await held.state();
      const batch = held.batch([set("a", 2), increment("n"), append(1)]);
      expectOutcome(await held.send({ ...batch, ttlMs: 600_000, ...fault(held) }), outcome);
      expectEqual(await held.state(), before, "the state");
      const again = expectOutcome(await held.send(batch), "applied");
      expectEqual(again.numbers, [1], "the numbers");
    },
  };
}
