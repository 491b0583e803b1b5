import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { arbitraryCase, type CaseFault, type CaseOp, type ChaosCase } from "../../chaos/case.ts";
import { shrinkingCases, smallerCases } from "../../chaos/shrink.ts";

const FAULTS = ["store-outage", "reply-cut"] as const;

function op(part: Partial<CaseOp> = {}): CaseOp {
  return {
    ...{ pod: 0, session: 0, kind: "increment", fresh: false, variant: 0 },
    ...{ pace: "answer", gapMs: 1, ...part },
  };
}

function fault(part: Partial<CaseFault> = {}): CaseFault {
  return {
    ...{ kind: "store-outage", pod: 0, at: 1, phase: "p0", length: 1, span: 0 },
    ...part,
  };
}

function caseOf(part: Partial<ChaosCase>): ChaosCase {
  const settings = {
    ...{ ttlMs: 60_000, commandTimeoutMs: 1_000, maxStalenessMs: 1_000, graceMs: 60_000 },
    ...{ failMode: "open" as const, durable: true },
  };
  return { seed: 1, pods: 2, sessions: 1, ops: [], faults: [], settings, ...part };
}

/** Index of a destroy that an outage begins right before, a create on the same session being somewhere before it. */
function isFailing({ ops, faults }: ChaosCase): boolean {
  return ops.some(({ kind, session }, index) =>
    kind === "destroy" &&
    ops.slice(0, index).some((other) =>
      other.kind === "getOrCreate" && other.session === session
    ) &&
    faults.some((due) => due.kind === "store-outage" && due.at === index + 1)
  );
}

function check(seed: number, path?: string) {
  const cases = arbitraryCase({ faults: FAULTS, time: "virtual" });
  const property = fc.property(shrinkingCases(cases, "virtual"), (each) => !isFailing(each));
  return fc.check(property, {
    ...{ seed, numRuns: 2_000 },
    ...(path !== undefined && { path, endOnFailure: true, numRuns: 1 }),
  });
}

Deno.test("a failing case ends as the calls and faults that it needs, and its path leads there", () => {
  for (const seed of [1, 2, 3]) {
    const { counterexample, counterexamplePath } = check(seed);
    assert(counterexample);
    const [smallest] = counterexample;
    assertEquals(smallest.ops.map(({ kind }) => kind), ["getOrCreate", "destroy"]);
    assertEquals(smallest.faults.map(({ kind, at }) => [kind, at]), [["store-outage", 2]]);
    assertEquals([smallest.pods, smallest.sessions, smallest.settings.failMode], [1, 1, "open"]);
    assert(smallest.ops.every(({ pod, session, gapMs }) => pod + session === 0 && gapMs === 1));
    assertEquals(check(seed, counterexamplePath!).counterexample, counterexample);
  }
});

Deno.test("faults move with the calls that they come before", () => {
  const ops = [op(), op({ pod: 1 }), op(), op(), op()];
  const faults = [fault({ at: 4 }), fault({ kind: "reply-cut", at: 3 }), fault({ at: 1 })];
  const [, , second] = [...smallerCases(caseOf({ ops, faults }), "real")]
    .filter((smaller) => smaller.ops.length === 4).reverse();
  // Without the third call, which is the pod's second: what is due at its third commit is due at its second.
  assertEquals(second?.faults.map(({ at }) => at), [3, 2, 1]);
});

Deno.test("what is tried is smaller, and where time is real only calls and faults go", () => {
  const ops = Array.from(
    { length: 9 },
    (_, index) => op({ pod: index % 3, pace: "gap", gapMs: 40 }),
  );
  const whole = caseOf({ ops, faults: [fault({ at: 9, length: 5 }), fault()], pods: 3 });
  const real = [...smallerCases(whole, "real")];
  const virtual = [...smallerCases(whole, "virtual")];
  assert(virtual.length > real.length);
  for (const { ops, faults, settings, seed } of real) {
    assertEquals([settings, seed], [whole.settings, whole.seed]);
    assert(ops.length < whole.ops.length || faults.length < whole.faults.length);
  }
  const shown = new Set(virtual.map((each) => JSON.stringify(each)));
  assert(!shown.has(JSON.stringify(whole)), "a case is no smaller than itself");
  assert(virtual.every((each) => each.ops.length > 0));
});
