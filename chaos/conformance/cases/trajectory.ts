/**
 * The trajectory: a ring of vectors, kept bit for bit.
 *
 * @module
 */

import type { ConformanceCase } from "../case.ts";
import { expectEqual, expectOutcome } from "../expect.ts";
import { append, create, heads, increment, vector } from "../operations.ts";
import { randomNumbers } from "../random.ts";

const MAX_FLOAT32 = 3.4028234663852886e38;

/** The theme's cases. */
export const trajectory: readonly ConformanceCase[] = [
  {
    name: "vectors come back oldest first",
    clause: "G2",
    async run(context) {
      const held = await context.session();
      await held.apply([append(1, 10), append(2, 20)]);
      await held.apply([append(3, 30)]);
      const expected = [vector(1, 10), vector(2, 20), vector(3, 30)];
      const { trajectory } = await (await context.pod()).state(held.key);
      expectEqual(trajectory.map((bytes) => new Uint8Array(bytes)), expected, "the trajectory");
    },
  },
  {
    name: "a vector comes back bit for bit: minus zero, subnormals, the largest float32",
    clause: "G1",
    async run(context) {
      const held = await context.session();
      const bytes = vector(-0, 1e-45, -1e-45, 1.1754942e-38, MAX_FLOAT32, -MAX_FLOAT32, 0.1, 0);
      await held.apply([{ kind: "append", vector: bytes }]);
      const { trajectory } = await held.state();
      expectEqual(trajectory.map((read) => new Uint8Array(read)), [bytes], "the trajectory");
    },
  },
  {
    name: "every byte value comes back at every place of a number",
    clause: "G1",
    async run(context) {
      const held = await context.session();
      const bytes = Uint8Array.from(
        { length: 1024 },
        // Exponents of all ones would be no finite number.
        (_, index) => index % 4 === 3 ? (index >> 2) & 0x3f : (index * 7 + (index >> 2)) & 0xff,
      );
      await held.apply([{ kind: "append", vector: bytes }]);
      const { trajectory } = await held.state();
      expectEqual(trajectory.map((read) => new Uint8Array(read)), [bytes], "the trajectory");
    },
  },
  {
    name: "a full trajectory evicts its oldest vector, one at each append",
    clause: "G2",
    async run(context) {
      const held = await context.session({ capacity: 3 });
      for (let count = 1; count <= 8; count++) {
        await held.apply([append(count)]);
        const expected = Array.from(
          { length: Math.min(count, 3) },
          (_, index) => Math.max(count - 2, 1) + index,
        );
        expectEqual(heads((await held.state()).trajectory), expected, `after append ${count}`);
      }
    },
  },
  {
    name: "more appends in one batch than the trajectory holds keep the last ones",
    clause: "G2",
    async run(context) {
      const held = await context.session({ capacity: 3 });
      await held.apply(Array.from({ length: 8 }, (_, index) => append(index)));
      expectEqual(heads((await held.state()).trajectory), [5, 6, 7], "the trajectory");
      await held.apply([append(8), append(9)]);
      expectEqual(heads((await held.state()).trajectory), [7, 8, 9], "two appends later");
    },
  },
  {
    name: "a trajectory of one vector holds the last",
    clause: "G2",
    async run(context) {
      const held = await context.session({ capacity: 1 });
      await held.apply([append(1)]);
      await held.apply([append(2), append(3)]);
      expectEqual(heads((await held.state()).trajectory), [3], "the trajectory");
    },
  },
  {
    name: "the capacity stays what it was at the creation",
    clause: "contract",
    async run(context) {
      const held = await context.session({ capacity: 2 });
      const other = await context.pod();
      const operations = [create({ capacity: 5 }), append(1), append(2), append(3)];
      expectOutcome(await other.commit(held.key, operations), "applied");
      const state = await held.state();
      expectEqual(state.capacity, 2, "the capacity");
      expectEqual(heads(state.trajectory), [2, 3], "the trajectory");
    },
  },
  {
    name: "a vector of another dimension is invalid: wrong-dimension, and changes nothing",
    clause: "G10",
    async run(context) {
      const held = await context.session();
      await held.apply([append(1, 2, 3)]);
      const reply = await held.commit([increment("n"), append(4, 5, 6), append(7, 8)]);
      const invalid = expectOutcome(reply, "invalid");
      const { operation, reason, size, limit } = invalid;
      const expected = { operation: 2, reason: "wrong-dimension", size: 2, limit: 3 } as const;
      expectEqual<unknown>({ operation, reason, size, limit }, expected, "the particulars");
      const state = await held.state();
      expectEqual(state.version, 2, "the version");
      expectEqual(state.trajectory.length, 1, "the number of vectors");
      expectEqual(state.context.size, 0, "the number of fields");
    },
  },
  {
    name: "the first vector sets the dimension also within its batch",
    clause: "G10",
    async run(context) {
      const held = await context.session();
      const invalid = expectOutcome(await held.commit([append(1), append(1, 2)]), "invalid");
      expectEqual(invalid.reason, "wrong-dimension", "the reason");
      await held.apply([append(1, 2)]);
    },
  },
  {
    name: "a vector of 8,192 numbers comes back bit for bit",
    clause: "limits",
    async run(context) {
      const held = await context.session();
      const bytes = vector(...randomVector(8_192, 1));
      await held.apply([{ kind: "append", vector: bytes }]);
      const { trajectory } = await held.state();
      expectEqual(trajectory.map((read) => new Uint8Array(read)), [bytes], "the trajectory");
    },
  },
  {
    name: "ten vectors of 1,536 numbers survive counter updates and another pod's load",
    clause: "G1",
    async run(context) {
      const held = await context.session({ context: { n: 0 } });
      const vectors = Array.from(
        { length: 12 },
        (_, index) => vector(...randomVector(1_536, index)),
      );
      for (const bytes of vectors) {
        await held.apply([{ kind: "append", vector: bytes }, increment("n")]);
      }
      await held.apply([increment("n")]);
      const state = await (await context.pod()).state(held.key);
      const read = state.trajectory.map((bytes) => new Uint8Array(bytes));
      expectEqual(read, vectors.slice(2), "the trajectory");
      expectEqual(state.context.get("n"), "13", "the counter");
    },
  },
  {
    name: "what the caller does to a vector after the commit does not reach the store",
    clause: "G1",
    async run(context) {
      const held = await context.session();
      const bytes = vector(1, 2);
      await held.apply([{ kind: "append", vector: bytes }]);
      bytes.fill(0);
      expectEqual(heads((await held.state()).trajectory), [1], "the trajectory");
    },
  },
  {
    name: "a vector that is a view into a larger buffer is stored alone",
    clause: "G1",
    async run(context) {
      const held = await context.session();
      const bytes = vector(1, 2, 3, 4).subarray(4, 12);
      await held.apply([{ kind: "append", vector: bytes }]);
      const { trajectory } = await held.state();
      expectEqual(trajectory.map((read) => new Uint8Array(read)), [vector(2, 3)], "trajectory");
    },
  },
];

function randomVector(dimension: number, seed: number): number[] {
  const random = randomNumbers(seed);
  return Array.from({ length: dimension }, () => random() * 2 - 1);
}
