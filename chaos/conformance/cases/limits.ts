/**
 * Limits that depend on the state, and so are the store's to check.
 *
 * @module
 */

import type { ConformanceCase } from "../case.ts";
import { expectEqual, expectOutcome } from "../expect.ts";
import { append, create, increment, remove, set } from "../operations.ts";

const fieldsOf = (count: number): Record<string, number> =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`f${index}`, index]));

/** The theme's cases. */
export const limits: readonly ConformanceCase[] = [
  {
    name: "256 fields are taken and the 257th is invalid: too-many-fields",
    clause: "limits, G10",
    async run(context) {
      const held = await context.session({ context: fieldsOf(255) });
      const invalid = expectOutcome(await held.commit([set("a", 1), increment("b")]), "invalid");
      const { operation, reason, size, limit } = invalid;
      const expected = { operation: 1, reason: "too-many-fields", size: 257, limit: 256 };
      expectEqual<unknown>({ operation, reason, size, limit }, expected, "the particulars");
      await held.apply([set("a", 1)]);
      expectEqual((await held.state()).context.size, 256, "the number of fields");
    },
  },
  {
    name: "a session full of fields can still replace, increment, and delete to make room",
    clause: "limits",
    async run(context) {
      const held = await context.session({ context: fieldsOf(256) });
      await held.apply([set("f0", "x"), increment("f1"), remove("f2"), set("new", 1)]);
      const state = await held.state();
      expectEqual(state.context.size, 256, "the number of fields");
      expectEqual(state.context.get("new"), "1", "the new field");
    },
  },
  {
    name: "a create with too many fields is invalid and leaves the key free",
    clause: "limits, G10",
    async run(context) {
      const pod = await context.pod();
      const key = context.key();
      const batch = pod.batch([create({ context: fieldsOf(257) })]);
      const invalid = expectOutcome(await pod.send(key, batch), "invalid");
      expectEqual(invalid.reason, "too-many-fields", "the reason");
      expectEqual(invalid.operation, 0, "the operation");
      expectOutcome(await pod.load(key), "missing");
      const corrected = { ...batch, operations: [create({ context: fieldsOf(256) })] };
      expectOutcome(await pod.send(key, corrected), "applied");
    },
  },
  {
    name: "a session may be exactly as large as the limit, names and values in UTF-8 bytes",
    clause: "limits, G10",
    async run(context) {
      const held = await context.session();
      const maxBytes = 20;
      const tight = { limits: { maxFields: 256, maxBytes } };
      // "é" is two bytes, and "😀" in quotes six.
      await held.apply([set("é", "😀")], tight);
      await held.apply([set("abcd", 12345678)], tight);
      const invalid = expectOutcome(await held.commit([set("a", 1)], tight), "invalid");
      const { reason, size, limit } = invalid;
      const expected = { reason: "session-too-large", size: maxBytes + 2, limit: maxBytes };
      expectEqual<unknown>({ reason, size, limit }, expected, "the particulars");
      expectEqual((await held.state()).context.size, 2, "the number of fields");
    },
  },
  {
    name: "deleting and replacing give bytes back",
    clause: "limits",
    async run(context) {
      const held = await context.session({ context: { a: "x".repeat(50), b: 1 } });
      const tight = { limits: { maxFields: 256, maxBytes: 60 } };
      expectOutcome(await held.commit([set("c", "y".repeat(20))], tight), "invalid");
      await held.apply([remove("a"), set("c", "y".repeat(54))], tight);
      expectOutcome(await held.commit([set("d", 1)], tight), "invalid");
      await held.apply([set("c", "y"), set("d", 1)], tight);
    },
  },
  {
    name: "vectors count, and a full trajectory grows no further",
    clause: "limits, G10",
    async run(context) {
      const held = await context.session({ capacity: 2 });
      const tight = { limits: { maxFields: 256, maxBytes: 19 } };
      await held.apply([append(1, 2), append(3, 4)], tight);
      await held.apply([append(5, 6), append(7, 8)], tight);
      const invalid = expectOutcome(await held.commit([set("ab", 12)], tight), "invalid");
      expectEqual(invalid.reason, "session-too-large", "the reason");
      const roomy = await context.session({ capacity: 3 });
      await roomy.apply([append(1, 2), append(3, 4)], tight);
      expectOutcome(await roomy.commit([append(5, 6)], tight), "invalid");
    },
  },
  {
    name: "a session larger than a lowered limit can still shrink",
    clause: "limits",
    async run(context) {
      const held = await context.session({ context: { a: "x".repeat(100), b: 1 } });
      const tight = { limits: { maxFields: 1, maxBytes: 50 } };
      await held.apply([set("a", "x".repeat(90))], tight);
      await held.apply([remove("a")], tight);
      expectEqual((await held.state()).context.size, 1, "the number of fields");
    },
  },
];
