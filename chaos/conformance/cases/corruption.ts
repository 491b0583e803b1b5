/**
 * Records that cannot be read: an answer for that session only, and the record left as it is.
 *
 * @module
 */

import type { ConformanceCase } from "../case.ts";
import { expectEqual, expectOutcome, expectTrue } from "../expect.ts";
import { append, create, destroy, increment, set } from "../operations.ts";
import type { Corruption } from "../subject.ts";

const SECRET = "do-not-tell";

/** The theme's cases. */
export const corruption: readonly ConformanceCase[] = [
  ...(["unknown-format", "garbled-meta"] as const).flatMap((how) =>
    [
      {
        name: `a record with ${how} is corrupt to a load, which tells none of its values`,
        clause: "stored form",
        needs: `corrupt:${how}` as const,
        async run(context) {
          const held = await context.session({ context: { secret: SECRET } });
          await context.subject.corrupt![how]!(held.key);
          const { detail } = expectOutcome(await held.load(), "corrupt");
          expectTrue(detail.length > 0, "the detail should say what is wrong");
          expectTrue(!detail.includes(SECRET), "the detail should tell no values");
          const known = held.identity;
          expectOutcome(await held.load({ known, holder: held.pod.holder }), "corrupt");
        },
      },
      {
        name: `a record with ${how} is corrupt to every command, and left as it is`,
        clause: "stored form",
        needs: `corrupt:${how}` as const,
        async run(context) {
          const held = await context.session({ context: { secret: SECRET } });
          await context.subject.corrupt![how]!(held.key);
          const { detail } = expectOutcome(await held.load(), "corrupt");
          for (const operation of [set("a", 1), increment("n"), destroy, create()]) {
            const reply = expectOutcome(await held.commit([operation]), "corrupt");
            expectTrue(!reply.detail.includes(SECRET), "the detail should tell no values");
          }
          expectEqual(expectOutcome(await held.load(), "corrupt").detail, detail, "the detail");
        },
      },
      {
        name: `a record with ${how} disturbs no other session, nor the listing`,
        clause: "stored form",
        needs: `corrupt:${how}` as const,
        async run(context) {
          const pod = await context.pod();
          const held = await context.session({ pod });
          const other = await context.session({ pod });
          await context.subject.corrupt![how]!(held.key);
          expectOutcome(await held.load(), "corrupt");
          await other.apply([increment("n")]);
          expectEqual(await other.value("n"), 1, "the other's counter");
          expectTrue((await pod.list(context.prefix)).has(other.key), "the other should be listed");
        },
      },
    ] satisfies ConformanceCase[]
  ),
  {
    name: "a record with a missing vector is corrupt, never a shorter trajectory",
    clause: "stored form",
    needs: "corrupt:missing-vector",
    async run(context) {
      const held = await context.session();
      const other = await context.session({ pod: held.pod });
      await held.apply([append(1), append(2), append(3)]);
      await context.subject.corrupt!["missing-vector"]!(held.key);
      expectOutcome(await held.load(), "corrupt");
      await other.apply([increment("n")]);
    },
  },
  {
    name: "a value that is no JSON is corrupt or handed over as it is, never left out",
    clause: "stored form",
    needs: "corrupt:bad-json",
    async run(context) {
      const held = await context.session({ context: { a: 1, b: 2 } });
      const other = await context.session({ pod: held.pod });
      const how: Corruption = "bad-json";
      await context.subject.corrupt![how]!(held.key);
      const reply = await held.load();
      if (reply.outcome !== "corrupt") {
        expectEqual(expectOutcome(reply, "found").state.context.size, 2, "the number of fields");
      }
      await other.apply([increment("n")]);
    },
  },
];
