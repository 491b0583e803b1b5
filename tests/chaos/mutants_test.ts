import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import type { ReportedBackend } from "../../chaos/report.ts";
import { parseArguments } from "../../scripts/chaos/arguments.ts";
import { runMutants } from "../../scripts/chaos/mutants.ts";
import { parseMutant, PATCHES, readMutants } from "../../scripts/chaos/mutants/mutant.ts";
import { isExposed } from "../../scripts/chaos/mutants/trial.ts";
import { mutantsTable } from "../../scripts/chaos/mutants/table.ts";
import { MutantTree } from "../../scripts/chaos/mutants/tree.ts";
import { Terminal } from "../../cli/chaos/terminal.ts";

const ROOT = new URL("../../", import.meta.url);
const GUARANTEES = Array.from({ length: 10 }, (_, index) => `G${index + 1}`);
/** Rules of the protocol whose mutants no history tells from the library yet; docs/chaos.md says why. */
const OUT_OF_REACH = ["5", "16"];

const STALE = `--- a/core/commit.ts
+++ b/core/commit.ts
@@ -1 +1 @@
-no such line
+another
`;
const HARMLESS = `--- a/core/journaled_session.ts
+++ b/core/journaled_session.ts
@@ -109,4 +109,5 @@
   /** What a caller sees who wrote to it. */
   seen(view: PendingView): Copy {
+    // Nothing is changed.
     return { ...view.copy(), pending: this.count };
   }
`;
/** The rules hold, and the search is taken not to. */
const ODD = `--- a/chaos/linearizability/cross_check.ts
+++ b/chaos/linearizability/cross_check.ts
@@ -29,5 +29,5 @@
     const [first] = violations;
-    const isOdd = verdict.verdict === "holds" && first !== undefined;
+    const isOdd = true;
     const disagreement = isOdd
-      ? \`the rules hold, and the linearizability search does not: \${first.message}\`
+      ? \`the rules hold, and the linearizability search does not: \${first}\`
       : undefined;
`;

Deno.test("every mutant still applies to the tree, and changes only what it is about", async () => {
  for (const { name, guarantee, patches } of await readMutants()) {
    const text = await Deno.readTextFile(patches[0]!);
    const changed = [...text.matchAll(/^\+\+\+ b\/(.*)$/gm)].map(([, file]) => file!);
    const place = guarantee === "checker" || guarantee === "harness"
      ? /^chaos\//
      : /^(core|adapters)\//;
    assert(changed.length > 0, `${name} changes nothing`);
    assertEquals(changed.filter((file) => !place.test(file)), [], name);
    const { success, stderr } = await new Deno.Command("git", {
      args: ["apply", "--check", `tests/mutants/${name}.patch`],
      cwd: ROOT,
    }).output();
    assert(success, `${name} no longer applies: ${new TextDecoder().decode(stderr)}`);
  }
});

Deno.test("each guarantee has two mutants at least, and chaos itself has some", async () => {
  const mutants = await readMutants();
  const tally = Map.groupBy(mutants, ({ guarantee }) => guarantee);
  const few = GUARANTEES.filter((guarantee) => (tally.get(guarantee) ?? []).length < 2);
  assertEquals(few, []);
  assert(mutants.length >= 36, `${mutants.length} mutants are too few`);
  const special = mutants.filter(({ guarantee }) => !guarantee.startsWith("G"));
  assertEquals(
    [...new Set(special.map(({ guarantee, expected }) => `${guarantee} ${expected}`))].sort(),
    ["checker held", "checker violated", "harness proved-nothing"],
  );
  assert(special.length < mutants.length);
});

Deno.test("each rule of the protocol is broken by a mutant", async () => {
  const broken = new Set((await readMutants()).flatMap(({ protocolRules }) => protocolRules));
  const rules = Array.from({ length: 21 }, (_, index) => `${index + 1}`);
  assertEquals(rules.filter((rule) => !broken.has(rule)), OUT_OF_REACH);
  assertEquals([...broken].filter((rule) => !rules.includes(rule)), []);
});

