// `audit verify` on files as managers write them, and the commands of the documentation as they stand.
import { fileURLToPath } from "node:url";
import { createServer } from "node:http";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { SessionManager } from "../mod.ts";
import { run } from "../scripts/servers/run.ts";
import { filesOf, linesIn, withAuditPath } from "./audit_support.ts";
import { command } from "./cli_support.ts";

const SECRET = "secret";
const ROOT = fileURLToPath(new URL("..", import.meta.url));

async function writeLog(path: string, calls = 30): Promise<void> {
  const manager = await SessionManager.open({
    ...{ backend: "memory", idSecret: SECRET },
    audit: { level: "full", sink: path, maxFileBytes: 4_096 },
  });
  const acme = manager.tenant("acme");
  // U+2028 ends a line for some readers.
  await acme.getOrCreate("u", { text: "\u2028" });
  for (let call = 1; call < calls; call++) await acme.increment("u", "n");
  await manager.close();
}

async function verify(...args: readonly string[]) {
  const env = { HAKGAL_SESSION_ID_SECRET: SECRET };
  const { code, lines, notes } = await command(["audit", "verify", ...args, "--json"], { env });
  return { code, notes, verdict: JSON.parse(lines[0]!) };
}

Deno.test("audit verify answers 0 for a log as it was written, whatever the order of its files", async () => {
  await withAuditPath(async (path) => {
    await writeLog(path);
    const files = filesOf(path);
    assert(files.length > 2);
    const beside = [`${path}.head`];
    for (const named of [files, files.toReversed(), [...beside, ...files]]) {
      const { code, verdict, notes } = await verify(...named);
      assertEquals([code, verdict.isIntact, verdict.lines, notes], [0, true, 32, []]);
    }
    const { seq, hash } = (await verify(...files)).verdict.last;
    assertEquals((await verify(...files, "--head", `${seq}:${hash}`)).code, 0);
    const text = await command(["audit", "verify", ...files, "--id-secret", SECRET]);
    assertStringIncludes(text.lines.join("\n"), `Intact: 32 lines.\nThe last line is 32:${hash}`);
  });
});

Deno.test("audit verify answers 1 for a log that is not, and names the places", async () => {
  await withAuditPath(async (path) => {
    await writeLog(path);
    const files = filesOf(path);
    const [first, second] = files as [string, string];
    const lines = await linesIn(second);
    const write = (changed: readonly string[]) =>
      Deno.writeTextFile(second, changed.map((line) => `${line}\n`).join(""));

    await write(lines.with(1, lines[1]!.replace("acme", "evil")));
    const changed = await verify(...files);
    assertEquals([changed.code, changed.verdict.findings[0].problem], [1, "changed"]);
    assertEquals([changed.verdict.findings[0].file, changed.verdict.findings[0].line], [second, 2]);

    await write(lines.toSpliced(1, 1));
    assertEquals((await verify(...files)).verdict.findings[0].problem, "removed");
    await write([lines[1]!, lines[0]!, ...lines.slice(2)]);
    assertEquals((await verify(...files)).verdict.findings[0].problem, "reordered");
    await write(lines);

    const last = await linesIn(path);
    await Deno.writeTextFile(path, last.slice(0, -1).map((line) => `${line}\n`).join(""));
    assertEquals((await verify(...files)).verdict.findings[0].problem, "removed");
    await Deno.remove(`${path}.head`);
    const forgotten = await verify(...files);
    assertEquals(forgotten.code, 0);
    assertStringIncludes(forgotten.notes.join("\n"), "cut off at the end are not missed");

    await Deno.remove(first);
    const begun = await verify(...files.slice(1));
    assertEquals(begun.code, 0);
    assertStringIncludes(begun.notes.join("\n"), `begins with line ${begun.verdict.firstSeq}`);
    assertEquals((await verify(...files.slice(1), "--complete")).code, 1);
  });
});

Deno.test("audit verify thinks of a forgotten secret, and of older files alone", async () => {
  await withAuditPath(async (path) => {
    await writeLog(path);
    const files = filesOf(path);
    const { code, notes } = await command(["audit", "verify", ...files]);
    assertEquals(code, 1);
    assertStringIncludes(notes.join("\n"), "is HAKGAL_SESSION_ID_SECRET the managers' own");
    // The end that is remembered beside the log is not theirs.
    assertEquals((await verify(...files.slice(0, -1))).code, 0);
  });
});

Deno.test("the commands of docs/cli.md run as they stand", async () => {
  const answer = createServer((request, response) => {
    const query = new URL(request.url!, "http://stub").searchParams.get("query")!;
    const value = query.includes("(count(") ? "720" : query.includes("fail") ? "0" : "0.1";
    const result = query.includes("ALERTS") ? [] : [{ metric: {}, value: [1, value] }];
    response.end(JSON.stringify({ status: "success", data: { resultType: "vector", result } }));
  });
  await new Promise<void>((resolve) => answer.listen(0, "127.0.0.1", resolve));
  const folder = await Deno.makeTempDir({ prefix: "hakgal-docs-" });
  try {
    const { port } = answer.address() as { port: number };
    await writeLog(`${folder}/audit.jsonl`);
    let hashedId = "";
    const where = { backend: "sqlite", url: `${folder}/sessions.db`, idSecret: SECRET } as const;
    await using manager = await SessionManager.open(where);
    const acme = manager.tenant("acme");
    await acme.getOrCreate("user-42", { plan: "free" });
    for await (const session of acme.list()) hashedId = session.hashedId;
    const [, block] = /```sh\n([\s\S]+?)```/.exec(await Deno.readTextFile(`${ROOT}docs/cli.md`))!;
    const shim = `hakgal-sessions() { "${Deno.execPath()}" run -A --quiet --no-check ` +
      `--config "${ROOT}deno.json" "${ROOT}cli/main.ts" "$@"; }`;
    const program = `set -e\n${shim}\nHASHED_ID=${hashedId}\n${block}`;
    const env = { PROMETHEUS_URL: `http://127.0.0.1:${port}` };
    const { code, stdout, stderr } = await run(["bash", "-c", program], { cwd: folder, env });
    assertEquals([code, stderr], [0, ""]);
    assertEquals(stdout.split(hashedId).length - 1, 4, "list, inspect twice, destroy");
    assertStringIncludes(stdout, "Intact: 32 lines.");
    assertStringIncludes(stdout, `{"verdict":"go"`);
    assertEquals(await acme.get("user-42", { fresh: true }), undefined);
  } finally {
    answer.closeAllConnections();
    await new Promise((resolve) => answer.close(resolve));
    await Deno.remove(folder, { recursive: true });
  }
});
