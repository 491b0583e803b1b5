// The documents of the benchmark: tables and plots are of the results, and of nothing else.
import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { fillIn, markedParts } from "../bench/report/markers.ts";
import { otherMachines } from "../bench/report/machines.ts";
import { memoryTable, parts } from "../bench/report/markdown.ts";
import { drawPlots, shareOfTarget } from "../bench/report/plots.ts";
import { fromText, type Results, RESULTS_FORMAT } from "../bench/results.ts";
import { atLeast, atMost } from "../bench/verdict.ts";

const DOCUMENTS = ["docs/performance.md", "docs/scale.md"];

const latency = { calls: 10, p50Ms: 1, p99Ms: 2, p999Ms: 3, maxMs: 4 };
const standing = (name: string, rate: number) => ({
  ...{ name, rounds: [rate], median: rate, spread: 0.05, latency },
});
const RESULTS: Results = {
  format: RESULTS_FORMAT,
  startedAt: "2026-01-02T03:04:05.000Z",
  settings: { turnMs: 1_000, rounds: 5, withPeers: true, isFull: false },
  machine: {
    os: "linux",
    cpu: "a processor",
    cores: 2,
    memoryBytes: 8e9,
    loadAtStart: [0.5, 0, 0],
  },
  versions: { deno: "2.9.6", ioredis: "6.0.0" },
  cases: [
    {
      ...{ case: "increment_large", title: "one counter", backend: "ioredis", notes: [] },
      races: [{
        standings: [
          standing("ours", 26_000),
          standing("raw EVALSHA", 30_000),
          standing("keyv", 160),
        ],
        ...{ isSteady: true, attempts: 1 },
      }],
      verdicts: [atLeast("rate", { value: 26_000, unit: "/s" }, 30_000)],
      figures: { received: { value: 90, unit: "B" } },
    },
    {
      ...{ case: "growth", title: "more and more", backend: "ioredis", notes: [], figures: {} },
      races: [{
        standings: [
          standing("increment, 1,000 sessions", 100),
          standing("increment, 10,000 sessions", 95),
        ],
        ...{ isSteady: true, attempts: 1 },
      }],
      verdicts: [atMost("store, small session", { value: 900, unit: "B" }, 1_000)],
    },
  ],
};

Deno.test("every part that a document marks can be written", async () => {
  const known = Object.keys(parts(RESULTS, []));
  for (const path of DOCUMENTS) {
    const marked = markedParts(await Deno.readTextFile(path));
    assert(marked.length > 0, path);
    assertEquals(marked.filter((name) => !known.includes(name)), [], path);
    let text = await Deno.readTextFile(path);
    for (const name of marked) text = fillIn(text, name, "anew");
    assertEquals(markedParts(text), marked);
  }
});

Deno.test("writing a part leaves the rest as it is, and does so again and again", () => {
  const document = "before\n<!-- bench:a -->\nold\n<!-- /bench:a -->\nafter\n";
  const written = fillIn(document, "a", "new\n");
  assertEquals(written, "before\n<!-- bench:a -->\n\nnew\n\n<!-- /bench:a -->\nafter\n");
  assertEquals(fillIn(written, "a", "new"), written);
  assertThrows(() => fillIn(document, "b", "new"), Error, "<!-- bench:b -->");
});

Deno.test("the tables tell the machine, the targets and their verdicts, and every contestant", () => {
  const { machine, targets, rates, figures, growth } = parts(RESULTS, drawPlots(RESULTS));
  assertStringIncludes(
    machine!,
    "2 cores (a processor), 8,000 MB of memory, linux; load at the start 0.50",
  );
  assertStringIncludes(
    targets!,
    "| `increment_large` | ioredis | rate | 26,000/s |  |  | ≥ 30,000/s | **missed** |",
  );
  assertStringIncludes(rates!, "| raw EVALSHA | 30,000/s | 5 % | 1 ms | 2 ms | 3 ms |");
  assertStringIncludes(figures!, "| `increment_large` | ioredis | received | 90 B |");
  assertStringIncludes(growth!, "](images/bench-growth.svg)");
});

