// How the benchmark measures: samples and clocks are given, so that what it says of them is known.
import { assert, assertAlmostEquals, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { evennessOf, timedPieces } from "../bench/evenness.ts";
import { LatencyRecorder } from "../bench/latency.ts";
import { openLoop } from "../bench/open_loop.ts";
import { type Contestant, race, STEADY_SPREAD } from "../bench/rounds.ts";
import { median, pairedRatio, quantile, spread } from "../bench/statistics.ts";
import { callers, wholeJob } from "../bench/turns.ts";

Deno.test("the median lies in the middle, between neighbours where there are two", () => {
  assertEquals(median([5, 1, 3]), 3);
  assertEquals(median([4, 1, 3, 2]), 2.5);
  assertEquals(quantile([10, 20, 30, 40, 50], 0.25), 20);
  assertThrows(() => median([]), RangeError);
});

Deno.test("the spread is the middle half, in parts of the median: one outlier is none", () => {
  assertEquals(spread([100, 100, 100, 100, 1_000]), 0);
  assertAlmostEquals(spread([80, 90, 100, 110, 120]), 0.2);
});

Deno.test("a ratio is taken round by round, so that what hits both in one round does not count", () => {
  assertEquals(pairedRatio([10, 1, 10], [20, 2, 20]), 0.5);
  // Of medians it would be 1.
  assertEquals(pairedRatio([10, 20, 30], [20, 10, 20]), 1.5);
  assertThrows(() => pairedRatio([1], [1, 2]), RangeError);
});

Deno.test("a machine is as even as equal pieces of work take equally long", () => {
  assertEquals(evennessOf([2, 2, 2, 2]), { usualMs: 2, slowestMs: 2, slowShare: 0 });
  // Twice as long is no slow piece yet.
  assertEquals(evennessOf([1, 1, 1, 2, 5]), { usualMs: 1, slowestMs: 5, slowShare: 0.5 });
  let atMs = 0;
  assertEquals(timedPieces(10, () => 2 * atMs++), [2, 2, 2, 2, 2]);
});

Deno.test("contestants take turns, and each begins a round in its turn", async () => {
  const order: string[] = [];
  const contestant = (name: string): Contestant => ({
    name,
    turn() {
      order.push(name);
      return Promise.resolve(1);
    },
  });
  await race([contestant("a"), contestant("b")], { rounds: 3, repeats: 0 });
  assertEquals(order.join(""), "ab" + "ab" + "ba" + "ab");
});

Deno.test("warming up does not count", async () => {
  const { standings } = await race([scripted("a", [1, 5, 5, 5])], { rounds: 3, repeats: 0 });
  assertEquals(standings[0]!.rounds, [5, 5, 5]);
});

Deno.test("figures that lie too far apart are measured again, and the closest count", async () => {
  const far = [50, 75, 100, 125, 150];
  const near = [98, 99, 100, 101, 102];
  const { standings, attempts, isSteady } = await race(
    [scripted("a", [0, ...far, ...near, ...far])],
    { rounds: 5, repeats: 2 },
  );
  assertEquals({ attempts, isSteady }, { attempts: 2, isSteady: true });
  assertEquals(standings[0]!.rounds, near);
});

Deno.test("a race that stays unsteady ends, and is marked", async () => {
  const turns = [0, ...[50, 75, 100, 125, 150], ...[60, 80, 100, 120, 140], ...[
    0,
    50,
    100,
    150,
    200,
  ]];
  const result = await race([scripted("a", turns)], { rounds: 5, repeats: 2 });
  assertEquals(result.isSteady, false);
  assertEquals(result.attempts, 3);
  assertEquals(result.standings[0]!.rounds, [60, 80, 100, 120, 140]);
  assert(result.standings[0]!.spread > STEADY_SPREAD);
});

Deno.test("one unsteady contestant makes the race unsteady", async () => {
  const result = await race([
    scripted("steady", Array(6).fill(100)),
    scripted("unsteady", [0, 50, 75, 100, 125, 150]),
  ], { rounds: 5, repeats: 0 });
  assertEquals(result.isSteady, false);
});

Deno.test("callers' work is counted for one turn, with what was under way at its end", async () => {
  const clock = steppingClock();
  const work = () => Promise.resolve(clock.pass(10));
  const latencies = new LatencyRecorder();
  const rate = await callers("a", work, { callers: 1, turnMs: 95, now: clock.now }).turn(latencies);
  assertEquals(rate, 100);
  const { calls, p50Ms, maxMs } = latencies.summary()!;
  assertEquals({ calls, maxMs }, { calls: 10, maxMs: 10 });
  assertAlmostEquals(p50Ms, 10, 0.05);
});

Deno.test("calls that are not timed are counted all the same", async () => {
  const clock = steppingClock();
  let made = 0;
  const work = () => {
    made++;
    return Promise.resolve(clock.pass(0.001));
  };
  const options = { callers: 1, turnMs: 100, isTimed: false, now: clock.now };
  const latencies = new LatencyRecorder();
  const rate = await callers("a", work, options).turn(latencies);
  assertAlmostEquals(rate, 1_000_000, 1);
  assertAlmostEquals(made, 100_000, 5_000);
  assertEquals(latencies.summary(), undefined);
});

Deno.test("a caller that fails ends the turn with its error", async () => {
  const work = () => Promise.reject(new Error("the store is away"));
  const { turn } = callers("a", work, { callers: 2, turnMs: 10 });
  await assertRejects(() => turn(new LatencyRecorder()), Error, "the store is away");
});

Deno.test("a whole job's rate is its pieces by its time, without what is done before", async () => {
  const clock = steppingClock();
  const job = () => {
    clock.pass(500);
    return Promise.resolve(10_000);
  };
  const options = { before: () => clock.pass(1_000), now: clock.now };
  assertEquals(await wholeJob("a", job, options).turn(new LatencyRecorder()), 20_000);
});

Deno.test("percentiles hold three digits, and the slowest call is told as it was", () => {
  const latencies = new LatencyRecorder();
  for (let ms = 1; ms <= 1_000; ms++) latencies.record(ms);
  const { calls, p50Ms, p99Ms, p999Ms, maxMs } = latencies.summary()!;
  assertEquals({ calls, maxMs }, { calls: 1_000, maxMs: 1_000 });
  assertAlmostEquals(p50Ms, 500, 1);
  assertAlmostEquals(p99Ms, 990, 1);
  assertAlmostEquals(p999Ms, 999, 1);
});

Deno.test("an open loop counts a stall for every call that was due in it", async () => {
  const clock = steppingClock();
  // 1,000 calls/s; nobody gets to make any between 10 ms and 110 ms.
  const pause = async () => {
    // What was called comes back before time goes on.
    for (let turn = 0; turn < 3; turn++) await Promise.resolve();
    clock.pass(clock.now() === 10 ? 100 : 1);
  };
  const { calls, latency } = await openLoop(() => Promise.resolve(), {
    ...{ callsPerSecond: 1_000, durationMs: 200, now: clock.now, pause },
  });
  assertEquals(calls, 200);
  // Those due at 11 … 109 ms waited; with time counted from the making none would have.
  assertEquals(latency.maxMs, 99);
  assertAlmostEquals(latency.p50Ms, 0, 1);
  assert(latency.p99Ms > 90, `p99 is ${latency.p99Ms} ms`);
});

Deno.test("an open loop goes on when calls fail, and tells how many did", async () => {
  const { calls, failed, latency } = await openLoop(
    (index) => index % 2 ? Promise.reject(new Error("refused")) : Promise.resolve(),
    { callsPerSecond: 10_000, durationMs: 10 },
  );
  assertEquals({ calls, failed, timed: latency.calls }, { calls: 100, failed: 50, timed: 50 });
});

/** A contestant with the rates that are given: the first for warming up. */
function scripted(name: string, rates: readonly number[]): Contestant {
  let next = 0;
  return { name, turn: () => Promise.resolve(rates[next++]!) };
}

function steppingClock() {
  let atMs = 0;
  return {
    now: () => atMs,
    pass(ms: number) {
      atMs += ms;
    },
  };
}
