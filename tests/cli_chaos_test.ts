// The chaos command as the package has it: without servers, mutants or failpoints of its own.
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { replayCommand } from "../cli/chaos/replay.ts";
import { seedOf } from "../cli/chaos/turns.ts";
import type { ChaosReport } from "../chaos/report.ts";
import { run } from "../scripts/servers/run.ts";
import { startServer } from "../scripts/servers/server.ts";
import { serverBinary } from "./support/servers.ts";

const MAIN = new URL("../cli/chaos/main.ts", import.meta.url).href;
const PROGRAM = `import { runPackagedChaos } from ${JSON.stringify(MAIN)};
Deno.exit(await runPackagedChaos(Deno.args));`;

/** Runs it as a process. */
async function chaos(...args: string[]) {
  const dir = await Deno.makeTempDir({ prefix: "hakgal-chaos-test-" });
  try {
    const program = [Deno.execPath(), "eval", "--no-check", PROGRAM];
    const { code, stdout, stderr } = await run([...program, ...args, "--report", dir]);
    const json = await Deno.readTextFile(`${dir}/chaos.json`).catch(() => undefined);
    const report: ChaosReport | undefined = json && JSON.parse(json);
    return { code, said: stdout + stderr, report };
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

Deno.test("from the package memory and SQLite are tested, and it says what was not", async () => {
  const { code, said, report } = await chaos(
    ...["--faults", "pod-kill", "--runs", "6", "--seed", "1", "--time-limit", "120", "--quiet"],
  );
  assertEquals(code, 0, said);
  assertMatch(said, /^memory: held — 6 histories/m);
  assertMatch(said, /^sqlite: held — 6 histories/m);
  assertMatch(said, /^Not tested: ioredis, node-redis, valkey-glide: no server is named/m);
  assertEquals(report?.backends.map(({ backend }) => backend), ["memory", "sqlite"]);
  assert(report!.backends.every(({ faults }) => faults["pod-kill"]! > 0));
});

Deno.test("from the package a client is tested on a server that is named, and its password is told nobody", async () => {
  await using server = await startServer(await serverBinary("redis"), {
    acl: ["default on >secret-of-server ~* &* +@all"],
  });
  const url = Object.assign(new URL(server.url), { username: "", password: "secret-of-server" });
  const { code, said, report } = await chaos(
    ...["--backend", "ioredis", "--server", url.href, "--faults", "pod-kill"],
    ...["--runs", "3", "--seed", "1", "--time-limit", "120", "--quiet"],
  );
  assertEquals(code, 0, said);
  assertEquals(report?.backends.map(({ backend, histories }) => [backend, histories]), [
    ["ioredis", 3],
  ]);
  assert(!(said + JSON.stringify(report)).includes("secret-of-server"));
});

Deno.test("what the package cannot do is 2 and a sentence", async () => {
  const wrong: readonly (readonly [args: string[], message: RegExp])[] = [
    [["--mutants"], /--mutants needs a clone of the repository: run deno task chaos --mutants/],
    [["--exhaustive"], /--exhaustive needs a clone/],
    [["--server", "redis8"], /--server is no URL: "redis8"\. Try redis:\/\/localhost:6379/],
    [["--backend", "ioredis"], /^ioredis cannot be tested: no server is named/],
    [["--require-all"], /^--require-all, but ioredis cannot be tested: no server is named/],
    [["--backend", "iordis"], /Did you mean "ioredis"\?/],
    [["--runs", "none"], /--runs is a whole number/],
  ];
  for (const [args, message] of wrong) {
    const { code, said, report } = await chaos(...args);
    assertEquals([code, report], [2, undefined], said);
    assertMatch(said.trim(), message);
    assertEquals(said.trim().split("\n").length, 1, said);
  }
});

Deno.test("a failure is repeated by the command that found it, without the server's password", () => {
  const target = {
    ...{ backend: "ioredis", server: "url", serverVersion: null } as const,
    store: { kind: "redis-url", url: "redis://ops:secret@10.0.0.7:6390/2" } as const,
  };
  const args = { faults: ["pod-kill", "reply-cut"], profile: "swarm" } as const;
  const finding = { seed: 7, path: "12:3:0" };
  const line = replayCommand("npx hakgal-sessions chaos", target, args, finding);
  assertEquals(
    line,
    "npx hakgal-sessions chaos --backend ioredis --server redis://ops:***@10.0.0.7:6390/2 " +
      "--faults pod-kill,reply-cut --profile swarm --seed 7 --path 12:3:0 --runs 1",
  );
});

Deno.test("targets that run side by side have cases of their own, unless one case is repeated", () => {
  const seeds = [0, 1, 2].map((place) => seedOf(7, place, false));
  assertEquals(new Set(seeds).size, 3);
  assertEquals(seeds[0], 7);
  // A target's lanes count on from its seed; they must not meet the next one's.
  for (const [place, seed] of seeds.slice(1).entries()) assert(seed - seeds[place]! > 64);
  assertEquals(seedOf(0x7fff_ffff, 1, false), -0x8000_0000 + 100);
  assertEquals([0, 1].map((place) => seedOf(7, place, true)), [7, 7]);
});

Deno.test("--help names the package's command, and what needs a clone", async () => {
  const { code, said } = await chaos("--help");
  assertEquals(code, 0);
  assertStringIncludes(said, "Usage: deno run -A jsr:@hakgal/sessions/cli chaos");
  assertStringIncludes(said, "--server <url>");
  assert(!said.includes("--mutants"));
});
