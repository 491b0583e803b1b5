/** Maps whose entries come and go with every call. */

import { assert, assertEquals } from "@std/assert";
import { usedBytes } from "../bench/garbage.ts";
import { systemClock } from "../core/clock.ts";
import { Deadlines } from "../core/deadlines.ts";
import { PassingMap } from "../core/passing_map.ts";

const ROUNDS = 2_000;
const ENTRIES = 8;
const BURDEN_BYTES = 16_000;

/** What a call may hold on to, on the heap. */
function burden(): object {
  return { numbers: Array.from({ length: BURDEN_BYTES / 8 }, () => 0.5) };
}

/** Bytes on the heap once `churn` is over and the young objects were collected, which more of them bring about. */
async function leftBy(churn: () => void | Promise<void>): Promise<number> {
  const before = usedBytes() - Deno.memoryUsage().external;
  await churn();
  let least = Infinity;
  for (let round = 0; round < ROUNDS; round++) {
    burden();
    least = Math.min(least, Deno.memoryUsage().heapUsed);
  }
  return least - before;
}

Deno.test("a passing map is a map", () => {
  const map = new PassingMap<string, { place: number }>();
  map.set("a", { place: 1 });
  map.set("b", { place: 2 });
  map.set("a", { place: 3 });
  assertEquals(map.size, 2);
  assertEquals(map.get("a"), { place: 3 });
  map.delete("a");
  map.delete("a");
  assertEquals(map.get("a"), undefined);
  assertEquals(map.values(), [{ place: 2 }]);
  assertEquals(map.size, 1);
});

Deno.test("what passed through a passing map goes with the young objects", async () => {
  const map = new PassingMap<number, object>();
  for (let round = 0; round < ENTRIES; round++) map.set(round, {});
  const left = await leftBy(() => {
    for (let round = ENTRIES; round < ROUNDS; round++) {
      map.set(round, burden());
      map.delete(round - ENTRIES);
    }
  });
  assert(left < ROUNDS * BURDEN_BYTES / 10, `${left} bytes are left`);
});

Deno.test("what waited for an answer goes with the young objects", async () => {
  const deadlines = new Deadlines(systemClock);
  const answers: ((answer: object) => void)[] = [];
  const ask = () => {
    const { promise, resolve } = Promise.withResolvers<object>();
    answers.push(resolve);
    return deadlines.limit(promise, 60_000, () => new Error("late"));
  };
  const waiting = Array.from({ length: ENTRIES }, ask);
  const left = await leftBy(async () => {
    for (let round = ENTRIES; round < ROUNDS; round++) {
      waiting.push(ask());
      answers.shift()!(burden());
      await waiting.shift();
    }
  });
  for (const answer of answers) answer({});
  await Promise.all(waiting);
  assert(left < ROUNDS * BURDEN_BYTES / 10, `${left} bytes are left`);
});
