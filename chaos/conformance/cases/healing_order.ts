/**
 * A copy given back where something is already: which of the two has what the other has not (rule 15), and which of two
 * incarnations was made later (rule 16).
 *
 * @module
 */

import type { SessionState } from "../../public.ts";
import type { ConformanceCase, ConformanceContext } from "../case.ts";
import { expectEqual, expectOutcome } from "../expect.ts";
import { append, create, destroy, finish, freeze, increment, remove, set } from "../operations.ts";
import type { Held, NewSession } from "../pod.ts";
import { randomId } from "../random.ts";

/** The theme's cases. */
export const healingOrder: readonly ConformanceCase[] = [
  theCase("an older record of the same incarnation is replaced by the copy", async (context) => {
    const { held, again } = await rolledBack(context, { context: { a: 1, b: 2 } });
    await held.by(await context.pod()).apply([remove("b"), set("c", 3), append(1)]);
    await held.apply([increment("a")]);
    const state = await held.state();
    await again.restore(state);
    expectEqual(await again.state(), state, "the state");
  }),
  theCase("a record that is the copy is intact", async (context) => {
    const { again, state } = await rolledBack(context);
    expectOutcome(await again.heal(state), "intact");
    expectEqual(await again.state(), state, "the state");
  }),
  theCase("a record that is newer than the copy is intact", async (context) => {
    const { again, state } = await rolledBack(context);
    await again.by(await context.pod()).apply([set("a", 2)]);
    await again.apply([set("a", 3)]);
    await expectLeft(again, state, "intact");
  }),
  theCase("a moving session that has all of the copy is intact", async (context) => {
    const { again, state } = await rolledBack(context);
    const nonce = randomId("r");
    await again.apply([freeze(nonce, context.key())], { writer: nonce, seq: 1 });
    expectOutcome(await again.heal(state), "intact");
    expectOutcome(await again.load(), "moving");
  }),
  theCase("a newer version alone does not overwrite another pod's write", async (context) => {
    const { held, again } = await rolledBack(context);
    await again.by(await context.pod()).apply([set("a", "theirs")]);
    await held.apply([set("a", 2)]);
    await held.apply([set("a", 3)]);
    await expectLeft(again, await held.state(), "diverged");
  }, "rule 15, trace 14"),
  theCase("a newer version does not overwrite the own later write", async (context) => {
    const { held, again } = await rolledBack(context);
    const other = held.by(await context.pod());
    await other.apply([set("a", 2)]);
    await other.apply([set("a", 3)]);
    await again.apply([set("a", "theirs")]);
    await expectLeft(again, await held.state(), "diverged");
  }, "rule 15, trace 14"),
  theCase("the same version made by another writer is diverged", async (context) => {
    const { held, again } = await rolledBack(context);
    await again.by(await context.pod()).apply([set("a", "theirs")]);
    await held.apply([set("a", 2)]);
    await expectLeft(again, await held.state(), "diverged");
  }),
  theCase("a newer record without one of the copy's writes is diverged", async (context) => {
    const { held, again } = await rolledBack(context);
    const other = again.by(await context.pod());
    await other.apply([set("a", "theirs")]);
    await other.apply([set("a", "theirs too")]);
    await held.apply([set("a", 2)]);
    await expectLeft(again, await held.state(), "diverged");
  }),
  theCase("what the copy dropped of old writers makes it not diverge", async (context) => {
    const { held, again } = await rolledBack(context, {}, oldWriter);
    await forget(context, held);
    const state = await held.state();
    await again.restore(state);
    expectEqual((await again.state()).context, state.context, "the context");
  }, "rule 15, rule 3"),
  theCase("what the store dropped of old writers makes it not diverge", async (context) => {
    const { again, state } = await rolledBack(context, {}, oldWriter);
    await forget(context, again);
    await expectLeft(again, state, "intact");
  }, "rule 15, rule 3"),
  theCase("a record that expired, and that nobody closed, takes a newer copy", async (context) => {
    const { held, again, state } = await context.inTime(() =>
      rolledBack(context, { batch: { ttlMs: context.shortMs } }, async (made) => {
        await made.apply([set("a", 1)], { ttlMs: 1 });
      })
    );
    await context.passed(state.expiresAtMs);
    const accepted = { firstMs: state.expiresAtMs - 1, lastMs: state.expiresAtMs - 1 };
    await held.apply([set("a", 2)], { accepted });
    await again.restore(await held.state());
    expectEqual(await again.value("a"), 2, "the value");
  }),
  theCase("an incarnation that was destroyed is gone, and stays so", async (context) => {
    const { again, state } = await rolledBack(context);
    await again.by(await context.pod()).apply([destroy]);
    const newer = { ...state, version: 9, tag: "w-other:1" };
    const gone = expectOutcome(await again.heal(newer), "gone");
    expectEqual(gone.reason, "destroyed", "the reason");
    expectOutcome(await again.load(), "gone");
  }, "rule 16, rule 17, trace 18"),
  theCase("an incarnation that was rotated away is gone: rotated", async (context) => {
    const { again, state } = await rolledBack(context);
    const nonce = randomId("r");
    await again.apply([freeze(nonce, context.key())], { writer: nonce, seq: 1 });
    await again.apply([finish(nonce)], { writer: nonce, seq: 2 });
    expectEqual(expectOutcome(await again.heal(state), "gone").reason, "rotated", "the reason");
  }, "rule 16"),
  theCase(
    "an incarnation that expired, as somebody was told, is gone: expired",
    async (context) => {
      const { again, state } = await rolledBack(context, { batch: { ttlMs: context.shortMs } });
      await context.passed(state.expiresAtMs);
      expectOutcome(await again.load(), "gone");
      const longer = { ...state, version: 9, expiresAtMs: again.pod.storeTimeMs + 60_000 };
      expectEqual(expectOutcome(await again.heal(longer), "gone").reason, "expired", "the reason");
    },
    "rule 16, rule 18",
  ),
  theCase(
    "the tombstone of an earlier incarnation gives way, but its writers stay",
    async (context) => {
      const { earlier, later } = await twoIncarnations(context);
      const batch = earlier.batch([destroy]);
      expectOutcome(await earlier.send(batch), "applied");
      const state = await later.state();
      const healed = later.at(earlier.key);
      const { displaced } = await healed.restore(state);
      expectEqual(displaced, undefined, "the version that gave way");
      expectEqual((await healed.state()).context, state.context, "the context");
      expectOutcome(await earlier.send(batch), "duplicate");
    },
    "rule 16, rule 4",
  ),
  theCase("the tombstone of a later incarnation stays", async (context) => {
    const { earlier, later } = await twoIncarnations(context);
    const state = await earlier.state();
    await later.apply([destroy]);
    expectOutcome(await earlier.at(later.key).heal(state), "superseded");
    expectEqual(expectOutcome(await later.load(), "gone").incarnation, later.incarnation, "whose");
  }, "rule 16"),
  theCase(
    "an earlier incarnation that lives is replaced, but its writers stay",
    async (context) => {
      const { earlier, later } = await twoIncarnations(context);
      const batch = earlier.batch([increment("n"), append(1), append(2)]);
      expectOutcome(await earlier.send(batch), "applied");
      const state = await later.state();
      const { version } = await earlier.state();
      const healed = later.at(earlier.key);
      const { displaced } = await healed.restore(state);
      expectEqual(displaced, version, "the version that gave way");
      const { writers, ...rest } = await healed.state();
      const { writers: own, ...expected } = state;
      expectEqual(rest, expected, "the state");
      expectEqual([...own.keys()].every((id) => writers.has(id)), true, "the copy's writers");
      expectEqual(
        expectOutcome(await earlier.send(batch), "duplicate").incarnation,
        earlier.incarnation,
        "whose batch",
      );
    },
    "rule 16, rule 4",
  ),
  theCase("a later incarnation that lives stays", async (context) => {
    const { earlier, later } = await twoIncarnations(context);
    const older = earlier.at(later.key);
    await expectLeft(later, { ...await earlier.state(), version: 9 }, "superseded");
    expectOutcome(await older.commit([increment("n")]), "gone");
  }, "rule 16"),
  theCase(
    "a destroy on an absent key stops the heal of what it named, and of what was made earlier",
    async (context) => {
      const { earlier, later } = await twoIncarnations(context);
      const pod = await context.pod();
      const destroyed = later.by(pod).at(context.key());
      const { incarnationAtMs } = await later.state();
      await destroyed.apply([{ kind: "destroy", incarnationAtMs }]);
      expectOutcome(await destroyed.heal(await later.state()), "gone");
      expectOutcome(await destroyed.heal(await earlier.state()), "superseded");
      expectOutcome(await destroyed.load(), "gone");
    },
    "rule 17, rule 16, trace 18",
  ),
  theCase(
    "a destroy on an absent key does not stop the heal of what was made later",
    async (context) => {
      const { earlier, later } = await twoIncarnations(context);
      const destroyed = earlier.by(await context.pod()).at(context.key());
      const { incarnationAtMs } = await earlier.state();
      await destroyed.apply([{ kind: "destroy", incarnationAtMs }]);
      await later.at(destroyed.key).restore(await later.state());
      expectOutcome(await destroyed.commit([create({ nonce: later.incarnation })]), "applied");
      await later.at(destroyed.key).state();
    },
    "rule 17, rule 16",
  ),
  theCase("a destroy on an absent key that does not say when stops every heal", async (context) => {
    const { earlier, later } = await twoIncarnations(context);
    await context.passed(later.made.storeTimeMs);
    const destroyed = earlier.by(await context.pod()).at(context.key());
    await destroyed.apply([destroy]);
    expectOutcome(await destroyed.heal(await later.state()), "superseded");
  }, "rule 17, rule 16"),
];

