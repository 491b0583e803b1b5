/**
 * A copy given back to a store that lost its memory (rule 14). The store under test stands for one that did: the copy
 * of a session is given back under another key, where nothing is.
 *
 * @module
 */

import type { SessionState, WriterEntry } from "../../public.ts";
import type { ConformanceCase, ConformanceContext } from "../case.ts";
import { expectEqual, expectOutcome, expectTrue } from "../expect.ts";
import { append, heads, increment, set, touch, vector } from "../operations.ts";
import type { Held, NewSession } from "../pod.ts";
import { Inbox } from "../inbox.ts";
import { randomId } from "../random.ts";

/** The theme's cases. */
export const healing: readonly ConformanceCase[] = [
  theCase("a copy given back to an absent key is the session again, whole", async (context) => {
    const held = await context.session({
      context: { plan: "é😀", ["__proto__"]: 1, "a\0b": -0.5, "": null },
      lifetimeMs: 90_000,
    });
    await held.by(await context.pod()).apply([increment("n", 0.1), append(1, -0)]);
    const { again, state } = await lost(context, held);
    await again.restore(state);
    expectEqual(await again.by(await context.pod()).state(), state, "the state");
  }),
  theCase("a healed trajectory keeps its order, and goes on", async (context) => {
    const { again, state } = await lostSession(context, { capacity: 3 }, async (held) => {
      for (let index = 1; index <= 5; index++) await held.apply([append(index)]);
    });
    await again.restore(state);
    expectEqual(heads((await again.state()).trajectory), [3, 4, 5], "the trajectory");
    await again.apply([append(6)]);
    expectEqual(heads((await again.state()).trajectory), [4, 5, 6], "after one more");
  }),
  theCase("a healed trajectory that was not full takes more", async (context) => {
    const { again, state } = await lostSession(context, { capacity: 3 }, async (held) => {
      await held.apply([append(1), append(2)]);
    });
    await again.restore(state);
    await again.apply([append(3), append(4)]);
    expectEqual(heads((await again.state()).trajectory), [2, 3, 4], "the trajectory");
  }),
  theCase("a retry of what the copy has is a duplicate after the heal", async (context) => {
    const held = await context.session();
    const other = held.by(await context.pod());
    const batch = other.batch([increment("n")]);
    const { identity } = expectOutcome(await other.send(batch), "applied");
    const { again, state } = await lost(context, held);
    await again.restore(state);
    const duplicate = expectOutcome(await again.send(batch), "duplicate");
    expectEqual(duplicate.incarnation, identity.incarnation, "the incarnation");
    expectEqual(duplicate.version, identity.version, "the version");
    expectEqual(await again.value("n"), 1, "the counter");
  }),
  theCase("a retry of what the copy has not is applied once after the heal", async (context) => {
    const { held, again, state } = await lostSession(context);
    const batch = held.batch([increment("n")]);
    await again.restore(state);
    expectOutcome(await again.send(batch), "applied");
    expectOutcome(await again.send(batch), "duplicate");
    expectEqual(await again.value("n"), 1, "the counter");
  }),
  theCase("the next commit applies with prev and ifVersion of the copy", async (context) => {
    const { held, again, state } = await lostSession(context);
    await again.restore(state);
    const prev = state.writers.get(held.pod.writer)!.seq;
    const reply = await again.apply([set("a", 2)], { prev, ifVersion: held.identity });
    expectEqual(reply.identity.version, state.version + 1, "the version");
  }),
  theCase("prev beyond what the copy has of the writer is behind", async (context) => {
    const { again, state } = await lostSession(context);
    await again.restore(state);
    expectOutcome(await again.commit([increment("n")], { prev: 7 }), "behind");
  }),
  theCase("what was too old to tell before the heal is so after it", async (context) => {
    const { again, state } = await lostSession(context);
    const floorMs = again.pod.storeTimeMs;
    await again.restore({ ...state, floorMs });
    const stranger = again.by(await context.pod());
    expectOutcome(await stranger.commit([increment("n")], { firstSentAtMs: floorMs }), "unknown");
    expectEqual((await again.state()).floorMs, floorMs, "the floor");
  }),
  theCase("no renewal passes the absolute expiry of a healed session", async (context) => {
    const { again, state } = await lostSession(context, { lifetimeMs: 90_000 });
    await again.restore(state);
    const { expiresAtMs } = await again.apply([touch], { ttlMs: 500_000 });
    expectEqual(expiresAtMs, state.absoluteExpiresAtMs, "the expiry");
  }),
  theCase("limits count what the copy brought", async (context) => {
    const { again, state } = await lostSession(context, {}, async (held) => {
      await held.apply([append(1, 2)]);
    });
    await again.restore(state);
    const limits = { maxFields: 1, maxBytes: 10 };
    const crowded = await again.commit([set("b", 1)], { limits: { ...limits, maxBytes: 1_000 } });
    expectEqual(expectOutcome(crowded, "invalid").reason, "too-many-fields", "the reason");
    const large = await again.commit([set("a", 22)], { limits });
    expectEqual(expectOutcome(large, "invalid").size, 11, "the size");
    const other = expectOutcome(await again.commit([append(1)]), "invalid");
    expectEqual([other.reason, other.limit], ["wrong-dimension", 2], "the reason");
  }),
  theCase("a healed session expires when the copy did", async (context) => {
    const { again, state } = await shortLived(context);
    await context.passed(state.expiresAtMs);
    expectEqual(expectOutcome(await again.load(), "gone").reason, "expired", "the reason");
  }),
  theCase(
    "a healed session is kept for its grace, and takes what was accepted in time",
    async (context) => {
      const { again, state } = await shortLived(context);
      await context.passed(state.expiresAtMs);
      const acceptedMs = state.expiresAtMs - 1;
      const accepted = { firstMs: acceptedMs, lastMs: acceptedMs };
      await again.apply([increment("n")], { accepted });
      expectEqual(await again.value("n"), 1, "the counter");
    },
  ),
  theCase("a healed session is dropped after its grace", async (context) => {
    const graceMs = 20;
    const { again, state } = await shortLived(context, graceMs);
    await context.passed(state.expiresAtMs + graceMs);
    expectOutcome(await again.load(), "missing");
  }),
  theCase("a heal executed after its deadline is late, and puts nothing back", async (context) => {
    const { again, state } = await lostSession(context);
    await context.passed(again.pod.storeTimeMs + 1);
    expectOutcome(await again.heal(state, { notAfterMs: again.pod.storeTimeMs - 1 }), "late");
    expectOutcome(await again.load(), "missing");
  }),
  theCase("a copy that has run out is late", async (context) => {
    const { again, state } = await lostSession(context);
    const expiresAtMs = again.pod.storeTimeMs;
    expectOutcome(await again.heal({ ...state, expiresAtMs }), "late");
    expectOutcome(await again.load(), "missing");
  }),
  theCase("a copy given back by two pods at once is put back once", async (context) => {
    const { again, state } = await lostSession(context);
    const other = again.by(await context.pod());
    const replies = await Promise.all([again.heal(state), other.heal(state), again.heal(state)]);
    const outcomes = replies.map(({ outcome }) => outcome).sort();
    expectEqual(outcomes, ["healed", "intact", "intact"], "the outcomes");
    expectEqual(await again.state(), state, "the state");
  }),
  theCase("a large copy is put back whole", async (context) => {
    const { again, state } = await lostSession(context, { capacity: 600 });
    const large: SessionState = {
      ...state,
      context: new Map(numbered(256, (index) => [`field-${index}`, `"${"x".repeat(index)}"`])),
      trajectory: Array.from({ length: 600 }, (_, index) => vector(index, ...Array(31).fill(-1))),
      writers: new Map(numbered(300, (index) => [randomId("w"), writerEntry(state, index + 1)])),
    };
    await again.restore(large);
    expectEqual(await again.state(), large, "the state");
  }),
  theCase("a healed session is listed", async (context) => {
    const { again, state } = await lostSession(context);
    await again.restore(state);
    expectTrue((await again.pod.list(again.key)).has(again.key), "it should be listed");
  }),
  theCase("the store's time comes with every answer to a heal", async (context) => {
    const { again, state } = await lostSession(context);
    const beforeMs = again.pod.storeTimeMs;
    for (const notAfterMs of [beforeMs - 1, beforeMs + 60_000, beforeMs + 60_000]) {
      const { storeTimeMs } = await again.heal(state, { notAfterMs });
      expectTrue(
        storeTimeMs >= beforeMs && storeTimeMs <= (await context.pod()).storeTimeMs,
        `the store's time should be after ${beforeMs}, but is ${storeTimeMs}`,
      );
    }
  }),
  {
    name: "a pod that healed holds the session, and is told of the next commit",
    clause: "G5, rule 14",
    needs: ["heal", "inbox"],
    async run(context) {
      const { again, state } = await lostSession(context);
      const healer = again.by(await context.pod());
      const inbox = await Inbox.of(healer.pod);
      await healer.restore(state, { holder: healer.pod.holder });
      await again.apply([set("a", 2)], { holder: again.pod.holder });
      await context.until("word of the commit", () => inbox.heard.length > 0);
      expectEqual(inbox.heard[0]!.version, state.version + 1, "the version");
    },
  },
  {
    name: "a record that cannot be read is corrupt to a heal, and left as it is",
    clause: "stored form",
    needs: ["heal", "corrupt:unknown-format"],
    async run(context) {
      const held = await context.session({ context: { secret: "do-not-tell" } });
      const state = await held.state();
      await context.subject.corrupt!["unknown-format"]!(held.key);
      const later = { ...state, version: 9, tag: "w-other:1" };
      const { detail } = expectOutcome(await held.heal(later), "corrupt");
      expectTrue(!detail.includes("do-not-tell"), "the detail should tell no values");
      expectOutcome(await held.load(), "corrupt");
    },
  },
];

