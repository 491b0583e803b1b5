/** The fault `wrongpass`: an operator changes the password under running pods. */

import { assert, assertEquals } from "@std/assert";
import { checkHistory, runCampaign, runSimulated } from "../../chaos/mod.ts";
import { countingCase, openLane, refusalsIn } from "./real_lane_support.ts";

const CASE = countingCase([{ kind: "wrongpass", at: 3, span: 0.6 }], { pods: 2 });

Deno.test("pods whose password was changed are refused, and go on once it is as it was", async () => {
  await using lane = await openLane("ioredis");
  const { history, faults } = await lane.run(CASE);
  assertEquals(refusalsIn(history), new Set(["WRONGPASS"]));
  assertEquals(faults.get("wrongpass"), 1);
  assertEquals(checkHistory(history), { verdict: "holds" });
});

Deno.test("a simulated pod whose password was changed is refused with the same code", async () => {
  const { history } = await runSimulated(CASE);
  assertEquals(refusalsIn(history), new Set(["WRONGPASS"]));
  assertEquals(checkHistory(history), { verdict: "holds" });
});

Deno.test("a write that was cut off may be refused when it is sent again", async () => {
  const { tally, finding } = await runCampaign({
    runner: (chaosCase) => runSimulated(chaosCase),
    cases: { faults: ["wrongpass", "late-execution"], time: "virtual", profile: "swarm" },
    seed: 1,
    runs: 200,
    timeLimitMs: 60_000,
    isDeterministic: false,
  });
  assertEquals(finding?.violation, undefined);
  assert(tally.faults.get("wrongpass")! > 0);
});