Deno.test("runs on other machines are compared target by target, and only what differs is listed", () => {
  const [increments, growth] = RESULTS.cases;
  const verdicts = [
    atLeast("rate", { value: 26_000, unit: "/s" }, 20_000),
    atMost("sent", { value: 120, unit: "B" }, 120),
  ];
  const quick = {
    ...RESULTS,
    ...{ startedAt: "2026-01-01T00:00:00.000Z", versions: { "@hakgal/sessions": "0.1.0 (abc)" } },
    ...{ machine: { ...RESULTS.machine, cpu: "a quick one" } },
    ...{ cases: [{ ...increments!, verdicts }, growth!] },
  };
  const { machines } = parts(RESULTS, [], [{ name: "quick", results: quick }]);
  assertStringIncludes(machines!, "| the tables | 2026-01-02 | a processor, 2 cores |  | 1 | 1 |");
  assertStringIncludes(
    machines!,
    "| quick | 2026-01-01 | a quick one, 2 cores | 0.1.0 (abc) | 3 | 0 |",
  );
  assertStringIncludes(machines!, "Of 3 targets 1 are reached in each");
  const differing = machines!.split("\n").filter((line) => line.startsWith("| `"));
  assertEquals(differing, [
    "| `increment_large` | ioredis | rate | ≥ 30,000/s | **26,000/s** | 26,000/s |",
    "| `increment_large` | ioredis | sent | ≤ 120 B |  | 120 B |",
  ]);
  const alone = parts(RESULTS, []).machines!;
  assert(!alone.includes("The others") && !alone.includes("Not measured"), alone);
});

Deno.test("the runs that are kept tell their machine and the code that they are of", async () => {
  const kept = fromText(await Deno.readTextFile("bench/bench.json"), "bench/bench.json");
  const runs = [{ name: "the tables", results: kept }, ...await otherMachines()];
  assert(runs.length > 1);
  for (const { name, results: { machine, versions, cases } } of runs) {
    assert(cases.length > 0 && machine.cpu !== "", name);
    assert(/\([0-9a-f]{7,}\)$/.test(versions["@hakgal/sessions"] ?? ""), name);
  }
});

Deno.test("plots are SVG by themselves, with a title, and show what there is", () => {
  const plots = drawPlots(RESULTS);
  assertEquals(plots.map(({ file }) => file), [
    ...["bench-targets.svg", "bench-peers.svg", "bench-latency.svg", "bench-growth.svg"],
  ]);
  for (const { svg, title } of plots) {
    assert(svg.startsWith("<svg ") && svg.includes('xmlns="http://www.w3.org/2000/svg"'), title);
    assertStringIncludes(svg, title);
    assert(!svg.includes("NaN"), title);
  }
  const [, peers] = plots;
  for (const name of ["ours", "raw EVALSHA", "keyv"]) assertStringIncludes(peers!.svg, name);
  assertEquals(drawPlots({ ...RESULTS, cases: [] }), []);
});

Deno.test("a figure in parts of its target is 1 where it is just reached, and more beyond", () => {
  assertEquals(shareOfTarget(atLeast("rate", { value: 30, unit: "/s" }, 20)), 1.5);
  assertEquals(shareOfTarget(atMost("sent", { value: 60, unit: "B" }, 120)), 2);
  assertEquals(shareOfTarget(atMost("lost", { value: 0, unit: "" }, 0)), 1);
  assertEquals(shareOfTarget(atMost("lost", { value: 5, unit: "" }, 0)), 0);
});

/** The cells of all tables in a text; how wide they are is the formatter's. */
function cells(text: string): string[][] {
  return text.split("\n").filter((line) => line.startsWith("|") && !line.includes("---"))
    .map((line) => line.split("|").map((cell) => cell.trim()));
}

/** What stands between the marks of a part. */
function partOf(document: string, name: string): string {
  return document.split(`<!-- bench:${name} -->`)[1]!.split(`<!-- /bench:${name} -->`)[0]!;
}

Deno.test("docs/scale.md tells what the calculator says", async () => {
  const document = await Deno.readTextFile("docs/scale.md");
  assertEquals(cells(partOf(document, "memory")), cells(memoryTable()));
});

Deno.test("the documents' tables are those of the results that are kept", async () => {
  const path = "bench/bench.json";
  const results = fromText(await Deno.readTextFile(path), path);
  const contents = parts(results, drawPlots(results), await otherMachines());
  for (const path of DOCUMENTS) {
    const document = await Deno.readTextFile(path);
    for (const name of markedParts(document)) {
      assertEquals(cells(partOf(document, name)), cells(contents[name]!), `${path}, ${name}`);
    }
  }
});
