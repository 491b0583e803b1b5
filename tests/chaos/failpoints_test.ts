import { assert, assertEquals } from "@std/assert";
import { checkHistory } from "../../chaos/mod.ts";
import { armedOptions } from "../../scripts/chaos/armed_build.ts";
import { countingCase, openLane } from "./real_lane_support.ts";

const ROOT = new URL("../../", import.meta.url);

/** Runs a program in the build whose failpoints are armed, or in the plain one; what it printed as JSON. */
async function run(program: string, options: readonly string[]): Promise<unknown> {
  const path = await Deno.makeTempFile({ suffix: ".ts" });
  try {
    await Deno.writeTextFile(path, program.replaceAll("ROOT/", ROOT.href));
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-check", "--quiet", ...options, path],
      cwd: ROOT,
    }).output();
    assertEquals(code, 0, new TextDecoder().decode(stderr));
    return JSON.parse(new TextDecoder().decode(stdout));
  } finally {
    await Deno.remove(path);
  }
}

/** Counts the pods' deaths of many simulated histories by phase. */
const DEATHS = `
import fc from "fast-check";
import { arbitraryCase, faultKindsOf } from "ROOT/chaos/mod.ts";
import { runSimulated } from "ROOT/chaos/simulated_runner.ts";
const options = { faults: faultKindsOf("memory"), time: "virtual" };
const deaths = {};
for (const chaosCase of fc.sample(arbitraryCase(options), { numRuns: 600, seed: 4 })) {
  const faults = chaosCase.faults.map((fault) => ({ ...fault, kind: fault.at % 2 ? "pod-kill" : fault.kind }));
  const { history } = await runSimulated({ ...chaosCase, faults });
  for (const event of history.events) {
    if (event.type !== "fault" || event.kind !== "pod-kill") continue;
    deaths[event.detail] = (deaths[event.detail] ?? 0) + 1;
  }
}
console.log(JSON.stringify(deaths));
`;

Deno.test("pods die at every phase in the build whose failpoints are armed", async () => {
  const deaths = await run(DEATHS, await armedOptions()) as Record<string, number>;
  assertEquals(Object.keys(deaths).sort(), ["p0", "p1", "p2", "p3", "p4", "p5", "p6"]);
});

/** Kills a pod at a place; what it had done by then, and does afterwards. */
const DEATH = `
import { memoryAdapter, MemoryStore } from "ROOT/adapters/memory.ts";
import { FaultyAdapter, VirtualClock } from "ROOT/chaos/mod.ts";
import { onFailpoint } from "ROOT/chaos/failpoints.ts";
import { BaseSessionManager } from "ROOT/mod.ts";
const clock = new VirtualClock();
const store = new MemoryStore({ clock });
const outcomes = {};
for (const place of ["replied", "cached"]) {
  let isDead = false;
  const adapter = new FaultyAdapter(memoryAdapter({ store }), { clock, isDead: () => isDead });
  const manager = new BaseSessionManager({ adapter, clock });
  const acme = manager.tenant("acme");
  await acme.getOrCreate(place);
  onFailpoint(manager.podId, (reached) => { if (reached === place) isDead = true; });
  let after = "nothing";
  acme.increment(place, "n").then(() => acme.increment(place, "n")).then(() => { after = "answered"; });
  await clock.settle();
  const other = new BaseSessionManager({ adapter: memoryAdapter({ store }), clock });
  const { context } = await other.tenant("acme").get(place);
  outcomes[place] = [isDead, context.n, after];
}
console.log(JSON.stringify(outcomes));
`;

Deno.test("a pod that died at a failpoint sends nothing any more", async () => {
  const armed = await run(DEATH, await armedOptions());
  assertEquals(armed, { replied: [true, 1, "nothing"], cached: [true, 1, "nothing"] });
  const plain = await run(DEATH, ["--config", new URL("deno.json", ROOT).pathname]);
  assertEquals(plain, { replied: [false, 2, "answered"], cached: [false, 2, "answered"] });
});

Deno.test("what is published holds the empty failpoint alone", async () => {
  const source = await Deno.readTextFile(new URL("core/failpoint.ts", ROOT));
  const code = source.replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*/g, "");
  assert(code.includes("export function failpoint(_place: Failpoint, _pod: string): void {}"));
  const { publish } = JSON.parse(await Deno.readTextFile(new URL("deno.json", ROOT)));
  // What arms it is in a folder that no package takes.
  const armed = "scripts/chaos/armed_failpoint.ts";
  assertEquals(publish.include.filter((path: string) => armed.startsWith(path)), []);
  assert((await Deno.stat(new URL(armed, ROOT))).isFile);
});

/** In the order in which a pod comes to them, with the other commits and calls that bring it there. */
const INNER = [
  countingCase([{ kind: "pod-kill", at: 3, phase: "p3" }], { calls: 6, gapMs: 30 }),
  countingCase([{ kind: "pod-kill", at: 3, phase: "p4" }], { calls: 6, gapMs: 30 }),
];
/** The journal is used while the store is away, and emptied while calls still come: a client takes its time to return. */
const OF_JOURNAL = (away: "refused" | "database-locked") =>
  (["p5", "p6"] as const).map((phase) =>
    countingCase([{ kind: away, at: 3 }, { kind: "pod-kill", at: 1, phase }], { gapMs: 120 })
  );

for (const [backend, away] of [["ioredis", "refused"], ["sqlite", "database-locked"]] as const) {
  Deno.test(`a pod on ${backend} that is a process dies inside of core, at the phase of its kill`, async () => {
    await using lane = await openLane(backend, { armed: await armedOptions() });
    for (const chaosCase of [...INNER, ...OF_JOURNAL(away)]) {
      const { history, faults } = await lane.run(chaosCase);
      const { phase } = chaosCase.faults.at(-1)!;
      const index = history.events.findIndex((event) =>
        event.type === "fault" && event.kind === "pod-kill"
      );
      assert(index >= 0, `${phase} never took place`);
      const died = history.events[index]!;
      assertEquals(died.type === "fault" && died.detail, phase);
      // From where it is nothing comes but its end, whatever is asked of it meanwhile.
      const later = history.events.slice(index + 1).map(({ type }) => type);
      assertEquals(later.find((type) => type !== "invoke"), "kill");
      assertEquals(faults.get("pod-kill"), 1);
      assertEquals(checkHistory(history), { verdict: "holds" });
    }
  });
}

Deno.test("a pod that died at p3 had its commit in the store, and had not answered", async () => {
  await using lane = await openLane("ioredis", { armed: await armedOptions() });
  // One call after the other, so that only the one by which it dies goes without an answer.
  const ops = INNER[0]!.ops.map((op) => ({ ...op, pace: "answer" as const }));
  const { history } = await lane.run({ ...INNER[0]!, ops });
  const answered = new Set(
    history.events.flatMap((event) => event.type === "return" ? [event.op] : []),
  );
  const calls = history.events.flatMap((event) => event.type === "invoke" ? [event.call] : []);
  const silent = calls.filter(({ op }) => !answered.has(op));
  assertEquals(silent.map(({ kind }) => kind), ["increment"]);
  const last = history.events.findLast((event) =>
    event.type === "return" && event.result.kind === "session"
  );
  assert(last?.type === "return" && last.result.kind === "session");
  // Six calls, and one at the end: of the one that was not answered the store has the effect, too.
  const digits = Number(last.result.session.context.c0).toString(8);
  assertEquals(digits, "1111111");
});
