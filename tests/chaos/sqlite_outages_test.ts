/** The faults `database-locked` and `disk-full`, on a real file and simulated. */

import { assert, assertEquals } from "@std/assert";
import { callsOnFullDisk } from "../../chaos/caller_faults.ts";
import { faultSpans } from "../../chaos/fault_plan.ts";
import { checkHistory, type History, runCampaign, runSimulated } from "../../chaos/mod.ts";
import { answersIn, countingCase, openLane, refusalsIn } from "./real_lane_support.ts";

const LOCKED = countingCase([{ kind: "database-locked", at: 3, span: 0.3 }], { pods: 2 });
const FULL = countingCase([{ kind: "disk-full", at: 3, span: 0.3 }], { pods: 2 });

/** Whether some answers came from memory, and the last one, hence all that is journaled, is in the store. */
function assertServedMeanwhile(history: History): void {
  const answers = answersIn(history);
  assert(answers.some(({ degraded }) => degraded), "nothing was answered from memory");
  assertEquals(answers.at(-1)?.degraded, undefined);
  assertEquals(checkHistory(history), { verdict: "holds" });
}

Deno.test("pods serve from memory while their file is locked, and write it all when it is not", async () => {
  await using lane = await openLane("sqlite");
  const { history, faults } = await lane.run(LOCKED);
  assertEquals(faults.get("database-locked"), 1);
  assertServedMeanwhile(history);
});

Deno.test("pods whose disk is full refuse what does not fit, and go on once there is room", async () => {
  await using lane = await openLane("sqlite");
  const { history, faults } = await lane.run(FULL);
  assertEquals(faults.get("disk-full"), 1);
  assertEquals(refusalsIn(history), new Set(["FULL"]));
  assertEquals(checkHistory(history), { verdict: "holds" });
});

Deno.test("a pod that was being opened while the disk was full finds room once there is some", async () => {
  let heal = () => Promise.resolve();
  await using lane = await openLane("sqlite", { opened: () => heal() });
  await lane.open();
  const fault = { ...FULL.faults[0]!, kind: "disk-full", pod: 1 } as const;
  const outages = lane.outages(faultSpans(lane.settings));
  outages.begin(fault, [0, 1]);
  heal = () => outages.heal();
  const { history } = await lane.run({ ...FULL, ops: callsOnFullDisk(fault), faults: [] });
  assertEquals(refusalsIn(history), new Set());
});

Deno.test("a simulated store is locked, or full, as a file is", async () => {
  assertServedMeanwhile((await runSimulated(LOCKED)).history);
  const { history } = await runSimulated(FULL);
  assertEquals(refusalsIn(history), new Set(["FULL"]));
  assertEquals(checkHistory(history), { verdict: "holds" });
});

Deno.test("the guarantees hold on simulated stores that are locked or full beside other faults", async () => {
  const faults = ["database-locked", "disk-full", "late-execution"] as const;
  const { finding, tally } = await runCampaign({
    runner: (chaosCase) => runSimulated(chaosCase),
    cases: { faults, time: "virtual", profile: "swarm" },
    ...{ seed: 1, runs: 200, timeLimitMs: 60_000, isDeterministic: false },
  });
  assertEquals(finding?.violation, undefined);
  assertEquals(faults.filter((kind) => !tally.faults.get(kind)), []);
});
