import { memoryAdapter, MemoryStore } from "../adapters/memory.ts";
import { sqliteAdapter } from "../adapters/sqlite.ts";
import {
  conformanceCases,
  type ConformanceSubject,
  performTask,
  registerConformance,
  runConformance,
} from "../chaos/conformance.ts";
import { documentAdapter, MapDocuments } from "../examples/custom_adapter.ts";
import { broken, type Mutant } from "./conformance_mutant.ts";
import { healMutants } from "./conformance_heal_mutants.ts";
import { mutants } from "./conformance_mutants.ts";
import { outageMutants } from "./conformance_outage_mutants.ts";
import { ADAPTERS } from "./redis_support.ts";

/** Every adapter that has to pass the suite. */
const subjects: readonly ConformanceSubject[] = [memorySubject(), documentSubject()];

for (const subject of subjects) {
  const skipped = registerConformance(subject, (name, run) => Deno.test(name, run));
  Deno.test(`${subject.name}: only what it has no way for is left out`, () => {
    const others = skipped.filter(({ reason }) =>
      !/no inbox|no hook|no otherProcess/.test(reason!)
    );
    assert(others.length === 0, `left out: ${others.map(({ name }) => name).join(", ")}`);
  });
}

Deno.test("the suite has at least 80 cases, each with a name of its own and a clause", () => {
  const cases = conformanceCases();
  const names = new Set(cases.map((candidate) => candidate.name));
  assert(cases.length >= 80, `there are ${cases.length} cases`);
  assert(names.size === cases.length, "two cases have the same name");
  assert(cases.every(({ clause }) => clause.length > 0), "a case has no clause");
});

for (const mutant of [...mutants, ...outageMutants, ...healMutants]) {
  Deno.test(`the suite finds the bug: ${mutant.bug}`, async () => {
    const report = await runConformance(mutantSubject(mutant), {
      filter: ({ name }) => name === mutant.caughtBy,
    });
    assert(report.cases.length === 1, `no case is called "${mutant.caughtBy}"`);
    const [found] = report.cases;
    assert(found?.outcome === "failed", `"${mutant.caughtBy}" passed`);
    const kind = found.error instanceof Error ? found.error.name : "";
    assert(kind === "ConformanceError", `it failed by accident: ${String(found.error)}`);
  });
}

Deno.test("a case that the subject cannot run is skipped with a reason, not passed", async () => {
  const { otherProcess: _, ...subject } = memorySubject();
  const without = { inbox: false, heal: false, heartbeat: false };
  const report = await runConformance({ ...subject, ...without }, {
    filter: ({ needs }) => needs !== undefined,
  });
  assert(report.passed === 0 && report.failed === 0, "a case ran");
  assert(report.skipped === report.cases.length && report.skipped > 10, "a case is missing");
  assert(report.cases.every(({ reason }) => Boolean(reason)), "a reason is missing");
});

Deno.test("registering answers the cases that were not registered", () => {
  const names: string[] = [];
  const skipped = registerConformance(
    { ...memorySubject(), inbox: false },
    (name) => names.push(name),
  );
  assert(names.length + skipped.length === conformanceCases().length, "a case is lost");
  assert(skipped.length > 10, "the cases about the inbox were registered");
});

for (
  const [method, caseName] of [
    ["subscribe", "a holder is told of a destroy"],
    ["heal", "a healed session is listed"],
    ["heartbeat", "each pod's key has a counter of its own"],
  ] as const
) {
  Deno.test(`an adapter without ${method} fails where its subject does not say so`, async () => {
    const store = new MemoryStore();
    const create = () => {
      const { [method]: _, ...adapter } = broken(memoryAdapter({ store }), {});
      return adapter;
    };
    const filter = ({ name }: { name: string }) => name === caseName;
    const report = await runConformance({ name: method, create }, { filter });
    assert(report.failed === 1, "it passed");
  });
}

Deno.test("every adapter of the library takes copies back and tells of its memory", () => {
  const adapters = [
    memoryAdapter(),
    sqliteAdapter({ path: ":memory:" }),
    ...Object.values(ADAPTERS).map((connect) => connect({ url: "redis://127.0.0.1:6379" })),
  ];
  for (const { name, heal, heartbeat } of adapters) assert(Boolean(heal && heartbeat), name);
});

Deno.test("a subject is disposed of once, and each case is reported once", async () => {
  let disposed = 0;
  const seen: string[] = [];
  const report = await runConformance(
    { ...memorySubject(), dispose: () => void (disposed += 1) },
    {
      filter: ({ clause }) => clause.includes("rule 19"),
      onCase: ({ name }) => seen.push(name),
      concurrency: 3,
    },
  );
  assert(disposed === 1, `disposed ${disposed} times`);
  assert(seen.length === report.passed && new Set(seen).size === seen.length, "reports");
});

for (const [what, lost] of [["keeps", 0], ["loses", 1]] as const) {
  Deno.test(`the case with two processes sees a process that ${what} its increments`, async () => {
    const store = new MemoryStore();
    const create = () => memoryAdapter({ store });
    // Stands for another process: what is tested here is the case, not the store.
    const report = await runConformance({
      name: "memory",
      create,
      otherProcess: (task) =>
        performTask(create(), { ...task, increments: task.increments - lost }),
    }, { filter: ({ needs }) => needs === "otherProcess" });
    assert(report.failed === lost && report.passed === 1 - lost, JSON.stringify(report.cases));
  });
}

function memorySubject(): ConformanceSubject {
  const store = new MemoryStore();
  return { name: "memory", create: () => memoryAdapter({ store }) };
}

function documentSubject(): ConformanceSubject {
  const documents = new MapDocuments();
  const edit = (pattern: RegExp, text: string) => (key: string) => {
    const before = documents.texts.get(key)!;
    const after = before.replace(pattern, text);
    assert(after !== before, `nothing to damage in ${before}`);
    documents.texts.set(key, after);
  };
  return {
    name: "documents",
    create: () => documentAdapter(documents),
    inbox: false,
    corrupt: {
      "unknown-format": edit(/"format":1/, '"format":99'),
      "garbled-meta": edit(/"meta":/, '"m\0eta":'),
      "missing-vector": edit(/\[1,"[^"]*"\]/, '[7,""]'),
      "bad-json": edit(/\["a","1"\]/, '["a","{"]'),
    },
  };
}

function mutantSubject(mutant: Mutant): ConformanceSubject {
  const store = new MemoryStore();
  const memory = new Map<string, unknown>();
  return {
    name: mutant.bug,
    create: () => {
      const inner = memoryAdapter({ store });
      return broken(inner, mutant.break(inner, memory));
    },
  };
}

function assert(condition: boolean, what: string): asserts condition {
  if (!condition) throw new Error(what);
}
