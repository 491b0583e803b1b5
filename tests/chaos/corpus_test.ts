import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  CaseError,
  type CorpusEntry,
  countSometimes,
  type History,
  readCorpusEntry,
  runCampaign,
  runSimulated,
  type Tally,
  writeCorpusEntry,
} from "../../chaos/mod.ts";
import { runShards } from "../../scripts/chaos/simulation_shards.ts";

const CASES = new URL("./cases/", import.meta.url);

async function readAll(): Promise<CorpusEntry[]> {
  const entries: CorpusEntry[] = [];
  for await (const { name } of Deno.readDir(CASES)) {
    assert(name.endsWith(".json"), `${name} is no case`);
    entries.push(readCorpusEntry(name, await Deno.readTextFile(new URL(name, CASES))));
  }
  return entries;
}

Deno.test("every case of the corpus can be read, and says what it found", async () => {
  const entries = await readAll();
  assert(entries.length >= 8, `${entries.length} cases`);
  for (const { name, description, bug } of entries) {
    for (const text of [description, bug]) {
      assert(/^[A-Z"].{20,}\.$/s.test(text), `${name} needs sentences; it has "${text}"`);
    }
  }
});

Deno.test("an entry without a description, or with a field too much, is refused by name", async () => {
  const [entry] = await readAll();
  const value = JSON.parse(writeCorpusEntry(entry!));
  const read = (more: Record<string, unknown>) => () =>
    readCorpusEntry("x.json", JSON.stringify({ ...value, ...more }));
  assertEquals(read({})(), { ...entry!, name: "x.json" });
  const refused = [{ description: " " }, { bug: undefined }, { remark: "" }, { case: {} }];
  for (const more of refused) {
    const error = assertThrows(read(more), CaseError);
    assert(error.message.startsWith("x.json: "), error.message);
  }
});

Deno.test("the corpus runs first, and a violation names its file", async () => {
  const [entry] = await readAll();
  const run: string[] = [];
  const { finding, tally } = await runCampaign({
    runner: async (chaosCase) => {
      const outcome = await runSimulated(chaosCase);
      run.push(JSON.stringify(chaosCase));
      return { ...outcome, history: unanswered(outcome.history) };
    },
    cases: { faults: [], time: "virtual" },
    corpus: [entry!],
    seed: 1,
    runs: 3,
    timeLimitMs: 60_000,
    isDeterministic: false,
  });
  assertEquals(run, [JSON.stringify(entry!.case)]);
  assertEquals([finding?.entry, tally.corpus, tally.histories], [entry!.name, 1, 0]);
});

Deno.test("of the processes that share a run one runs the corpus, and all counts come back", async () => {
  const corpus = await readAll();
  const results = await runShards({
    task: {
      ...{ seed: 1, runs: 40, timeLimitMs: 60_000, isDeterministic: true, corpus },
      cases: { faults: ["reply-cut"], time: "virtual" },
    },
    signal: new AbortController().signal,
    onTally: () => {},
  });
  const counts = results.map(({ tally }) => tally.corpus);
  assertEquals(counts, [corpus.length, ...Array(results.length - 1).fill(0)]);
  assertEquals(results.flatMap(({ finding, toolFailure }) => finding ?? toolFailure ?? []), []);
  const sum = (count: (tally: Tally) => number) =>
    results.reduce((total, { tally }) => total + count(tally), 0);
  assertEquals(sum(({ histories }) => histories), 40);
  const withCuts = sum(({ historiesWith }) => historiesWith.get("reply-cut") ?? 0);
  assert(withCuts > 0 && withCuts <= sum(({ faults }) => faults.get("reply-cut") ?? 0));
  assert((countSometimes(results)["retry-answered-duplicate"] ?? 0) > 0);
});

/** A history in which no last call is answered. */
function unanswered(history: History): History {
  const last = new Set(
    history.events.flatMap((event) =>
      event.type === "invoke" && event.final ? [event.call.op] : []
    ),
  );
  const events = history.events.filter((event) => event.type !== "return" || !last.has(event.op));
  return { ...history, events };
}
