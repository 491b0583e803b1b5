/**
 * Generated sequences against a model that knows nothing of stores.
 *
 * @module
 */

import type { ConformanceCase, ConformanceContext } from "../case.ts";
import { expectEqual } from "../expect.ts";
import { append, heads, increment, remove, set, touch } from "../operations.ts";
import { randomNumbers } from "../random.ts";
import type { Operation } from "../../public.ts";

const CAPACITY = 4;
const FIELDS = ["a", "b", "c", "d"] as const;

/** The theme's cases. */
export const model: readonly ConformanceCase[] = [1, 2, 3].map((seed) => ({
  name: `80 random batches by three pods lead where a model says (seed ${seed})`,
  clause: "G1, G2, G3",
  run: (context) => generated(context, seed),
}));

async function generated(context: ConformanceContext, seed: number): Promise<void> {
  const random = randomNumbers(seed);
  const held = await context.session({ capacity: CAPACITY });
  const pods = [held, held.by(await context.pod()), held.by(await context.pod())];
  const expected = { fields: new Map<string, number>(), vectors: [] as number[] };
  for (let round = 0; round < 80; round++) {
    const operations = Array.from(
      { length: 1 + Math.floor(random() * 4) },
      () => randomOperation(random),
    );
    const pod = pods[Math.floor(random() * pods.length)]!;
    const batch = pod.batch(operations);
    const numbers = operations.flatMap((operation) => follow(expected, operation));
    const reply = await pod.send(batch);
    if (random() < 0.3) await pod.send(batch);
    if (reply.outcome !== "applied") throw new Error(`round ${round}: ${reply.outcome}`);
    expectEqual(reply.numbers, numbers, `the numbers of round ${round}`);
    const state = await pods[Math.floor(random() * pods.length)]!.state();
    const fields = new Map([...state.context].map(([field, json]) => [field, Number(json)]));
    expectEqual(fields, expected.fields, `the fields after round ${round}`);
    expectEqual(heads(state.trajectory), expected.vectors, `the trajectory after round ${round}`);
    expectEqual(state.version, reply.identity.version, `the version after round ${round}`);
  }
}

function randomOperation(random: () => number): Operation {
  const field = FIELDS[Math.floor(random() * FIELDS.length)]!;
  const number = Math.floor(random() * 2_000 - 1_000) / 8;
  const operations = [
    set(field, number),
    remove(field),
    increment(field, number),
    increment(field, number),
    append(number, 1),
    touch,
  ];
  return operations[Math.floor(random() * operations.length)]!;
}

/** What an operation does to the model; answers the number after an increment. */
function follow(
  state: { fields: Map<string, number>; vectors: number[] },
  operation: Operation,
): number[] {
  switch (operation.kind) {
    case "set":
      state.fields.set(operation.field, JSON.parse(operation.json));
      return [];
    case "delete":
      state.fields.delete(operation.field);
      return [];
    case "increment": {
      const number = (state.fields.get(operation.field) ?? 0) + operation.by;
      state.fields.set(operation.field, number);
      return [number];
    }
    case "append":
      state.vectors = [...state.vectors, ...heads([operation.vector])].slice(-CAPACITY);
      return [];
    default:
      return [];
  }
}
