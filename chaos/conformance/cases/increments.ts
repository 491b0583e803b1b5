/**
 * Increments: IEEE double arithmetic, on numbers only.
 *
 * @module
 */

import type { ConformanceCase } from "../case.ts";
import { expectEqual, expectOutcome } from "../expect.ts";
import { increment, set } from "../operations.ts";
import { randomNumbers } from "../random.ts";

/** The theme's cases. */
export const increments: readonly ConformanceCase[] = [
  {
    name: "an increment of an absent field counts from 0",
    clause: "G2",
    async run(context) {
      const held = await context.session();
      expectEqual((await held.apply([increment("n", 3)])).numbers, [3], "the numbers");
      expectEqual(await held.value("n"), 3, "the value");
    },
  },
  {
    name: "a negative increment subtracts, down to 0 and below",
    clause: "G2",
    async run(context) {
      const held = await context.session({ context: { n: 2 } });
      const { numbers } = await held.apply([increment("n", -2), increment("n", -1.5)]);
      expectEqual(numbers, [0, -1.5], "the numbers");
      expectEqual(await held.value("n"), -1.5, "the value");
    },
  },
  {
    name: "the numbers are answered in the order of the increments",
    clause: "contract",
    async run(context) {
      const held = await context.session({ context: { b: 10 } });
      const { numbers } = await held.apply([
        increment("c", 1),
        set("x", "between"),
        increment("a", 2),
        increment("b", 3),
        increment("c", 4),
      ]);
      expectEqual(numbers, [1, 2, 13, 5], "the numbers");
    },
  },
  sums("0.1 + 0.2 is 0.30000000000000004, as in any IEEE double", [0.1, 0.2]),
  sums("ten times 0.1 is 0.9999999999999999", Array.from({ length: 10 }, () => 0.1)),
  sums("beyond 2^53 an increment by 1 rounds to even", [2 ** 53 - 1, 1, 1, 2, 3]),
  sums("below -2^53 likewise", [1 - 2 ** 53, -1, -1, -2]),
  sums("huge numbers add", [1e308, 7e307, -1e308, 1e292]),
  sums("the smallest numbers add", [5e-324, 5e-324, 2.2250738585072014e-308, -5e-324]),
  sums("adding minus zero to nothing is zero", [-0]),
  sums("adding minus zero changes no number", [3, -0, -3, -0]),
  {
    name: "every bit of a double survives, in the reply and in the record",
    clause: "G2",
    async run(context) {
      const held = await context.session();
      const doubles = [
        0.1,
        1 / 3,
        -2 / 3,
        1e21,
        1e-7,
        123456789.12345679,
        4.35,
        5e-324,
        Number.MAX_VALUE,
        -Number.MAX_VALUE,
        Number.MIN_VALUE,
        Number.EPSILON,
        2 ** 53,
        2 ** 63,
        2 ** 64 + 2 ** 12,
        1e22,
        1e23,
        9007199254740993,
        2.2250738585072011e-308,
        1.7976931348623155e308,
        0.000001,
      ];
      const { numbers } = await held.apply(doubles.map((by, index) => increment(`f${index}`, by)));
      expectEqual(numbers, doubles, "the numbers answered");
      const { context: stored } = await held.state();
      const read = doubles.map((_, index) => JSON.parse(stored.get(`f${index}`) ?? "null"));
      expectEqual(read, doubles, "the numbers stored");
    },
  },
  {
    name: "two hundred random doubles add as IEEE doubles do",
    clause: "G2",
    async run(context) {
      const held = await context.session();
      const random = randomNumbers(20_241);
      const steps = Array.from(
        { length: 200 },
        () => (random() - 0.5) * 10 ** Math.floor(random() * 30 - 15),
      );
      const { numbers } = await held.apply(steps.map((by) => increment("n", by)));
      expectEqual(numbers, runningSums(steps), "the numbers");
    },
  },
  {
    name: "a number set in any JSON notation can be incremented",
    clause: "G2",
    async run(context) {
      const held = await context.session();
      const texts = ["1e3", "-0", "1.50", "1E-2", "-2.5e+1", "0"];
      await held.apply(
        texts.map((json, index) => ({ kind: "set", field: `f${index}`, json }) as const),
      );
      const { numbers } = await held.apply(texts.map((_, index) => increment(`f${index}`, 1)));
      expectEqual(numbers, texts.map((text) => Number(text) + 1), "the numbers");
    },
  },
  {
    name: "an increment beyond the largest double is invalid: not-finite, and changes nothing",
    clause: "G10",
    async run(context) {
      const held = await context.session({ context: { n: Number.MAX_VALUE } });
      const reply = await held.commit([increment("m"), increment("n", Number.MAX_VALUE)]);
      const invalid = expectOutcome(reply, "invalid");
      expectEqual(invalid.reason, "not-finite", "the reason");
      expectEqual(invalid.operation, 1, "the operation");
      expectEqual((await held.state()).version, 1, "the version");
      expectEqual(await held.value("n"), Number.MAX_VALUE, "the value");
    },
  },
  ...([["text", '"5"'], ["true", "true"], ["null", "null"], ["an array", "[1]"], [
    "an object",
    '{"n":1}',
  ]] as const).map(([what, json]): ConformanceCase => ({
    name: `an increment of ${what} is invalid: not-a-number, and changes nothing`,
    clause: "G10",
    async run(context) {
      const held = await context.session();
      await held.apply([{ kind: "set", field: "f", json }]);
      const reply = expectOutcome(await held.commit([increment("g"), increment("f")]), "invalid");
      expectEqual(reply.reason, "not-a-number", "the reason");
      expectEqual(reply.operation, 1, "the operation");
      const state = await held.state();
      expectEqual(state.version, 2, "the version");
      expectEqual(state.context, new Map([["f", json]]), "the context");
    },
  })),
];

/** Each step in a commit of its own, then all again in one batch. */
function sums(name: string, steps: readonly number[]): ConformanceCase {
  return {
    name,
    clause: "G2",
    async run(context) {
      const held = await context.session();
      const expected = runningSums(steps);
      for (const [index, by] of steps.entries()) {
        const { numbers } = await held.apply([increment("single", by)]);
        expectEqual(numbers, [expected[index]!], `the number after step ${index}`);
      }
      const { numbers } = await held.apply(steps.map((by) => increment("batch", by)));
      expectEqual(numbers, expected, "the numbers of the batch");
      expectEqual(await held.value("single"), expected.at(-1), "the value");
      expectEqual(await held.value("batch"), expected.at(-1), "the batch's value");
    },
  };
}

function runningSums(steps: readonly number[]): number[] {
  let sum = 0;
  return steps.map((by) => sum += by);
}