Deno.test("a header that lacks something is told", () => {
  const wrong: readonly (readonly [header: string, message: string])[] = [
    ["# backend: memory\n# A bug.\n", "needs a guarantee"],
    ["# guarantee: G11\n# A bug.\n", "needs a guarantee"],
    ["# guarantee: G1\n# backend: mongo\n# A bug.\n", '"mongo" is no backend'],
    ["# guarantee: G1\n# expect: death\n# A bug.\n", "is one of violated"],
    ["# guarantee: checker\n# expect: held\n# A bug.\n", "go together"],
    ["# guarantee: G1\n# budget-s: long\n# A bug.\n", "whole number"],
    ["# guarantee: G1\n", "says what it does"],
  ];
  for (const [header, message] of wrong) {
    assertThrows(() => parseMutant("some-bug", `${header}--- a/core/x.ts\n`), Error, message);
  }
  const { backend, expected, protocolRules } = parseMutant(
    "some-bug",
    "# guarantee: G3\n# rule: 3, 7\n# A bug.\n--- a/core/x.ts\n",
  );
  assertEquals([backend, expected, protocolRules], ["memory", "violated", ["3", "7"]]);
});

Deno.test("a mutant is the library's when it changes nothing else", () => {
  const isOfLibrary = (...files: string[]) => {
    const diff = files.map((file) => `--- a/${file}\n+++ b/${file}\n`).join("");
    return parseMutant("some-bug", `# guarantee: G3\n# A bug.\n${diff}`).isOfLibrary;
  };
  assertEquals(isOfLibrary("core/x.ts", "adapters/redis/y_lua.ts"), true);
  assertEquals(isOfLibrary("chaos/checker.ts"), false);
  assertEquals(isOfLibrary("core/x.ts", "scripts/chaos/y.ts"), false);
});

