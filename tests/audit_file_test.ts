// The audit log in files: rotation, restarts, deaths, other writers, places that cannot be written.
import { fileURLToPath } from "node:url";
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { ConfigError, type OpenOptions, SessionManager } from "../mod.ts";
import { linesOf } from "../scripts/lines.ts";
import { startServer } from "../scripts/servers/server.ts";
import { filesOf, linesIn, recordsIn, verifyFiles, withAuditPath } from "./audit_support.ts";
import { until } from "./redis_support.ts";
import { serverBinary } from "./support/servers.ts";

const SECRET = "an-id-secret";

async function open(path: string, options: Partial<OpenOptions> = {}): Promise<SessionManager> {
  const audit = { level: "full", sink: path, maxFileBytes: 4_096, ...options.audit } as const;
  return await SessionManager.open({ backend: "memory", idSecret: SECRET, ...options, audit });
}

/** Some calls of which each becomes a line. */
async function work(manager: SessionManager, calls = 5): Promise<void> {
  const acme = manager.tenant("acme");
  await acme.getOrCreate("u", { plan: "frei, größer\u2028" });
  for (let call = 1; call < calls; call++) await acme.increment("u", "n");
}

Deno.test("a file that would grow too long is put aside, and the chain goes on in the next", async () => {
  await withAuditPath(async (path) => {
    const manager = await open(path);
    await work(manager, 60);
    await manager.close();
    const files = filesOf(path);
    assert(files.length > 4, `${files.length} files`);
    for (const file of files) assert((await Deno.stat(file)).size <= 4_096);
    assertEquals((await Deno.stat(path)).mode! & 0o777, 0o600);
    const verdict = await verifyFiles(path, SECRET);
    assertEquals([verdict.isIntact, verdict.lines], [true, 62]);
    await Deno.remove(files[1]!);
    assertEquals((await verifyFiles(path, SECRET)).findings.map(({ problem }) => problem), [
      "removed",
    ]);
  });
});

Deno.test("a line longer than a file may be gets a file of its own", async () => {
  await withAuditPath(async (path) => {
    const manager = await open(path);
    const acme = manager.tenant("acme");
    for (const id of ["a", "b"]) await acme.getOrCreate(id, { text: "x".repeat(10_000) });
    await manager.close();
    assert((await verifyFiles(path, SECRET)).isIntact);
    assertEquals(filesOf(path).length, 4);
  });
});

Deno.test("a process that is started again continues the chain", async () => {
  await withAuditPath(async (path) => {
    for (let round = 0; round < 3; round++) {
      const manager = await open(path);
      await work(manager, 20);
      await manager.close();
    }
    const verdict = await verifyFiles(path, SECRET);
    assertEquals([verdict.isIntact, verdict.lines, verdict.firstSeq], [true, 66, 1]);
    const records = await recordsIn(path);
    assertEquals(records.filter(({ event }) => event === "opened").length, 3);
    assertEquals(new Set(records.map(({ pod }) => pod)).size, 3);
  });
});

Deno.test("a process that died between two files is continued from the last one", async () => {
  await withAuditPath(async (path) => {
    const manager = await open(path);
    await work(manager, 40);
    await manager.close();
    const number = filesOf(path).length;
    await Deno.rename(path, `${path}.${String(number).padStart(6, "0")}`);
    await Deno.remove(`${path}.head`);
    await (await open(path)).close();
    const verdict = await verifyFiles(path, SECRET);
    assertEquals([verdict.findings, verdict.lines], [[], 44]);
  });
});

Deno.test("lines cut off at the end are missed, also after the next start", async () => {
  await withAuditPath(async (path) => {
    const manager = await open(path, { audit: { maxFileBytes: 1 << 20 } });
    await work(manager, 5);
    await manager.close();
    const lines = await linesIn(path);
    await Deno.writeTextFile(path, lines.slice(0, -2).map((line) => `${line}\n`).join(""));
    assertEquals((await verifyFiles(path, SECRET)).findings.map(({ problem }) => problem), [
      "removed",
    ]);
    await (await open(path, { audit: { maxFileBytes: 1 << 20 } })).close();
    const later = await verifyFiles(path, SECRET);
    assertEquals(later.findings.map(({ problem, line }) => [problem, line]), [["removed", 6]]);
  });
});

