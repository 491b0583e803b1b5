/** Worlds that chance seldom makes: calls staged around a fault, and a pod that ends while its store is away. */

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  arbitraryCase,
  type CaseFault,
  type ChaosCase,
  checkHistory,
  faultKindsOf,
  runSimulated,
} from "../../chaos/mod.ts";
import { REAL_SETTINGS } from "../../chaos/case.ts";
import { staged } from "../../chaos/scenes.ts";

const FAULT = { pod: 0, at: 1, phase: "p2", length: 1, span: 0.2 } as const;
const CALL = { pod: 0, session: 0, fresh: false, variant: 1, pace: "answer", gapMs: 0 } as const;

Deno.test("around a rollback one pod writes what is lost, and another one before that is put back", () => {
  const fault: CaseFault = { ...FAULT, kind: "store-rollback" };
  const { ops, faults } = staged({ ops: [], faults: [fault] }, REAL_SETTINGS);
  assertEquals(ops.map(({ pod, kind }) => `${pod} ${kind}`), [
    "0 getOrCreate",
    ...["0 increment", "0 increment", "0 increment", "1 increment", "0 get"],
  ]);
  assertEquals(faults, [{ ...fault, at: 2 }], "the snapshot is taken once the session is there");
});

Deno.test("around a failover one pod holds what is lost, and goes on from it after another one", () => {
  const fault: CaseFault = { ...FAULT, kind: "failover" };
  const { ops, faults } = staged({ ops: [], faults: [fault] }, REAL_SETTINGS);
  assertEquals(ops.map(({ pod, kind }) => `${pod} ${kind}`), [
    "1 getOrCreate",
    ...["1 increment", "2 get", "0 increment", "2 updateContext", "2 get"],
  ]);
  assertEquals(faults, [{ ...fault, at: 2 }], "the snapshot is taken once the session is there");
});

Deno.test("calls around a fault leave the other ones in their order, and other faults as they are", () => {
  const ops = [1, 2, 3].map((variant) => ({ ...CALL, kind: "touch", variant } as const));
  const expiry: CaseFault = { ...FAULT, kind: "ttl-expiry", at: 2 };
  const cut: CaseFault = { ...FAULT, kind: "reply-cut", at: 3 };
  const script = staged({ ops, faults: [cut, expiry] }, REAL_SETTINGS);
  assertEquals(script.ops.map(({ kind }) => kind), [
    "touch",
    ...["getOrCreate", "increment", "get", "get"],
    ...["touch", "touch"],
  ]);
  assertEquals(script.ops.filter(({ kind }) => kind === "touch"), ops);
  assertEquals(script.faults, [cut, { ...expiry, at: 4 }]);
});

Deno.test("some cases are staged, and others are not", () => {
  const cases = arbitraryCase({ faults: ["ttl-expiry"], time: "virtual" });
  const all = fc.sample(cases, { numRuns: 200, seed: 1 })
    .filter(({ faults }) => faults.length > 0);
  const isStaged = ({ ops, faults }: ChaosCase) =>
    ops[faults[0]!.at - 1]?.fresh === true &&
    ops[faults[0]!.at - 2]?.kind === "increment" && ops[faults[0]!.at - 3]?.kind === "getOrCreate";
  const share = all.filter(isStaged).length / all.length;
  assert(share > 0.2 && share < 0.8, `${share}`);
});

Deno.test("where time is real pods are killed more often than anything else happens", () => {
  for (const [store, least] of [["sqlite", 0.25], ["redis", 0.12]] as const) {
    const cases = arbitraryCase({ faults: faultKindsOf(store), time: "real" });
    const all = fc.sample(cases, { numRuns: 2_000, seed: 1 });
    // Several at one commit of a pod are one death.
    const deaths = all.flatMap(({ faults, pods }) => [
      ...new Set(
        faults.filter(({ kind, phase }) => kind === "pod-kill" && phase < "p5")
          .map(({ pod, at }) => `${pod % pods} ${at}`),
      ),
    ]);
    const share = deaths.length / all.length;
    assert(share > least, `${store}: ${share} a history`);
  }
});

Deno.test("a pod may be told to end while its store is away, if its next life has its journal", async () => {
  const ending = async (durable: boolean) => {
    const { history, faults } = await runSimulated({
      ...{ seed: 1, pods: 2, sessions: 1, settings: { ...REAL_SETTINGS, ttlMs: 60_000, durable } },
      ops: [
        { ...CALL, kind: "getOrCreate" },
        { ...CALL, kind: "increment", pace: "gap", gapMs: 500 },
        { ...CALL, kind: "increment" },
        { ...CALL, kind: "get" },
      ],
      faults: [
        { ...FAULT, kind: "store-outage", at: 2, span: 1 },
        { ...FAULT, kind: "pod-drain", at: 4 },
      ],
    });
    assertEquals(checkHistory(history), { verdict: "holds" });
    const flush = history.events.find((event) => event.type === "flush" && event.pod === "p1");
    return { drains: faults.get("pod-drain") ?? 0, flush: flush?.type === "flush" && flush.flush };
  };
  const { drains, flush } = await ending(true);
  assertEquals(drains, 1);
  assert(flush && flush.isEnd && flush.journaled > 0, "it ended with nothing to leave");
  assertEquals((await ending(false)).drains, 0, "what only it had would be lost");
});
