/**
 * Many writers at once.
 *
 * @module
 */

import type { ConformanceCase } from "../case.ts";
import { expectEqual, expectOutcome } from "../expect.ts";
import { append, create, destroy, heads, increment, set } from "../operations.ts";
import type { Held } from "../pod.ts";
import { randomId } from "../random.ts";

/** The theme's cases. */
export const concurrency: readonly ConformanceCase[] = [
  {
    name: "200 increments of each of two pods at once all count, each with a number of its own",
    clause: "G2",
    async run(context) {
      const held = await context.session();
      const other = held.by(await context.pod());
      // Batches of one writer have to arrive in order, so each of these is a writer by itself.
      const replies = await Promise.all(
        Array.from(
          { length: 400 },
          (_, index) =>
            (index % 2 ? other : held).apply([increment("n")], { writer: randomId("w"), seq: 1 }),
        ),
      );
      const numbers = replies.flatMap((reply) => reply.numbers).sort((a, b) => a - b);
      expectEqual(numbers, Array.from({ length: 400 }, (_, index) => index + 1), "the numbers");
      const versions = new Set(replies.map((reply) => reply.identity.version));
      expectEqual(versions.size, 400, "versions made");
      expectEqual(await held.value("n"), 400, "the counter");
    },
  },
  {
    name: "appends of two pods at once all land, each pod's in its order",
    clause: "G2",
    async run(context) {
      const held = await context.session({ capacity: 60 });
      const other = held.by(await context.pod());
      const write = async (pod: Held, base: number) => {
        for (let index = 0; index < 25; index++) await pod.apply([append(base + index)]);
      };
      await Promise.all([write(held, 0), write(other, 100)]);
      const landed = heads((await held.state()).trajectory);
      const expected = Array.from({ length: 25 }, (_, index) => index);
      expectEqual(landed.filter((head) => head < 100), expected, "one pod's appends");
      const others = expected.map((index) => index + 100);
      expectEqual(landed.filter((head) => head >= 100), others, "the other's appends");
    },
  },
  {
    name: "read-modify-write with ifVersion is serialisable among four pods",
    clause: "G2, rule 19",
    async run(context) {
      const held = await context.session({ context: { n: 0 } });
      const pods = await Promise.all(Array.from({ length: 4 }, () => context.pod()));
      await Promise.all(pods.map((pod) => addOneByOne(held.by(pod), 10)));
      expectEqual(await held.value("n"), 40, "the counter");
      expectEqual((await held.state()).version, 41, "the version");
    },
  },
  {
    name: "sessions are destroyed and created again at once, and never two at a time",
    clause: "G4",
    async run(context) {
      const key = context.key();
      const pods = await Promise.all(Array.from({ length: 4 }, () => context.pod()));
      const made = new Set<string>();
      const killed: string[] = [];
      await Promise.all(pods.map(async (pod) => {
        for (let round = 0; round < 10; round++) {
          const reply = expectOutcome(await pod.commit(key, [create()]), "applied");
          const { incarnation } = reply.identity;
          if (reply.created) made.add(incarnation);
          const end = await pod.commit(key, [destroy], { incarnation });
          if (end.outcome === "applied") killed.push(incarnation);
          else expectOutcome(end, "gone");
        }
      }));
      expectEqual(killed.length, new Set(killed).size, "each session destroyed once");
      expectEqual([...killed].sort(), [...made].sort(), "the sessions destroyed");
    },
  },
  {
    name: "increments of two processes at once all count",
    clause: "G2",
    needs: "otherProcess",
    async run(context) {
      const held = await context.session();
      const increments = 200;
      const task = {
        key: held.key,
        incarnation: held.incarnation,
        writer: randomId("w"),
        field: "n",
        increments,
        firstSentAtMs: held.pod.storeTimeMs,
      };
      let done = false;
      let own = 0;
      const write = async () => {
        while (!done || own < increments) {
          await held.apply([increment("n")]);
          own += 1;
          await context.turn();
        }
      };
      const other = context.subject.otherProcess!(task).finally(() => done = true);
      await Promise.all([other, write()]);
      expectEqual(await held.value("n"), own + increments, "the counter");
    },
  },
];

async function addOneByOne(held: Held, count: number): Promise<void> {
  for (let index = 0; index < count; index++) {
    const batch = held.batch([]);
    for (;;) {
      const state = await held.state();
      const next = Number(state.context.get("n")) + 1;
      const { incarnation, version, tag } = state;
      const reply = await held.send({
        ...batch,
        ifVersion: { incarnation, version, tag },
        operations: [set("n", next)],
      });
      if (reply.outcome === "applied") break;
      expectOutcome(reply, "conflict");
    }
  }
}