Deno.test("a line that a death cut off is accounted for by the next process", async () => {
  await withAuditPath(async (path) => {
    const manager = await open(path, { audit: { maxFileBytes: 1 << 20 } });
    await work(manager);
    await manager.close();
    const whole = await linesIn(path);
    // Within a character of two bytes.
    const bytes = new TextEncoder().encode(whole[1]!);
    const cut = bytes.subarray(0, bytes.indexOf(0xc3) + 1);
    assert(cut.length > 100);
    await Deno.writeFile(path, cut, { append: true });
    await (await open(path, { audit: { maxFileBytes: 1 << 20 } })).close();
    const verdict = await verifyFiles(path, SECRET);
    assertEquals(verdict.findings, []);
    const last = (await linesIn(path)).slice(whole.length + 1).map((line) => JSON.parse(line));
    assertEquals(last.map(({ event }) => event), ["torn", "opened", "closed"]);
    assertEquals(last[0].torn.bytes, cut.length);
  });
});

Deno.test("a line that lacks its end alone is continued", async () => {
  await withAuditPath(async (path) => {
    await (await open(path)).close();
    await Deno.writeTextFile(path, (await Deno.readTextFile(path)).trimEnd());
    await (await open(path)).close();
    const verdict = await verifyFiles(path, SECRET);
    assertEquals([verdict.isIntact, verdict.lines], [true, 4]);
  });
});

/** A process that audits until it is killed, and tells of every call that it made. */
const WRITER = `
import { SessionManager } from ${JSON.stringify(new URL("../mod.ts", import.meta.url).href)};
const manager = await SessionManager.open({
  backend: "memory", idSecret: ${
  JSON.stringify(SECRET)
}, audit: { sink: Deno.args[0], maxFileBytes: 4096 },
});
const acme = manager.tenant("acme");
await acme.getOrCreate("u");
for (let call = 1;; call++) {
  await acme.increment("u", "n");
  if (call % 50 === 0) {
    console.log(call);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}
`;

async function withWriter(
  path: string,
  body: (lines: AsyncIterable<string>) => Promise<void>,
): Promise<void> {
  const program = `${path}.ts`;
  await Deno.writeTextFile(program, WRITER);
  const config = fileURLToPath(new URL("../deno.json", import.meta.url));
  const writer = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", "--no-check", "--config", config, program, path],
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  try {
    await body(linesOf(writer.stdout));
  } finally {
    writer.kill("SIGKILL");
    await writer.stdout.cancel().catch(() => {});
    await writer.status;
  }
}

Deno.test("a path has one writer, another process gets a ConfigError; and what a killed one wrote is intact", async () => {
  await withAuditPath(async (path) => {
    await withWriter(path, async (lines) => {
      // Lines are written behind the calls: several files of them are waited for.
      for await (const _ of lines) if (filesOf(path).length > 5) break;
      const error = await assertRejects(() => open(path), ConfigError);
      assertEquals(error.option, "audit.sink");
      assertStringIncludes(error.message, "give each pod a path of its own");
    });
    const manager = await open(path);
    await work(manager);
    await manager.close();
    const verdict = await verifyFiles(path, SECRET);
    assertEquals(verdict.findings, []);
    assert(verdict.lines > 50);
  });
});

Deno.test("a second manager of the same process is refused too, and neither the first nor its lines suffer", async () => {
  await withAuditPath(async (path) => {
    const manager = await open(path);
    const error = await assertRejects(() => open(path), ConfigError);
    assertStringIncludes(error.message, "another audit log of this process");
    await work(manager);
    await manager.close();
    assert((await verifyFiles(path, SECRET)).isIntact);
  });
});

Deno.test("a file that is moved away is left alone, and the log goes on in a new one", async () => {
  await withAuditPath(async (path) => {
    const manager = await open(path);
    await work(manager);
    await until(async () => (await linesIn(path)).length === 6);
    await Deno.rename(path, `${path}.000007`);
    await work(manager, 3);
    await manager.close();
    assertEquals(manager.eventCounts().auditFailed, undefined);
    assertEquals((await linesIn(path)).length, 4);
    assert((await verifyFiles(path, SECRET)).isIntact);
  });
});

