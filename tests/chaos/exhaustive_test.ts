import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { memoryAdapter, MemoryStore } from "../../adapters/memory.ts";
import { writeHistory } from "../../chaos/history.ts";
import { Explorer, runSchedule, shrink } from "../../chaos/exhaustive/explorer.ts";
import { sizeOf, type World } from "../../chaos/exhaustive/world.ts";
import { WorldRun, type WorldRunOptions } from "../../chaos/exhaustive/world_run.ts";
import { WORLDS } from "../../chaos/exhaustive/worlds.ts";
import type { SimulatedStore } from "../../chaos/mod.ts";
import type { Clock, CommitBatch, StorageAdapter } from "../../mod.ts";

function worldOf(name: string): World {
  const world = WORLDS.find((other) => other.name === name);
  assert(world, `there is no world ${name}`);
  return world;
}

/** A store whose adapters send each commit through `change`. */
function storeWith(change: (batch: CommitBatch, number: number) => CommitBatch) {
  return (clock: Clock): SimulatedStore => {
    const store = new MemoryStore({ clock });
    let commits = 0;
    return (): StorageAdapter => {
      const adapter = memoryAdapter({ store });
      const commit = adapter.commit.bind(adapter);
      adapter.commit = (key, batch, options) => commit(key, change(batch, ++commits), options);
      return adapter;
    };
  };
}

/** It never recognises a retry: each commit is another writer's. */
const forgetful = storeWith(({ prev: _, ...batch }, number) => ({
  ...batch,
  writer: `w${number}`,
}));
/** It applies an update whatever the state has become. */
const careless = storeWith(({ ifVersion: _, ...batch }) => batch);

async function search(name: string, options: WorldRunOptions) {
  const explorer = new Explorer(worldOf(name), options);
  const bad = await explorer.search(() => false);
  return { bad, progress: explorer.progress };
}

Deno.test("a small world is searched to its end, and holds", async () => {
  const { bad, progress } = await search("destroy-loss", { seed: 1 });
  assertEquals(bad, undefined);
  assert(progress.isComplete);
  assert(progress.ended > 50 && progress.states > progress.ended, JSON.stringify(progress));
  assertEquals((await search("destroy-loss", { seed: 1 })).progress, progress);
});

Deno.test("a store that forgets who wrote is found in a small world, and its schedule shows it again", async () => {
  const options = { seed: 1, store: forgetful };
  const { bad } = await search("count-count", options);
  assert(bad, "a retry is applied twice, and nothing was found");
  assertEquals(bad.violation.guarantee, "G3");
  const small = await shrink(worldOf(bad.world), bad, options);
  assertEquals(small.violation.rule, bad.violation.rule);
  const cuts = [];
  for (let time = 0; time < 3; time++) {
    const { steps, history } = await runSchedule(worldOf(bad.world), small.schedule, options);
    cuts.push(steps.filter((step) => step.startsWith("the connection is cut")).length);
    assertEquals(writeHistory(history), writeHistory(small.history));
  }
  // Without a fault nothing is sent twice; one is enough.
  assertEquals(cuts, [1, 1, 1]);
});

Deno.test("a store that compares nothing is found without any fault", async () => {
  const { bad } = await search("update-update", { seed: 1, store: careless });
  assert(bad, "an update is lost, and nothing was found");
  assertEquals(bad.violation.guarantee, "G2");
  assertEquals(bad.history.events.some(({ type }) => type === "fault"), false);
});

Deno.test("states that are taken for one have the same choices, and the same history", async () => {
  const seen = new Map<number, string>();
  let again = 0;
  class Watched extends WorldRun {
    override fingerprint(): number {
      const state = super.fingerprint();
      const choices = this.choices().map(({ text }) => text()).sort();
      // A command that was lost after it had changed nothing is one that was executed late, and changed nothing.
      const history = writeHistory(this.recorder.history(NOBODYS))
        .replaceAll("late-execution", "reply-cut");
      const described = `${choices.join("; ")}\n${history}`;
      const known = seen.get(state);
      if (known !== undefined) again++;
      assertEquals(described, known ?? described);
      seen.set(state, described);
      return state;
    }
  }
  for (const name of ["create-create", "count-rollback"]) {
    seen.clear();
    const explorer = new Explorer(worldOf(name), { seed: 1 }, Watched);
    assertEquals(await explorer.search(() => false), undefined);
  }
  assert(again > 1_000, `${again} states were met again`);
});

const NOBODYS = {
  ...{ ttlMs: 1, commandTimeoutMs: 1, maxStalenessMs: 1 },
  ...{ capacity: 1, lateBoundMs: 1, toleranceMs: 1 },
};

Deno.test("every world can be run, and they are in the order of their sizes", async () => {
  assertEquals(new Set(WORLDS.map(({ name }) => name)).size, WORLDS.length);
  for (const [index, world] of WORLDS.entries()) {
    assert(index === 0 || sizeOf(WORLDS[index - 1]!) <= sizeOf(world), world.name);
    const { steps, history } = await runSchedule(world, [], { seed: 1 });
    assertEquals(steps.at(-1), "the end");
    assertEquals(history.events.at(-1)?.type, "end");
  }
});

Deno.test("a schedule that does not fit its world is told", async () => {
  await assertRejects(() => runSchedule(worldOf("count-count"), [9], { seed: 1 }), RangeError);
});

async function chaos(...args: string[]): Promise<{ code: number; text: string; report: string }> {
  const dir = await Deno.makeTempDir({ prefix: "hakgal-chaos-test-" });
  try {
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-check", "scripts/chaos.ts", ...args, "--report", dir],
      cwd: new URL("../../", import.meta.url),
    }).output();
    const text = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
    const report = await Deno.readTextFile(`${dir}/chaos.json`).catch(() => "");
    return { code, text, report };
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

Deno.test("the command says how far it came, and refuses what it does not know", async () => {
  const world = ["--exhaustive", "--world", "destroy-loss"];
  const held = await chaos(...world, "--seed", "1", "--time-limit", "60", "--quiet");
  assertEquals(held.code, 0, held.text);
  assertMatch(held.text, /1 of 1 worlds complete, \d+ distinct schedules, \d+ distinct states/);
  const [progress] = JSON.parse(held.report).exhaustive;
  assertEquals([progress.world, progress.isComplete], ["destroy-loss", true]);
  const wrong: readonly (readonly [args: string[], message: RegExp])[] = [
    [["--exhaustive", "--world", "destroy-los"], /Did you mean "destroy-loss"\?/],
    [[...world, "--schedule", "0.x", "--seed", "1"], /--schedule is what a failure printed/],
    [[...world, "--schedule", "0.0"], /--schedule needs the --world and the --seed/],
    [[...world, "--schedule", "0.99", "--seed", "1"], /--schedule does not fit the world/],
  ];
  await Promise.all(wrong.map(async ([args, message]) => {
    const { code, text } = await chaos(...args);
    assertEquals(code, 2, text);
    assertMatch(text, message);
  }));
});
