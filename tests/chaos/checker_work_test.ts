import { assert, assertEquals } from "@std/assert";
import { largeHistory } from "../../bench/large_history.ts";
import { checkHistory, RULES } from "../../chaos/checker.ts";
import { buildModel, type Model } from "../../chaos/model.ts";
import type { Rule } from "../../chaos/rules/rule.ts";

const SHAPES = [
  { name: "many sessions", sessionsOf: (operations: number) => operations / 50, lives: "many" },
  { name: "one session with many lives", sessionsOf: () => 1, lives: "many" },
  { name: "one session with one life", sessionsOf: () => 1, lives: "one" },
] as const;
/** n log n for four times as much is below 5; its square is 16. */
const MOST_GROWTH = 6.5;
const [SMALL, LARGE] = [1_500, 6_000];
/** Reads for each call of the small history that are as good as none: it may lack what makes a rule look closer. */
const FEW_A_CALL = 10;

for (const { name, sessionsOf, lives } of SHAPES) {
  Deno.test(`no rule's work grows with the square of the history: ${name}`, () => {
    const model = (operations: number) =>
      buildModel(largeHistory({ seed: 1, operations, sessions: sessionsOf(operations), lives }));
    const [small, large] = [countReads(model(SMALL)), countReads(model(LARGE))];
    for (const rule of RULES) {
      const few = Math.max(small(rule), FEW_A_CALL * SMALL);
      const many = large(rule);
      const growth = many / few;
      assert(growth < MOST_GROWTH, `${rule.name}: ${few} reads, then ${many}: ${growth} times`);
    }
  });
}

Deno.test("a large history of a store that keeps its promises holds", () => {
  for (const { sessionsOf, lives } of SHAPES) {
    const operations = 3_000;
    const history = largeHistory({ seed: 2, operations, sessions: sessionsOf(operations), lives });
    assertEquals(checkHistory(history), { verdict: "holds" });
  }
});

/** Counts how often a rule reads something of a call, a sight, a fault or what was told. */
function countReads(model: Model): (rule: Rule) => number {
  let reads = 0;
  const spied = [model.operations, model.observations, model.degraded, model.faults, model.told];
  for (const item of [...spied.flat(), ...model.kills, ...model.incarnations.values()]) {
    for (const [name, value] of Object.entries(item)) {
      Object.defineProperty(item, name, {
        get() {
          reads++;
          return value;
        },
      });
    }
  }
  return (rule) => {
    const before = reads;
    assertEquals([...rule.check(model)], []);
    return reads - before;
  };
}
