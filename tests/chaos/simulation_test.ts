import { assert, assertEquals, assertNotEquals } from "@std/assert";
import fc from "fast-check";
import { memoryAdapter, MemoryStore } from "../../adapters/memory.ts";
import {
  arbitraryCase,
  faultKindsOf,
  hashText,
  runCampaign,
  runSimulated,
  type SimulatedStore,
  VirtualClock,
  writeHistory,
} from "../../chaos/mod.ts";
import type { Clock, CommitBatch, StorageAdapter } from "../../mod.ts";

const CASES = { faults: faultKindsOf("memory"), time: "virtual" } as const;

Deno.test("the same case gives the same history, byte for byte", async () => {
  const cases = fc.sample(arbitraryCase(CASES), { numRuns: 20, seed: 1 });
  const hashes = new Set<string>();
  for (const chaosCase of cases) {
    const [one, other] = [await runSimulated(chaosCase), await runSimulated(chaosCase)];
    assertEquals(writeHistory(one.history), writeHistory(other.history));
    hashes.add(hashText(writeHistory(one.history)));
  }
  assert(hashes.size > 15, "different cases give different histories");
});

Deno.test("another seed makes other cases", () => {
  const [one, other] = [1, 2].map((seed) =>
    JSON.stringify(fc.sample(arbitraryCase(CASES), { numRuns: 3, seed }))
  );
  assertNotEquals(one, other);
});

Deno.test("every kind of fault takes place in a few hundred histories", async () => {
  const { tally } = await runCampaign({
    runner: (chaosCase) => runSimulated(chaosCase),
    cases: CASES,
    seed: 3,
    runs: 600,
    timeLimitMs: 120_000,
    isDeterministic: false,
  });
  const silent = CASES.faults.filter((kind) => !tally.faults.get(kind));
  // A violation ends a campaign early; then it is not this test that has to fail.
  assert(silent.length === 0 || tally.histories < 600, `never fired: ${silent.join(", ")}`);
  assert(tally.sharedSessions > 0);
});

Deno.test("a store that forgets who wrote is found, and seed and path show it again", async () => {
  const options = {
    runner: (chaosCase: Parameters<typeof runSimulated>[0]) =>
      runSimulated(chaosCase, { store: forgetful }),
    cases: { faults: ["reply-cut"], time: "virtual" },
    // The first case of some seeds has a rotation in it that is taken for refused, and was not: that is G2.
    seed: 2,
    timeLimitMs: 60_000,
    isDeterministic: true,
  } as const;
  const { finding } = await runCampaign({ ...options, runs: 500 });
  assert(finding !== undefined, "the store applies a retry twice, and nothing was found");
  assertEquals(finding.violation.guarantee, "G3");
  assert(finding.case.ops.length <= 10, `${finding.case.ops.length} calls are not few`);
  for (let time = 0; time < 3; time++) {
    const again = await runCampaign({ ...options, runs: 1, path: finding.path });
    assertEquals(again.finding?.violation, finding.violation);
    assertEquals(again.finding?.path, finding.path);
  }
});

/** A store that sees a new writer in every commit: it never recognises a retry. */
function forgetful(clock: Clock): SimulatedStore {
  const store = new MemoryStore({ clock });
  let commits = 0;
  return (): StorageAdapter => {
    const inner = memoryAdapter({ store });
    return Object.assign(Object.create(inner) as StorageAdapter, {
      commit: (key: string, { prev: _, ...batch }: CommitBatch, options: { timeoutMs: number }) =>
        inner.commit(key, { ...batch, writer: `w${++commits}` }, options),
      load: inner.load.bind(inner),
      open: inner.open.bind(inner),
      list: inner.list.bind(inner),
      close: inner.close.bind(inner),
      subscribe: inner.subscribe!.bind(inner),
      // What it forgot is not given back to it.
      heal: undefined,
      heartbeat: undefined,
    });
  };
}

Deno.test("the virtual clock fires timers in the order of their times", async () => {
  const clock = new VirtualClock();
  const fired: string[] = [];
  clock.after(20, () => fired.push(`late at ${clock.now()}`));
  clock.after(10, () => {
    fired.push(`early at ${clock.now()}`);
    clock.after(5, () => fired.push(`between at ${clock.now()}`));
  });
  clock.after(15, () => fired.push("cancelled")).cancel();
  await clock.advance(19);
  assertEquals(fired, ["early at 10", "between at 15"]);
  await clock.advance(1);
  assertEquals(fired.at(-1), "late at 20");
});

Deno.test("between two moments all promises settle", async () => {
  const clock = new VirtualClock();
  let steps = 0;
  clock.after(1, async () => {
    for (; steps < 1_000; steps++) await undefined;
  });
  for (let time = 0; time < 3; time++) {
    await clock.advance(1);
    assertEquals(steps, 1_000);
  }
});
