import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { ChaosReport } from "../../chaos/report.ts";

const ROOT = new URL("../../", import.meta.url);

interface Ended {
  readonly code: number;
  readonly text: string;
  readonly report: ChaosReport | undefined;
  /** Names of the files in the report's folder. */
  readonly files: readonly string[];
}

/** Runs the command as a process, with an empty PATH for servers where `env` says so. */
async function chaos(...args: string[]): Promise<Ended> {
  const dir = await Deno.makeTempDir({ prefix: "hakgal-chaos-test-" });
  try {
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-check", "scripts/chaos.ts", ...args, "--report", dir],
      cwd: ROOT,
    }).output();
    const text = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
    const json = await Deno.readTextFile(`${dir}/chaos.json`).catch(() => undefined);
    const files = (await Array.fromAsync(Deno.readDir(dir), ({ name }) => name)).sort();
    return { code, text, report: json === undefined ? undefined : JSON.parse(json), files };
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

Deno.test("a run that holds ends with 0 and writes its report", async () => {
  const { code, text, report, files } = await chaos(
    ...["--backend", "memory", "--runs", "40", "--seed", "1", "--quiet"],
    ...["--faults", "pod-kill,reply-cut"],
  );
  assertEquals(code, 0, text);
  assert(report !== undefined);
  assertEquals([report.version, report.seed], [1, 1]);
  assert(report.durationMs > 0);
  const [memory] = report.backends;
  assert(memory !== undefined);
  assertEquals(
    [memory.backend, memory.server, memory.serverVersion, memory.histories],
    ["memory", null, null, 40],
  );
  assert(memory.operations > 500);
  assertEquals(Object.keys(memory.faults), ["pod-kill", "reply-cut"]);
  assert(Object.values(memory.faults).every((count) => count > 0));
  assertEquals(memory.violations, []);
  assertEquals([report.skipped, report.mutants], [[], []]);
  assertEquals([report.verdict, report.problems], ["held", []]);
  assertEquals(memory.deaths, memory.faults["pod-kill"]);
  assertEquals(files, ["chaos.json", "index.html", "junit.xml", "summary.md"]);
  assertMatch(text, /memory: held — 40 histories/);
});

Deno.test("bad arguments end with 2 and a sentence", async () => {
  const wrong: readonly (readonly [args: string[], message: RegExp])[] = [
    [["--backend", "iordis"], /--backend knows no "iordis"\. Did you mean "ioredis"\?/],
    [["--faults", "pod-kil"], /Did you mean "pod-kill"\?/],
    [["--server", "reddis"], /Did you mean "redis"\?/],
    [["--seed", "1.5"], /--seed is a whole number/],
    [["--runs", "0"], /--runs is a whole number from 1/],
    [["--path", "1:2"], /--path needs the --seed/],
    [["--path", "x", "--seed", "1"], /--path is what a failure printed/],
    [["--time-limit", "soon"], /--time-limit is a whole number/],
    [["--bakend", "memory"], /unknown option '--bakend'/],
  ];
  await Promise.all(wrong.map(async ([args, message]) => {
    const { code, text } = await chaos(...args);
    assertEquals(code, 2, text);
    assertMatch(text, message);
  }));
});

Deno.test("a run that proves nothing ends with 3 and says why", async () => {
  const never = await chaos("--backend", "sqlite", "--faults", "server-restart", "--runs", "1");
  assertEquals(never.code, 3, never.text);
  assertStringIncludes(never.text, "server-restart cannot be made on the backends chosen");
  assertEquals(never.report?.verdict, "proved-nothing");
  assertEquals(never.files, ["chaos.json", "index.html", "junit.xml", "summary.md"]);
});

Deno.test("help and the list of faults end with 0", async () => {
  const help = await chaos("--help");
  assertEquals(help.code, 0);
  assertStringIncludes(help.text, "--require-all");
  const list = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", "scripts/chaos.ts", "--faults", "list"],
    cwd: ROOT,
  }).output();
  assertEquals(list.code, 0);
  assertMatch(new TextDecoder().decode(list.stdout), /late-execution\s+G4/);
});

Deno.test("pods are processes on one SQLite file, and none is left behind", async () => {
  const { code, text, report } = await chaos(
    ...["--backend", "sqlite", "--runs", "6", "--seed", "1", "--quiet", "--time-limit", "60"],
    ...["--faults", "none"],
  );
  assertEquals(code, 0, text);
  assertEquals(report?.backends[0]?.histories, 6);
});

Deno.test("a run that is interrupted leaves no process behind", async () => {
  const dir = await Deno.makeTempDir({ prefix: "hakgal-chaos-test-" });
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "-A", "--no-check", "scripts/chaos.ts", "--backend", "sqlite", "--quiet"],
      ...["--time-limit", "60", "--report", dir],
    ],
    cwd: ROOT,
    stdout: "null",
    stderr: "null",
  }).spawn();
  let pods: number[] = [];
  while (pods.length < 3) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    pods = await childrenOf(child.pid);
  }
  child.kill("SIGINT");
  await child.status;
  const left = (await Promise.all(pods.map(isRunning))).filter((running) => running);
  assertEquals(left, []);
  await Deno.remove(dir, { recursive: true });
});

async function childrenOf(pid: number): Promise<number[]> {
  const { stdout } = await new Deno.Command("ps", { args: ["-eo", "pid=,ppid="] }).output();
  return new TextDecoder().decode(stdout).split("\n")
    .map((line) => line.trim().split(/\s+/).map(Number))
    .flatMap(([child, parent]) => parent === pid ? [child!] : []);
}

async function isRunning(pid: number): Promise<boolean> {
  const { stdout } = await new Deno.Command("ps", { args: ["-o", "stat=", "-p", `${pid}`] })
    .output();
  return /^[^Z\s]/.test(new TextDecoder().decode(stdout).trim());
}