function theCase(
  name: string,
  run: (context: ConformanceContext) => Promise<void>,
): ConformanceCase {
  return { name, clause: "rule 14, trace 17", needs: "heal", run };
}

/** What is left of a session whose store lost it: a copy, and a key where nothing is. */
interface Lost {
  readonly held: Held;
  readonly again: Held;
  readonly state: SessionState;
}

async function lost(context: ConformanceContext, held: Held): Promise<Lost> {
  return { held, again: held.at(context.key()), state: await held.state() };
}

/** A session with the field `a`, lost after `edit`. */
async function lostSession(
  context: ConformanceContext,
  options: NewSession = {},
  edit: (held: Held) => Promise<void> = () => Promise.resolve(),
): Promise<Lost> {
  const held = await context.session({ context: { a: 1 }, ...options });
  await edit(held);
  return await lost(context, held);
}

/** A session that was given back, and soon runs out. */
async function shortLived(context: ConformanceContext, graceMs = 30_000): Promise<Lost> {
  return await context.inTime(async () => {
    const short = await lostSession(context, { batch: { ttlMs: context.shortMs } });
    await short.again.restore(short.state, { graceMs });
    return short;
  });
}

function numbered<Value>(count: number, make: (index: number) => Value): Value[] {
  return Array.from({ length: count }, (_, index) => make(index));
}

function writerEntry({ incarnation, incarnationAtMs }: SessionState, version: number): WriterEntry {
  return { seq: version, incarnation, version, atMs: incarnationAtMs, occupied: version % 2 === 0 };
}
