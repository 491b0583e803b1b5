/**
 * Names and values at their limits: whatever a caller may use has to come back.
 *
 * @module
 */

import type { ConformanceCase } from "../case.ts";
import { expectEqual, expectOutcome } from "../expect.ts";
import { destroy, increment, set } from "../operations.ts";

const ODD_NAMES = [
  "__proto__",
  "constructor",
  "hasOwnProperty",
  "toString",
  "\0",
  "a\0b",
  " ",
  "\n\r\t",
  "é",
  "e\u0301",
  "名前",
  "😀",
  "*",
  "a:b",
  "{a}",
  "%s",
  "'; --",
  '"',
  "\\",
  "0",
  "-1",
  "\u2028",
  "\ufeff",
] as const;

/** What stores are likely to call their own parts. */
const STORE_NAMES = [
  "meta",
  "version",
  "incarnation",
  "created",
  "expires",
  "count",
  "writer",
  "writers",
  "holders",
  "tombstone",
  "state",
  "floor",
  "_",
  "m",
  "v",
  "v0",
  "v:0",
  "t:0",
  "w:1",
  "c:a",
  "f:a",
  "@",
  "$",
  "!",
  "#",
] as const;

/** The theme's cases. */
export const names: readonly ConformanceCase[] = [
  oddNames("any field name comes back, unlike each other even where they look alike", ODD_NAMES),
  oddNames("field names that a store might use itself do not touch the record", STORE_NAMES),
  {
    name: "odd field names can be incremented and deleted",
    clause: "G2",
    async run(context) {
      const held = await context.session();
      await held.apply(ODD_NAMES.map((field) => increment(field, 1)));
      const { numbers } = await held.apply(ODD_NAMES.map((field) => increment(field, 1)));
      expectEqual(numbers, ODD_NAMES.map(() => 2), "the numbers");
      await held.apply(ODD_NAMES.map((field) => ({ kind: "delete", field }) as const));
      expectEqual((await held.state()).context.size, 0, "the number of fields");
    },
  },
  {
    name: "a field name of 128 bytes and a value of 64 KiB come back",
    clause: "G1, limits",
    async run(context) {
      const field = "é".repeat(64);
      const text = "😀".repeat(16_383);
      const held = await context.session({ context: { [field]: text } });
      expectEqual(await held.value(field), text, "the value");
      await held.apply([set(field, text.slice(2))]);
      expectEqual(await held.value(field), text.slice(2), "the value set later");
    },
  },
  {
    name: "a key of 600 bytes is a key like another",
    clause: "G7",
    async run(context) {
      const long = context.key().padEnd(600, "x");
      const held = await context.session({ key: `${long}1`, context: { a: 1 } });
      expectOutcome(await held.pod.load(`${long}2`), "missing");
      await held.apply([increment("a")]);
      expectEqual(await held.value("a"), 2, "the counter");
    },
  },
  {
    name: "keys with glob characters, spaces and letters beyond ASCII name one session each",
    clause: "G7",
    async run(context) {
      const pod = await context.pod();
      const keys = ["*", "?", "[a]", "a", "\\a", "ä", "a\u0308", "A", " a", "%", "_"].map(
        (end) => context.prefix + end,
      );
      for (const key of keys) await context.session({ pod, key, context: { key } });
      for (const key of keys) {
        expectEqual((await pod.state(key)).context.get("key"), JSON.stringify(key), "the value");
      }
      const [first, ...others] = keys as [string, ...string[]];
      const { incarnation } = await pod.state(first);
      expectOutcome(await pod.commit(first, [destroy], { incarnation }), "applied");
      for (const key of others) await pod.state(key);
    },
  },
];

function oddNames(name: string, odd: readonly string[]): ConformanceCase {
  return {
    name,
    clause: "G1, G7",
    async run(context) {
      const held = await context.session();
      await held.apply(odd.map((field) => set(field, field)));
      const expected = new Map(odd.map((field) => [field, JSON.stringify(field)]));
      expectEqual((await held.state()).context, expected, "the context");
      // The record still works: its own parts were not overwritten.
      const { numbers } = await held.apply([increment("counter", 2)]);
      expectEqual(numbers, [2], "the counter");
      expectEqual((await held.state()).context.size, odd.length + 1, "the number of fields");
    },
  };
}
