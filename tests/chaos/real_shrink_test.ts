/** Cases whose failure comes and goes, as where time is real: made smaller by what they fail by, and counted. */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { type CampaignOptions, type History, runCampaign, runSimulated } from "../../chaos/mod.ts";
import { failureText, reportBackend } from "../../chaos/report.ts";

/** The first destroy rejects with an error of no kind; where there is none the last call goes unanswered. */
function broken({ settings, events }: History): History {
  const invoked = events.flatMap((event) => event.type === "invoke" ? [event] : []);
  const destroy = invoked.find(({ call }) => call.kind === "destroy");
  const op = (destroy ?? invoked.at(-1))?.call.op;
  return {
    settings,
    events: events.flatMap((event) => {
      if (event.type !== "return" || event.op !== op) return [event];
      const error = { kind: "error", name: "TypeError", message: "of the test" } as const;
      return destroy ? [{ ...event, result: error }] : [];
    }),
  };
}

function options(runs: number, more: Partial<CampaignOptions> = {}): CampaignOptions {
  let count = 0;
  return {
    runner: async (chaosCase) => {
      const outcome = await runSimulated(chaosCase);
      // Every other time nothing is wrong.
      return ++count % 2 === 0 ? { ...outcome, history: broken(outcome.history) } : outcome;
    },
    cases: { faults: ["reply-cut"], time: "real" },
    ...{ seed: 3, runs, timeLimitMs: 60_000, shrinkMs: 20_000, isDeterministic: false },
    ...{ tries: 2, looks: 6, ...more },
  };
}

Deno.test("a case that fails now and then gets smaller by the rule that it broke, and how often is told", async () => {
  const { finding } = await runCampaign(options(500));
  assert(finding);
  assertEquals([finding.violation.guarantee, finding.violation.rule], ["G10", "documented-ends"]);
  // Without its destroy it breaks another rule: that is another bug.
  assertEquals(finding.case.ops.map(({ kind }) => kind), ["destroy"]);
  const { seen } = finding;
  assert(seen);
  assertEquals(seen.tries, 6);
  assert(seen.times >= 2 && seen.times <= 4, `${seen.times}`);

  const told = failureText("ioredis", finding, "deno task chaos --seed 3 --path 1");
  assertStringIncludes(
    told,
    `Seen ${seen.times} of 6 times. To see it again:\n  deno task chaos`,
  );
  const again = await runCampaign(options(1, { path: finding.path, tries: 20 }));
  assertEquals(again.finding?.violation.rule, finding.violation.rule);
  assertEquals(again.finding?.case, finding.case);
  assert(again.finding!.seen!.tries <= 2);
  const [reported] = reportBackend(
    { backend: "ioredis", server: null, serverVersion: null },
    [],
    [again],
    () => "again",
    0,
  ).violations;
  assertEquals(reported?.seen, again.finding!.seen);
});

Deno.test("when the time for it is up, the best that was found by then is kept", async () => {
  const { finding } = await runCampaign(options(500, { shrinkMs: 0 }));
  assert(finding!.case.ops.length > 1);
  assertEquals(finding!.seen, { times: 1, tries: 1 });
});

Deno.test("an interruption while a case gets smaller leaves one that fails", async () => {
  const interruption = new AbortController();
  let failures = 0;
  const { runner, ...rest } = options(500);
  const { finding } = await runCampaign({
    ...rest,
    runner: async (chaosCase) => {
      const outcome = await runner(chaosCase);
      const isBroken = outcome.history.events.some((event) =>
        event.type === "return" && event.result.kind === "error"
      );
      if (isBroken && ++failures === 3) interruption.abort();
      return outcome;
    },
    signal: interruption.signal,
  });
  const again = await runCampaign(options(1, { path: finding!.path, tries: 20 }));
  assertEquals(again.finding?.case, finding!.case);
});
