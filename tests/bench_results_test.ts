// What the benchmark says of what it measured: verdicts, the file of results, the regression guard, the command line.
import { assert, assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import { baselineText, compare, ratiosOf, readBaseline } from "../bench/baseline.ts";
import { CASES } from "../bench/cases.ts";
import { guard } from "../bench/guard.ts";
import { usedVersions } from "../bench/machine.ts";
import { readOptions, UsageError } from "../bench/options.ts";
import {
  type CaseResult,
  exitCodeOf,
  fromText,
  type Results,
  RESULTS_FORMAT,
  toText,
} from "../bench/results.ts";
import type { Race } from "../bench/rounds.ts";
import { stagesFor } from "../bench/stages.ts";
import { caseLines, tableLines } from "../bench/table.ts";
import { atLeast, atMost, rateAtLeast, rateAtLeastBest } from "../bench/verdict.ts";
import { run } from "../scripts/servers/run.ts";

const RACE: Race = {
  standings: [
    { name: "ours", rounds: [80, 90, 100], median: 90, spread: 0.1 },
    { name: "raw", rounds: [100, 100, 100], median: 100, spread: 0 },
    { name: "peer", rounds: [10, 10, 10], median: 10, spread: 0 },
  ],
  isSteady: false,
  attempts: 3,
};

Deno.test("a ratio that is reached, one that is missed, one that nobody was there for", () => {
  assertEquals(rateAtLeast(RACE, { against: "raw", bound: 0.9 }).state, "reached");
  assertEquals(rateAtLeast(RACE, { against: "raw", bound: 0.91 }).state, "missed");
  const best = { what: "rate", of: "the best peer", bound: 9.1 };
  const missed = rateAtLeastBest(RACE, { ...best, names: ["absent", "peer"] });
  assertEquals({ state: missed.state, ratio: missed.ratio }, { state: "missed", ratio: 9 });
  assertEquals(rateAtLeastBest(RACE, { ...best, names: ["absent"] }).state, "unmeasured");
  assertThrows(() => rateAtLeast(RACE, { against: "absent", bound: 1 }), RangeError, "absent");
});

Deno.test("bounds on figures hold at the bound, and not above", () => {
  assertEquals(atMost("sent", { value: 120, unit: "B" }, 120).state, "reached");
  assertEquals(atMost("sent", { value: 121, unit: "B" }, 120).state, "missed");
  assertEquals(atLeast("rate", { value: 119, unit: "/s" }, 120).state, "missed");
  const other = { name: "healthy", value: 2, unit: "ms" } as const;
  assertEquals(atMost("p99", { value: 6, unit: "ms" }, 3, other).state, "reached");
  assertEquals(atMost("p99", { value: 7, unit: "ms" }, 3, other).state, "missed");
  assertEquals(atMost("p99", { value: NaN, unit: "ms" }, 3).state, "missed");
});

Deno.test("the table has a line for each target, and says which figures are unsteady", () => {
  const result = caseOf({
    verdicts: [
      rateAtLeast(RACE, { against: "raw", bound: 0.95 }),
      atMost("sent", { value: 100, unit: "B" }, 120),
    ],
  });
  const lines = tableLines([result]);
  assertEquals(lines.length, 4);
  assertMatch(
    lines[2]!,
    /^increment +ioredis +rate +90\/s +100\/s +0\.9 × +≥ 0\.95 × raw +MISSED, unsteady$/,
  );
  assertMatch(lines[3]!, /sent +100 B +≤ 120 B +reached$/);
  assertStringIncludes(caseLines({ ...result, races: [RACE] }).join("\n"), "unsteady");
});

Deno.test("a case that could not be measured is told in both, with its reason", () => {
  const result = caseOf({ error: "no server" });
  assertStringIncludes(tableLines([result]).join("\n"), "could not be measured");
  assertStringIncludes(caseLines(result).join("\n"), "no server");
});

Deno.test("the exit status tells a missed target from what could not be measured", () => {
  const reached = atMost("sent", { value: 1, unit: "B" }, 2);
  const missed = atMost("sent", { value: 3, unit: "B" }, 2);
  const unmeasured = rateAtLeastBest(RACE, { what: "rate", names: [], of: "a peer", bound: 1 });
  assertEquals(exitCodeOf(resultsOf(caseOf({ verdicts: [reached, unmeasured] }))), 0);
  assertEquals(exitCodeOf(resultsOf(caseOf({ verdicts: [reached, missed] }))), 1);
  assertEquals(exitCodeOf(resultsOf(caseOf({ verdicts: [missed] }), caseOf({ error: "x" }))), 2);
});

Deno.test("a file of results is read as it was written, and another one refused with what to do", () => {
  const results = resultsOf(caseOf({
    races: [{ ...RACE, standings: [{ ...RACE.standings[0]!, median: 1 / 3 }] }],
    verdicts: [rateAtLeast(RACE, { against: "raw", bound: 0.9 })],
  }));
  const read = fromText(toText(results), "bench.json");
  assertEquals(read.cases[0]!.verdicts, results.cases[0]!.verdicts);
  assertEquals(read.cases[0]!.races[0]!.standings[0]!.median, 0.333333);
  const advice = "deno task bench --json bench.json";
  assertThrows(() => fromText("{", "bench.json"), Error, advice);
  assertThrows(() => fromText('{"format": 99, "cases": []}', "bench.json"), Error, advice);
  assertThrows(() => fromText("null", "bench.json"), Error, advice);
});

Deno.test("the guard fails below seven tenths of what was recorded, and not at them", () => {
  const compared = compare({ a: 1, b: 1, c: 1, d: 1 }, { a: 0.7, b: 0.69, c: 2, e: 1 });
  assertEquals(compared.map(({ name, state }) => `${name} ${state}`), [
    ...["a kept", "b lost", "c kept", "d unmeasured"],
  ]);
});

Deno.test("a baseline holds ratios of rates, and is read as it was written", () => {
  const ratios = ratiosOf(resultsOf(caseOf({
    verdicts: [
      rateAtLeast(RACE, { against: "raw", bound: 0.9 }),
      atMost("p99", { value: 6, unit: "ms" }, 3, { name: "healthy", value: 2, unit: "ms" }),
    ],
    figures: {
      "share of a bare lookup": { value: 0.5, unit: "×" },
      "sent": { value: 9, unit: "B" },
    },
  })));
  assertEquals(ratios, {
    "increment ioredis: ours / raw": 0.9,
    "increment ioredis: share of a bare lookup": 0.5,
  });
  assertEquals(readBaseline(baselineText(ratios), "baseline.json"), ratios);
  for (
    const text of [
      "{",
      "null",
      "[]",
      '{"format":1}',
      '{"format":1,"ratios":{}}',
      '{"format":2,"ratios":{"a":1}}',
    ]
  ) {
    assertThrows(() => readBaseline(text, "baseline.json"), Error, "--write-baseline");
  }
});

Deno.test("the guard measures again what seems lost, and nothing else", async () => {
  const recorded = { "a ioredis: x": 1, "b ioredis: x": 1, "b ioredis: y": 1 };
  const measured = [
    { "a ioredis: x": 1, "b ioredis: x": 0.5, "b ioredis: y": 0.9 },
    { "b ioredis: x": 0.8, "b ioredis: y": 0.1 },
  ];
  const asked: string[][] = [];
  const compared = await guard({
    recorded,
    measure(cases) {
      asked.push([...cases]);
      return Promise.resolve(measured[asked.length - 1]!);
    },
  });
  assertEquals(asked, [["a", "b"], ["b"]]);
  assertEquals(compared.map(({ measured, state }) => ({ measured, state })), [
    { measured: 1, state: "kept" },
    { measured: 0.8, state: "kept" },
    { measured: 0.9, state: "kept" },
  ]);
});

Deno.test("the guard gives up on what stays lost, and when its minute is over", async () => {
  let [asked, atMs] = [0, 0];
  const options = (tookMs: number) => ({
    recorded: { "a ioredis: x": 1 },
    measure() {
      asked++;
      atMs += tookMs;
      return Promise.resolve({ "a ioredis: x": 0.6 });
    },
    now: () => atMs,
  });
  assertEquals((await guard(options(1_000)))[0]!.state, "lost");
  assertEquals(asked, 3);
  assertEquals((await guard(options(50_000)))[0]!.state, "lost");
  assertEquals(asked, 4);
});

Deno.test("the recorded baseline is one, and of cases that there are", async () => {
  const path = "bench/baseline.json";
  const ratios = readBaseline(await Deno.readTextFile(path), path);
  const guarded = CASES.filter(({ isGuarded }) => isGuarded).map(({ name }) => name);
  const recorded = new Set(Object.keys(ratios).map((name) => name.split(" ")[0]!));
  assertEquals([...recorded].sort(), guarded.sort());
});

Deno.test("every case has a name of its own, and a backend", () => {
  const names = CASES.map(({ name }) => name);
  assertEquals(new Set(names).size, names.length);
  for (const { name, backends } of CASES) {
    assertMatch(name, /^[a-z0-9_]+$/);
    assert(backends.length > 0);
  }
});

Deno.test("options: what is not said is everything", () => {
  const { cases, backends, settings, baseline } = readOptions([], CASES);
  assertEquals(cases, CASES);
  assert(backends.includes("sqlite") && backends.includes("none"));
  assertEquals(settings.turnMs, 1_000);
  assertEquals(settings.rounds, 5);
  assertEquals(baseline, "none");
});

Deno.test("options: cases and backends are chosen by name", () => {
  const args = ["--case", "append,create", "--backend", "node-redis", "--seconds", "0.2"];
  const { cases, backends, settings } = readOptions(args, CASES);
  assertEquals(cases.map(({ name }) => name), ["append", "create"]);
  assertEquals(backends, ["node-redis"]);
  assertEquals(settings.turnMs, 200);
  assertEquals(readOptions(["--checker"], CASES).cases.map(({ name }) => name), ["checker"]);
  const quick = readOptions(["--quick"], CASES);
  assertEquals(quick.baseline, "compare");
  assert(quick.cases.every(({ isGuarded }) => isGuarded));
});

Deno.test("options: what there is not is answered with what there is", () => {
  const wrong: [string[], string][] = [
    [["--case", "apend"], 'Did you mean "append"?'],
    [["--case", "append,creat"], 'Did you mean "create"?'],
    [["--backend", "iorediss"], 'Did you mean "ioredis"?'],
    [["--case", "append", "--backend", "sqlite"], "but for ioredis, node-redis, valkey-glide"],
    [["--rounds", "0"], "whole number above 0"],
    [["--rounds", "2.5"], "whole number above 0"],
    [["--seconds", "soon"], "number above 0"],
    [["--quick", "--full"], "opposite"],
    [["--quick", "--case", "append"], "leave --case out"],
    [["--write-baseline"], "--quick --write-baseline"],
    [["--pears"], "--peers"],
    [["append"], "too many arguments"],
  ];
  for (const [args, said] of wrong) {
    assertThrows(() => readOptions(args, CASES), UsageError, said, args.join(" "));
  }
});

Deno.test("the command ends with 2 and a sentence on what it cannot understand", async () => {
  const command = [Deno.execPath(), "run", "-A", "--quiet", "scripts/bench.ts"];
  const { code, stderr } = await run([...command, "--case", "chached_read"]);
  assertEquals(code, 2);
  assertStringIncludes(stderr, 'There is no case "chached_read". Did you mean "cached_read"?');
});

Deno.test("versions are those of the lock file, of a client the one that is measured", async () => {
  const versions = await usedVersions("redis 7.0.15");
  assertEquals(versions.server, "redis 7.0.15");
  // The commit is missing where there is no history: in a package, in an archive.
  assertMatch(versions["@hakgal/sessions"]!, /^\d+\.\d+\.\d+( \([0-9a-f]{7,40}(-dirty)?\))?$/);
  for (const name of ["ioredis", "@redis/client", "@valkey/valkey-glide", "keyv", "bentocache"]) {
    assertMatch(versions[name] ?? "none", /^\d+\.\d+\.\d+$/, name);
  }
  // deno.lock holds 5 as well, which is tested and not measured.
  assertMatch(versions.ioredis!, /^6\./);
  assertMatch(versions["@redis/client"]!, /^6\./);
});

Deno.test("sessions are large where the machine has room for them", () => {
  const sizes = (gigabytes: number, most: number) =>
    stagesFor(gigabytes * 1e9, most).map(({ sessions, size }) => `${sessions} ${size}`);
  assertEquals(sizes(32, 100_000), ["1000 large", "10000 large", "100000 large"]);
  assertEquals(sizes(4, 1_000_000), [
    ...["1000 large", "10000 large", "100000 small", "1000000 small"],
  ]);
  assertEquals(sizes(512, 1_000_000).at(-1), "1000000 small");
});

function caseOf(found: Partial<CaseResult>): CaseResult {
  return {
    ...{ case: "increment", title: "one counter", backend: "ioredis" },
    ...{ races: [], verdicts: [], figures: {}, notes: [] },
    ...found,
  };
}

function resultsOf(...cases: CaseResult[]): Results {
  return {
    format: RESULTS_FORMAT,
    startedAt: "2026-01-01T00:00:00.000Z",
    settings: { turnMs: 1_000, rounds: 5, withPeers: false, isFull: false },
    machine: { os: "linux", cpu: "some", cores: 2, memoryBytes: 8e9, loadAtStart: [0, 0, 0] },
    versions: { deno: "2.9.6" },
    cases,
  };
}
