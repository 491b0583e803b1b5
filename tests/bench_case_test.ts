// Cases as they are run, on real servers and files: that everybody takes part, and that nothing stays. Nothing is said of
// how long anything takes.
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import type { Bench, BenchCase, BenchSettings } from "../bench/case.ts";
import { CASES } from "../bench/cases.ts";
import { KINDS, MIXED_SESSIONS, mixedWork } from "../bench/cases/open_loop.ts";
import type { CaseResult } from "../bench/results.ts";
import { runCase } from "../bench/run.ts";
import { idsOf } from "../bench/sessions.ts";
import type { TenantSessions } from "../mod.ts";
import { serverBinary } from "./support/servers.ts";

const SETTINGS: BenchSettings = {
  ...{ turnMs: 20, rounds: 2, repeats: 0, withPeers: false, isFull: false, mostSessions: 1_000 },
};

Deno.test("append: ours and raw take part, and the bytes are counted", async () => {
  const binary = await serverBinary("redis");
  const result = await runCase(caseOf("append"), {
    backend: "ioredis",
    settings: SETTINGS,
    binary,
  });
  assertTookPart(result);
  const sent = result.verdicts.find(({ what }) => what === "sent")!.ours.value;
  assert(sent > 6_144 && sent < 7_500, `${sent} bytes for a vector of 6,144`);
});

for (const backend of ["node-redis", "valkey-glide"] as const) {
  Deno.test(`create on ${backend}: ours and raw take part`, async () => {
    const binary = await serverBinary("redis");
    assertTookPart(await runCase(caseOf("create"), { backend, settings: SETTINGS, binary }));
  });
}

Deno.test("mixed work asks each session for everything, and six of a hundred calls for a new one", () => {
  const asked = new Map<string, Set<string>>();
  const record = new Proxy({}, {
    get: (_target, method: string) => (id: string) => {
      asked.set(id, (asked.get(id) ?? new Set()).add(method));
      return Promise.resolve();
    },
  });
  const ids = idsOf("mixed", MIXED_SESSIONS);
  const call = mixedWork(record as TenantSessions, ids);
  for (let index = 0; index < KINDS * MIXED_SESSIONS; index++) call(index);
  const everything = ["get", "increment", "updateContext", "appendTrajectory"].toSorted();
  for (const id of ids) assertEquals([...asked.get(id) ?? []].toSorted(), everything, id);
  assertEquals(asked.size - ids.length, 6 * MIXED_SESSIONS);
});

Deno.test("a case on SQLite needs no server", async () => {
  const one = caseOf("sqlite_get");
  const result = await runCase(one, { backend: "sqlite", settings: SETTINGS, binary: undefined });
  assertEquals(result.error, undefined);
  assertEquals(result.races.map(({ standings }) => standings.map(({ name }) => name)), [
    ...[["ours", "raw SELECT"], ["ours, four processes"]],
  ]);
});

Deno.test("a case that fails says why, and leaves nothing behind", async () => {
  let bench: Bench | undefined;
  const failing = caseThat(async (given) => {
    bench = given;
    await given.open();
    throw new Error("the disk is full");
  });
  const binary = await serverBinary("redis");
  const result = await runCase(failing, { backend: "ioredis", settings: SETTINGS, binary });
  assertEquals(result.error, "the disk is full");
  assertEquals(bench!.server.isRunning, false);
  await assertRejects(() => Deno.stat(bench!.folder), Deno.errors.NotFound);
});

Deno.test("a case that hangs is given up", async () => {
  const hanging = caseThat(() => new Promise(() => {}));
  const result = await runCase(hanging, {
    ...{ backend: "none", settings: SETTINGS, binary: undefined, limitMs: 10 },
  });
  assertStringIncludes(result.error!, "given up");
});

function assertTookPart({ error, races }: CaseResult): void {
  assertEquals(error, undefined);
  const { standings } = races[0]!;
  assertEquals(standings.map(({ name }) => name), ["ours", "raw EVALSHA"]);
  for (const { rounds, latency } of standings) assert(rounds.length === 2 && latency!.calls > 0);
}

function caseOf(name: string): BenchCase {
  return CASES.find((one) => one.name === name)!;
}

function caseThat(run: BenchCase["run"]): BenchCase {
  return { name: "test", title: "a test", backends: ["ioredis", "none"], run };
}
