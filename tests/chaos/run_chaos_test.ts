// Third-party adapters through the exported kit alone.
import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { ConfigError } from "@hakgal/sessions";
import { type FaultKind, runChaos } from "@hakgal/sessions/chaos";
import { type Bug, BUGS } from "../../examples/broken_adapter.ts";

/** Longest time for a bug; what it takes is printed. */
const TIME_LIMIT_MS = 100_000;
const HOUR_MS = 3_600_000;

function adapterModule(bug?: Bug): URL {
  const url = new URL("../../examples/broken_adapter.ts", import.meta.url);
  if (bug) url.searchParams.set("bug", bug);
  return url;
}

/**
 * What each bug breaks, and the faults that show it soonest. What is written in two steps may overwrite anything, a
 * tombstone too.
 */
const BREAKS: Readonly<Record<Bug, readonly [guarantees: RegExp, faults: readonly FaultKind[]]>> = {
  "lost-update": [/^G[1-6]$/, []],
  "retry-without-seq": [/^G[23]$/, ["reply-cut"]],
  "wall-clock-ttl": [/^G[1246]$/, []],
  // A destroy that is tried again finds no trace of itself: then nobody knows what came of it. A late create brings the
  // session to life again, with its whole time.
  "no-tombstone": [/^G[1-68]$/, ["late-execution", "reply-cut"]],
  "partial-write": [/^G[1-6]$/, []],
};

for (const bug of BUGS) {
  Deno.test(`runChaos catches an adapter with the bug ${bug}`, async () => {
    const [guarantees, faults] = BREAKS[bug];
    const startedAtMs = performance.now();
    let histories = 0;
    const result = await runChaos({
      adapterModule: adapterModule(bug),
      ...{ faults, seed: 1, timeLimitMs: TIME_LIMIT_MS, clockSkewMs: HOUR_MS },
      shrinkMs: 4_000,
      onProgress: (progress) => {
        histories = progress.histories;
      },
    });
    const seconds = (performance.now() - startedAtMs) / 1_000;
    assertEquals([result.verdict, result.exitCode], ["violated", 1], result.explanation);
    const [violation] = result.backends[0]!.violations;
    assertMatch(violation!.guarantee, guarantees, result.explanation);
    assertStringIncludes(violation!.replay, "runChaos({ adapterModule");
    // deno-lint-ignore no-console -- how long it takes is what whoever runs it wants to know
    console.log(`${bug}: ${violation!.rule} after ${seconds.toFixed(1)} s, ${histories} histories`);
  });
}

Deno.test("an adapter that is right holds, and the report is the command's", async () => {
  const reportDir = await Deno.makeTempDir({ prefix: "hakgal-chaos-test-" });
  try {
    const { exitCode, explanation, ...report } = await runChaos({
      adapterModule: adapterModule(),
      ...{ faults: ["pod-kill", "reply-cut"], seed: 1, runs: 24, timeLimitMs: TIME_LIMIT_MS },
      ...{ clockSkewMs: HOUR_MS, reportDir },
    });
    assertEquals([report.verdict, exitCode], ["held", 0], explanation);
    const [backend] = report.backends;
    assertEquals([backend!.backend, backend!.histories], ["broken_adapter.ts", 24]);
    assert(backend!.faults["pod-kill"]! > 0, explanation);
    assertEquals(JSON.parse(await Deno.readTextFile(`${reportDir}/chaos.json`)), report);
  } finally {
    await Deno.remove(reportDir, { recursive: true });
  }
});

Deno.test("an adapter of one process is simulated, the same for the same seed", async () => {
  const options = {
    ...{ where: "simulated", seed: 3, runs: 120, timeLimitMs: TIME_LIMIT_MS } as const,
    faults: ["pod-kill", "late-execution", "reply-cut"] as const,
  };
  const right = await runChaos({ adapterModule: adapterModule(), ...options });
  assertEquals(right.verdict, "held", right.explanation);
  const wrong = async () => {
    const result = await runChaos({ adapterModule: adapterModule("no-tombstone"), ...options });
    assertEquals(result.verdict, "violated", result.explanation);
    return result.backends.map(({ durationMs: _durationMs, ...same }) => same);
  };
  assertEquals(await wrong(), await wrong());
});

Deno.test("what cannot be run is told in a sentence", async () => {
  await assertRejects(
    () => runChaos({ adapterModule: new URL("./history_builder.ts", import.meta.url) }),
    ConfigError,
    "exports no function createAdapter",
  );
  await assertRejects(
    () => runChaos({ adapterModule: new URL("./nowhere.ts", import.meta.url) }),
    ConfigError,
    "cannot be loaded",
  );
  await assertRejects(
    () => runChaos({ adapterModule: adapterModule(), faults: ["store-outage"] }),
    ConfigError,
    'The fault "store-outage" cannot be made on this store',
  );
});