Deno.test("a folder that goes away fails no call, and the log goes on when it is back", async () => {
  await withAuditPath(async (root) => {
    const folder = `${root}.d`;
    const path = `${folder}/audit.jsonl`;
    await Deno.mkdir(folder);
    const manager = await open(path);
    await work(manager);
    await until(async () => (await linesIn(path)).length === 6);
    const before = await linesIn(path);
    await Deno.remove(folder, { recursive: true });
    await work(manager, 4);
    await until(() => (manager.eventCounts().auditFailed ?? 0) > 0);
    await Deno.mkdir(folder);
    await work(manager, 2);
    await manager.close();
    await Deno.writeTextFile(`${path}.000001`, before.map((line) => `${line}\n`).join(""));
    const verdict = await verifyFiles(path, SECRET);
    assertEquals(verdict.findings, []);
    assertEquals([verdict.lines, verdict.lost], [13, 0]);
  });
});

Deno.test("somebody who writes into the file is noticed", async () => {
  await withAuditPath(async (path) => {
    const manager = await open(path);
    const reasons: string[] = [];
    manager.on("auditFailed", ({ reason }) => reasons.push(reason));
    await until(async () => (await linesIn(path)).length === 1);
    await Deno.writeTextFile(path, "something else\n", { append: true });
    await work(manager);
    await manager.close();
    assertStringIncludes(reasons[0]!, "Somebody else writes into the audit log");
    const { findings } = await verifyFiles(path, SECRET);
    assertEquals(findings, [], "what was written is accounted for as torn");
    const events = (await linesIn(path)).slice(2).map((line) => JSON.parse(line).event);
    assertEquals(events[0], "torn");
  });
});

Deno.test("a place that cannot be written is a ConfigError of one sentence", async () => {
  await withAuditPath(async (path) => {
    await Deno.writeTextFile(path, "another application's log\n");
    const folder = path.slice(0, path.lastIndexOf("/"));
    const bad: readonly (readonly [string, string])[] = [
      [`${folder}/missing/audit.jsonl`, "does not exist: create it first."],
      [folder, "is a directory: name a file."],
      [`${path}/audit.jsonl`, "cannot be written"],
      ["/proc/audit.jsonl", "cannot be written"],
      [path, "is no audit log"],
      ["file:///tmp/a.jsonl?x=1", "must have no parameters"],
    ];
    for (const [sink, part] of bad) {
      const error = await assertRejects(() => open(sink), ConfigError);
      assertEquals(error.option, "audit.sink");
      assertStringIncludes(error.message, part);
      assertEquals(error.message.split("\n").length, 1);
    }
    assertEquals(await Deno.readTextFile(path), "another application's log\n");
  });
});

Deno.test("a manager that is not opened tells of a bad sink by its event, and serves", async () => {
  const { memoryAdapter } = await import("../adapters/memory.ts");
  const manager = new SessionManager({
    adapter: memoryAdapter(),
    audit: { sink: "/missing/audit.jsonl" },
  });
  const failed = Promise.withResolvers<string>();
  manager.on("auditFailed", ({ reason }) => failed.resolve(reason));
  assertEquals((await manager.tenant("acme").getOrCreate("u")).version, 1);
  assertStringIncludes(await failed.promise, "does not exist");
  await manager.close();
});

Deno.test("on Redis the log says what the store answered, and what memory did while it was away", async () => {
  const binary = await serverBinary("redis");
  await withAuditPath(async (path) => {
    await using server = await startServer(binary);
    const manager = await open(path, {
      ...{ backend: "ioredis", url: server.url, commandTimeoutMs: 300 },
    });
    const acme = manager.tenant("acme");
    await acme.getOrCreate("u");
    await acme.increment("u", "n");
    await server.kill();
    await acme.increment("u", "n");
    await server.restart({ empty: true });
    await manager.flush({ timeoutMs: 20_000 });
    await manager.close();
    const calls = (await recordsIn(path)).filter(({ event }) => event === "call");
    assertEquals(calls.map(({ operation, degraded }) => [operation, degraded]), [
      ["getOrCreate", false],
      ["increment", false],
      ["increment", true],
    ]);
    assert((await verifyFiles(path, SECRET)).isIntact);
  });
});
