/**
 * Setting and deleting context fields.
 *
 * @module
 */

import type { ConformanceCase } from "../case.ts";
import { expectEqual } from "../expect.ts";
import { increment, remove, set } from "../operations.ts";
import type { Held } from "../pod.ts";

/** The theme's cases. */
export const fields: readonly ConformanceCase[] = [
  {
    name: "a set replaces one field and leaves the others",
    clause: "G2",
    async run(context) {
      const held = await context.session({ context: { a: 1, b: 2 } });
      await held.apply([set("a", "new"), set("c", null)]);
      const expected = new Map([["a", '"new"'], ["b", "2"], ["c", "null"]]);
      expectEqual((await held.state()).context, expected, "the context");
    },
  },
  {
    name: "a delete removes one field and leaves the others",
    clause: "G2",
    async run(context) {
      const held = await context.session({ context: { a: 1, b: 2 } });
      await held.apply([remove("a")]);
      expectEqual((await held.state()).context, new Map([["b", "2"]]), "the context");
    },
  },
  {
    name: "deleting a field that is not there is applied",
    clause: "G2",
    async run(context) {
      const held = await context.session({ context: { a: 1 } });
      await held.apply([remove("other")]);
      expectEqual((await held.state()).context, new Map([["a", "1"]]), "the context");
    },
  },
  {
    name: "deleting the last field leaves a session without fields",
    clause: "G2",
    async run(context) {
      const held = await context.session({ context: { a: 1 } });
      await held.apply([remove("a")]);
      expectEqual((await held.state()).context.size, 0, "the number of fields");
    },
  },
  {
    name: "sets of different fields by two pods never overwrite each other",
    clause: "G2",
    async run(context) {
      const held = await context.session();
      const other = held.by(await context.pod());
      const write = async (pod: Held, from: number) => {
        for (let index = from; index < 20; index += 2) await pod.apply([set(`f${index}`, index)]);
      };
      await Promise.all([write(held, 0), write(other, 1)]);
      expectEqual((await held.state()).context.size, 20, "the number of fields");
    },
  },
  {
    name: "the operations of a batch take effect in their order",
    clause: "G2",
    async run(context) {
      const held = await context.session();
      const { numbers } = await held.apply([
        set("a", 1),
        increment("a", 2),
        remove("a"),
        increment("a", 5),
        set("b", 1),
        remove("b"),
        remove("c"),
        set("c", 1),
      ]);
      expectEqual(numbers, [3, 5], "the numbers");
      expectEqual((await held.state()).context, new Map([["a", "5"], ["c", "1"]]), "the context");
    },
  },
  {
    name: "a commit makes the next version under its own tag, and answers it",
    clause: "rule 1",
    async run(context) {
      const held = await context.session();
      const batch = held.batch([set("a", 1), set("b", 2)], { seq: 77 });
      await held.send(batch);
      const { incarnation, version, tag } = await held.state();
      const expected = { incarnation: held.incarnation, version: 2, tag: `${held.pod.writer}:77` };
      expectEqual({ incarnation, version, tag }, expected, "the identity");
      const next = await held.apply([set("a", 2)]);
      expectEqual(next.identity.version, 3, "the next version");
    },
  },
  {
    name: "a value comes back as the JSON text that it was set with",
    clause: "G1",
    async run(context) {
      const held = await context.session();
      const texts = [
        '{ "b": [1, 2.50, {"c": null}], "a": "\\u00e9\\n" }',
        "1.0",
        '"\\ud83d\\ude00 😀 \\u0000"',
        '""',
        "[]",
        "{}",
        "false",
        "12345678901234567890",
      ];
      await held.apply(
        texts.map((json, index) => ({ kind: "set", field: `f${index}`, json }) as const),
      );
      const expected = new Map(texts.map((json, index) => [`f${index}`, json]));
      expectEqual((await (await context.pod()).state(held.key)).context, expected, "the context");
    },
  },
];
