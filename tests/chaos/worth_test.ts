import { assert, assertEquals } from "@std/assert";
import type { Tally } from "../../chaos/campaign_result.ts";
import { type FaultKind, faultKindsOf } from "../../chaos/fault_kinds.ts";
import { historiesFor } from "../../chaos/fault_turns.ts";
import { FaultLatencies } from "../../chaos/fault_latency.ts";
import { LinearizabilityTally } from "../../chaos/linearizability/tally.ts";
import { SOMETIMES } from "../../chaos/sometimes.ts";
import { type TargetTally, whyWorthless } from "../../chaos/worth.ts";

const KINDS: readonly FaultKind[] = ["reply-cut", "eviction", "pod-drain"];

/** A run of so many histories in which these kinds took place, and all but `unseen` was seen. */
function run(histories: number, fired: readonly FaultKind[], unseen?: string): TargetTally {
  const names = SOMETIMES.map(({ name }) => name).filter((name) => name !== unseen);
  const tally: Tally = {
    ...{ histories, operations: 100 * histories, sharedSessions: 1 },
    faults: new Map(fired.map((kind) => [kind, 1])),
    historiesWith: new Map(fired.map((kind) => [kind, 1])),
    sometimes: new Map(names.map((name) => [name, 1])),
    ...{ undecided: 0, corpus: 0, deaths: 0, latencies: new FaultLatencies() },
    linearizability: new LinearizabilityTally().counts,
  };
  return { name: "memory", store: "memory", faults: KINDS, tallies: [tally] };
}

Deno.test("a kind that had its chances and never took place makes a run worthless, a shorter one is excused", () => {
  for (const kind of KINDS) {
    const others = KINDS.filter((other) => other !== kind);
    const needed = historiesFor(kind, KINDS.length);
    assertEquals(whyWorthless([run(needed - 1, others)], undefined), [], kind);
    assertEquals(whyWorthless([run(needed, others)], undefined), [
      `the fault ${kind} never fired in ${needed} histories; raise --runs or --time-limit`,
    ]);
    assertEquals(whyWorthless([run(needed, KINDS)], undefined), []);
  }
});

Deno.test("a kind that was asked for by name has to take place in a run of any length", () => {
  const problems = whyWorthless([run(1, ["reply-cut"])], ["reply-cut", "pod-drain"]);
  assertEquals(problems, [
    "the fault pod-drain never fired in 1 histories; raise --runs or --time-limit",
  ]);
});

Deno.test("what has to be seen is asked for where it could have been, and by its name", () => {
  const name = "cache-invalidated-by-another-pod";
  const enough = run(30, KINDS, name);
  const [problem, ...others] = whyWorthless([enough], undefined);
  assertEquals([problem?.split(" ")[0], others], [name, []]);
  assertEquals(whyWorthless([run(29, KINDS, name)], undefined), []);
  // No word comes through a file.
  assertEquals(whyWorthless([{ ...enough, store: "sqlite" }], undefined), []);
});

Deno.test("no kind waits for more histories than the simulation makes in a minute", () => {
  const kinds = faultKindsOf("memory");
  const most = Math.max(...kinds.map((kind) => historiesFor(kind, kinds.length)));
  assert(most <= 1_500, `${most} histories`);
});