function theCase(
  name: string,
  run: (context: ConformanceContext) => Promise<void>,
  clause = "rule 15",
): ConformanceCase {
  return { name, clause, needs: "heal", run };
}

/**
 * A session, and another key where it is as it was when the store's last snapshot was taken: what is done to either
 * from then on the other has not.
 */
async function rolledBack(
  context: ConformanceContext,
  options: NewSession = {},
  before: (held: Held) => Promise<void> = () => Promise.resolve(),
): Promise<{ held: Held; again: Held; state: SessionState }> {
  const held = await context.session({ context: { a: 1 }, ...options });
  await before(held);
  const state = await held.state();
  const again = held.at(context.key());
  await again.restore(state);
  return { held, again, state };
}

/** Two sessions, one made surely later than the other. */
async function twoIncarnations(
  context: ConformanceContext,
): Promise<{ earlier: Held; later: Held }> {
  const earlier = await context.session({ context: { a: 1 } });
  await context.passed(earlier.made.storeTimeMs);
  const later = await context.session({ context: { b: 2 } });
  return { earlier, later };
}

/** Requires the copy to be answered so, and the record to be left as it is. */
async function expectLeft(
  held: Held,
  copy: SessionState,
  outcome: "intact" | "diverged" | "superseded",
): Promise<void> {
  const before = await held.state();
  expectOutcome(await held.heal(copy), outcome, "the heal");
  expectEqual(await held.state(), before, "the state");
}

async function oldWriter(held: Held): Promise<void> {
  await held.apply([increment("n")], { writer: randomId("w"), seq: 1 });
}

/** A write after which the record need not remember the writers before it. */
async function forget(context: ConformanceContext, held: Held): Promise<void> {
  await context.passed(held.pod.storeTimeMs + 30);
  await held.by(await context.pod()).apply([set("a", 2)], { writerRetentionMs: 20 });
}