Deno.test("a patch that no longer applies is named", async () => {
  const folder = await Deno.makeTempDir({ prefix: "hakgal-mutants-test-" });
  const patch = `${folder}/stale.patch`;
  try {
    await Deno.writeTextFile(patch, STALE);
    const error = await assertRejects(() => MutantTree.make([patch]), Error, "no longer applies");
    assertStringIncludes(error.message, "stale.patch");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

/** Runs the patches of a folder as `--mutants --seed 1` does. */
function runAll(folder: string): ReturnType<typeof runMutants> {
  const args = parseArguments(["--mutants", "--seed", "1", "--quiet", "--jobs", "2"], () => {})!;
  const signal = new AbortController().signal;
  return runMutants(args, new Terminal(true), signal, new URL(`file://${folder}/`));
}

Deno.test("a mutant that is found is killed, a harmless one survives three seeds, a stale one fails", async () => {
  const folder = await Deno.makeTempDir({ prefix: "hakgal-mutants-test-" });
  try {
    const header = "# guarantee: G8\n# budget-s: 6\n# faults: store-outage\n# Some bug.\n";
    await Deno.copyFile(new URL("pending-not-counted.patch", PATCHES), `${folder}/found.patch`);
    // While its case is made smaller the rules and the search disagree about another one: that is no end of it.
    await Deno.copyFile(new URL("tombstone-removed.patch", PATCHES), `${folder}/shrunk.patch`);
    await Deno.writeTextFile(`${folder}/harmless.patch`, header + HARMLESS);
    await Deno.writeTextFile(`${folder}/stale.patch`, header + STALE);
    const { reported, failures } = await runAll(folder);
    const [first, second, shrunk, third] = reported;
    assertEquals([shrunk?.name, shrunk?.killed], ["shrunk", true]);
    assert(shrunk!.minimal!.calls <= 5, `${shrunk!.minimal!.calls} calls are no smallest case`);
    assertEquals([first?.name, first?.killed, first?.kills], ["found", true, 1]);
    assert(first?.killedBy !== undefined && first.operations! > 0);
    assert(first.minimal!.calls <= 5, `${first.minimal!.calls} calls are no smallest case`);
    assertStringIncludes(first.minimal!.replay, "--seed 1 --path ");
    assertEquals([second?.name, second?.killed], ["harmless", false]);
    assertEquals([second?.kills, second?.seeds], [0, 3]);
    assertEquals([third?.name, third?.killed], ["stale", false]);
    assertEquals(failures.length, 1);
    assertStringIncludes(failures[0]!, "stale.patch no longer applies");
    assertStringIncludes(mutantsTable(reported), "2 of 4 killed");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a broken checker that the cross-check disagrees with is killed by that, another mutant is not", async () => {
  const folder = await Deno.makeTempDir({ prefix: "hakgal-mutants-test-" });
  try {
    for (const guarantee of ["checker", "G2"]) {
      const header =
        `# guarantee: ${guarantee}\n# budget-s: 20\n# faults: reply-cut\n# Some bug.\n`;
      await Deno.writeTextFile(`${folder}/odd-${guarantee}.patch`, header + ODD);
    }
    const { reported, failures } = await runAll(folder);
    assertEquals(reported.map(({ name, killed }) => [name, killed]), [
      ["odd-G2", false],
      ["odd-checker", true],
    ]);
    assertEquals(reported[1]!.killedBy, "the cross-check");
    assertEquals(failures.length, 1);
    assertStringIncludes(failures[0]!, "mutant odd-G2: chaos ended with code 2 instead of 1");
    const problem = "the rules hold, and the linearizability search does not";
    assertStringIncludes(failures[0]!, problem);
    // Whatever else is wrong with the run besides is no kill.
    const counts = { linearizability: { disagreements: 1 }, problems: [problem] };
    const backend = counts as unknown as ReportedBackend;
    assertEquals(isExposed({ backends: [backend] }), true);
    const torn = { ...backend, problems: [problem, "a run could not be made"] };
    assertEquals(isExposed({ backends: [torn] }), false);
    assertEquals(
      isExposed({ backends: [{ ...backend, linearizability: {}, problems: [] }] }),
      false,
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("what is interrupted leaves no process and no folder behind", async () => {
  const folder = await Deno.makeTempDir({ prefix: "hakgal-mutants-test-" });
  try {
    const child = new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "-A", "--no-check", "scripts/chaos.ts", "--mutants", "dedupe-removed"],
        ...["--quiet", "--jobs", "1", "--report", `${folder}/report`],
      ],
      cwd: ROOT,
      env: { TMPDIR: `${folder}/tmp` },
      stdout: "null",
      stderr: "piped",
    });
    await Deno.mkdir(`${folder}/tmp`);
    const running = child.spawn();
    let below: number[] = [];
    while (below.length === 0) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      below = (await childrenOf(running.pid)).filter((each) => each.command.includes("chaos.ts"))
        .map(({ pid }) => pid);
    }
    assertEquals((await names(`${folder}/tmp`)).length, 1);
    running.kill("SIGINT");
    const { code, stderr } = await running.output();
    assertEquals(code, 2);
    assertStringIncludes(new TextDecoder().decode(stderr), "Interrupted");
    assertEquals(await names(`${folder}/tmp`), []);
    for (const pid of below) assert(!await isRunning(pid), `${pid} still runs`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

async function names(dir: string): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir(dir))).map(({ name }) => name).sort();
}

async function childrenOf(parent: number): Promise<{ pid: number; command: string }[]> {
  const { stdout } = await new Deno.Command("ps", { args: ["-eo", "pid=,ppid=,args="] }).output();
  return new TextDecoder().decode(stdout).split("\n").flatMap((line) => {
    const [, pid, ppid, command] = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line) ?? [];
    return Number(ppid) === parent ? [{ pid: Number(pid), command: command! }] : [];
  });
}

async function isRunning(pid: number): Promise<boolean> {
  const { stdout } = await new Deno.Command("ps", { args: ["-o", "stat=", "-p", `${pid}`] })
    .output();
  return /^[^Z\s]/.test(new TextDecoder().decode(stdout).trim());
}
