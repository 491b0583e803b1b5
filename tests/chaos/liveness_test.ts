/** The profile `liveness` where time is real, and the lines of a long run. */

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { arbitraryCase, checkHistory, faultKindsOf, runCampaign } from "../../chaos/mod.ts";
import { RunLag } from "../../chaos/real/run_lag.ts";
import { MinuteLines } from "../../cli/chaos/turns.ts";
import { countingCase, openLane } from "./real_lane_support.ts";

Deno.test("on a real backend faults end before the last calls, and the store answers these", async () => {
  await using lane = await openLane("ioredis");
  const plain = countingCase([{ kind: "black-hole", at: 2, span: 1 }], { calls: 8, gapMs: 300 });
  const { history } = await lane.run({ ...plain, healAt: 5 });
  const healedAtMs = history.events.find((event) => event.type === "invoke" && event.call.op === 5)
    ?.atMs;
  const cut = history.events.find((event) => event.type === "fault");
  assert(healedAtMs! - cut!.atMs > 9_000, "there was no time to recover in");
  const degraded = history.events.flatMap((event) =>
    event.type === "return" && event.result.degraded ? [event.op] : []
  );
  assert(degraded.length > 0 && degraded.every((op) => op < 5), `${degraded}`);
  // The same calls, had they had to be well from the beginning.
  const strict = { ...history, settings: { ...history.settings, recoveredAtMs: cut!.atMs } };
  const { recoveredAtMs = healedAtMs! } = history.settings;
  assert(recoveredAtMs <= healedAtMs!);
  assertEquals(checkHistory(history), { verdict: "holds" });
  const verdict = checkHistory(strict);
  assert(verdict.verdict === "violated");
  assertEquals(verdict.violations[0]?.rule, "recovers-in-time");
});

Deno.test("real cases end their faults early when that profile is chosen, and seldom else", () => {
  const share = (profile?: "liveness" | "swarm") => {
    const cases = arbitraryCase({
      ...{ faults: faultKindsOf("redis"), time: "real" },
      ...(profile && { profile }),
    });
    const all = fc.sample(cases, { numRuns: 500, seed: 1 });
    return all.filter(({ healAt }) => healAt !== undefined).length / all.length;
  };
  assertEquals([share("liveness"), share("swarm")], [1, 0]);
  assert(share() > 0 && share() < 0.05, `${share()}`);
});

Deno.test("a history in which a process was kept from running since its recovery is not held to that", () => {
  const lag = new RunLag();
  lag.note(0, 400);
  lag.mark();
  assertEquals(lag.hasStalledSinceMark, false);
  lag.note(0, 400);
  assertEquals(lag.hasStalledSinceMark, true);
});

Deno.test("a runner that does not run at the end of the recovery, or after it, excuses its pods", async () => {
  const passes = () => new Promise<void>((resolve) => setTimeout(resolve, 30));
  const stalls = () => {
    const until = performance.now() + 200;
    while (performance.now() < until);
    return passes();
  };
  for (
    const [what, [early, late, after], expected] of [
      ["early", [stalls, passes, passes], false],
      ["at its end", [passes, stalls, passes], true],
      ["after it", [passes, passes, stalls], true],
    ] as const
  ) {
    const lag = new RunLag();
    lag.start();
    const pauses = [early, late];
    await lag.recover(9_000, () => pauses.shift()!());
    await after();
    lag.note();
    lag.stop();
    assertEquals(lag.hasStalledSinceMark, expected, what);
  }
});

Deno.test("a long run says once a minute what it has done", async () => {
  const { tally } = await runCampaign({
    runner: () => Promise.reject(new Error("nothing is run")),
    cases: { faults: [], time: "real" },
    ...{ seed: 1, runs: 0, timeLimitMs: 1_000, isDeterministic: false },
  });
  const faults = new Map([["pod-kill", 3], ["oom", 4]] as const);
  const lines: string[] = [];
  let nowMs = 0;
  const minutes = new MinuteLines((line) => lines.push(line), () => nowMs);
  for (; nowMs <= 150_000; nowMs += 10_000) {
    minutes.tell([tally, { ...tally, histories: 1_000, operations: 2, faults, deaths: 3 }]);
  }
  assertEquals(lines.map((line) => line.replace(/, [\d,]+ MiB.*/, "")), [
    "After 1 min: 1,000 histories, 2 operations, 7 faults, 3 deaths, 0 undecided",
    "After 2 min: 1,000 histories, 2 operations, 7 faults, 3 deaths, 0 undecided",
  ]);
});
