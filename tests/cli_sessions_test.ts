// The command line on real stores: what it shows, what it destroys, how it ends.
import { fileURLToPath } from "node:url";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { type Backend, SessionManager } from "../mod.ts";
import { pickPort } from "../scripts/servers/ports.ts";
import { run } from "../scripts/servers/run.ts";
import { startServer } from "../scripts/servers/server.ts";
import { command, type CommandResult, type CommandWorld } from "./cli_support.ts";
import { withFile } from "./sqlite_support.ts";
import { serverBinary } from "./support/servers.ts";

const SECRET = "an-id-secret";
const MAIN = fileURLToPath(new URL("../cli/main.ts", import.meta.url));

/** A store with sessions of two tenants, and the command line on it. */
interface World {
  readonly manager: SessionManager;
  run(args: readonly string[], world?: CommandWorld): Promise<CommandResult>;
  json(args: readonly string[]): Promise<Record<string, unknown>[]>;
}

async function withWorld(
  backend: Backend,
  url: string,
  body: (world: World) => Promise<void>,
): Promise<void> {
  const where = { backend, url, keyPrefix: "app", idSecret: SECRET };
  await using manager = await SessionManager.open(where);
  const acme = manager.tenant("acme");
  await acme.getOrCreate("user-42", { plan: "free" });
  await acme.apply("user-42", { increment: { n: 2 }, append: [0.5, 1] });
  await acme.getOrCreate("user-43");
  await manager.tenant("globex").getOrCreate("user-42", { plan: "paid" });
  const options = [
    "--backend",
    backend,
    "--url",
    url,
    "--key-prefix",
    "app",
    "--id-secret",
    SECRET,
  ];
  const runIt = (args: readonly string[], world?: CommandWorld) =>
    command([...args, ...options], world);
  await body({
    manager,
    run: runIt,
    async json(args) {
      const { code, lines, notes } = await runIt([...args, "--json"]);
      assertEquals([code, notes], [0, []]);
      return lines.map((line) => JSON.parse(line));
    },
  });
}

async function showsAndDestroys({ manager, run, json }: World): Promise<void> {
  const acme = manager.tenant("acme");
  const listed = await json(["list", "--tenant", "acme"]);
  const hashedIds = (await Array.fromAsync(acme.list())).map(({ hashedId }) => hashedId);
  assertEquals(listed.map(({ hashedId }) => hashedId).toSorted(), hashedIds.toSorted());
  assertEquals(Object.keys(listed[0]!), [
    ...["tenant", "hashedId", "version", "createdAt", "expiresInMs"],
  ]);
  assertEquals((await json(["list", "--tenant", "acme", "--limit", "1"])).length, 1);
  assertEquals((await run(["list", "--tenant", "acme"])).lines.length, 2);

  const [shown] = await json(["inspect", "user-42", "--tenant", "acme"]);
  assertEquals([shown!.context, shown!.trajectory], [{ plan: "free", n: 2 }, [[0.5, 1]]]);
  const hashedId = shown!.hashedId as string;
  const [same] = await json(["inspect", hashedId, "--hashed", "--tenant", "acme"]);
  assertEquals([same!.context, same!.hashedId, same!.version], [
    ...[shown!.context, hashedId, shown!.version],
  ]);
  const text = (await run(["inspect", "user-42", "--tenant", "acme"])).lines.join("\n");
  assertStringIncludes(text, hashedId);
  assertStringIncludes(text, "1 vectors of 2 numbers");
  assertStringIncludes(text, `"plan": "free"`);

  const [stats] = await json(["stats"]);
  const tenants = stats!.tenants as Record<string, { sessions: number; versions: number }>;
  assertEquals([stats!.sessions, tenants.acme!.sessions, tenants.globex!.sessions], [3, 2, 1]);
  assertEquals(tenants.acme!.versions, 3);
  const [ofOne] = await json(["stats", "--tenant", "globex"]);
  assertEquals(Object.keys(ofOne!.tenants as object), ["globex"]);
  assertMatch((await run(["stats"])).lines.join("\n"), /3 live sessions of 2 tenants/);

  const refused = await run(["destroy", "user-42", "--tenant", "acme"]);
  assertEquals(refused.code, 2);
  assertStringIncludes(refused.notes[0]!, "add --yes");
  for (const typed of ["", "n", "yesterday"]) {
    const declined = await run(["destroy", "user-42", "--tenant", "acme"], { typed });
    assertEquals([declined.code, declined.notes], [1, ["Nothing was destroyed."]]);
  }
  assert(await acme.get("user-42", { fresh: true }), "it lives on");
  const asked = await run(["destroy", "user-42", "--tenant", "acme"], { typed: "y" });
  assertEquals([asked.code, asked.lines], [0, [`${hashedId}  destroyed`]]);
  assertStringIncludes(asked.asked[0]!, `this session of tenant "acme"`);
  assertEquals(await acme.get("user-42", { fresh: true }), undefined);

  const other = hashedIds.find((each) => each !== hashedId)!;
  const hashed = ["destroy", other, hashedId, "--hashed", "--tenant", "acme", "--yes", "--json"];
  const both = await run(hashed);
  assertEquals([both.code, both.lines.map((line) => JSON.parse(line).destroyed)], [1, [
    true,
    false,
  ]]);
  assertEquals(await acme.get("user-43", { fresh: true }), undefined);
  await acme.increment("user-43", "n").then(
    () => assert(false, "a late write brought it back"),
    ({ reason }) => assertEquals(reason, "destroyed"),
  );
  assertEquals((await manager.tenant("globex").get("user-42", { fresh: true }))!.context, {
    plan: "paid",
  });
}

Deno.test("list, inspect, stats and destroy on Redis", async () => {
  await using server = await startServer(await serverBinary("redis"));
  await withWorld("ioredis", server.url, showsAndDestroys);
});

Deno.test("list, inspect, stats and destroy on SQLite", async () => {
  await withFile((path) => withWorld("sqlite", path, showsAndDestroys));
});

Deno.test("what is not there is exit code 1, and a forgotten secret is thought of", async () => {
  await withFile((path) =>
    withWorld("sqlite", path, async ({ run }) => {
      const nobody = await run(["inspect", "nobody", "--tenant", "acme"]);
      assertEquals([nobody.code, nobody.lines, nobody.notes], [
        ...[1, [], [`Tenant "acme" has no such session.`]],
      ]);
      const gone = await run(["destroy", "nobody", "--tenant", "acme", "--yes"]);
      assertEquals(gone.code, 1);
      assertStringIncludes(gone.lines[0]!, "was not there");
      const where = ["--backend", "sqlite", "--url", path, "--key-prefix", "app"];
      const unhashed = await command(["inspect", "user-42", "--tenant", "acme", ...where]);
      assertEquals(unhashed.code, 1);
      assertStringIncludes(unhashed.notes[0]!, "set HAKGAL_SESSION_ID_SECRET");
    })
  );
});

Deno.test("bad input is one sentence and exit code 2, with a stack only for DEBUG", async () => {
  const away = `redis://127.0.0.1:${pickPort()}`;
  const redis = ["--backend", "ioredis", "--url", away];
  const sqlite = ["--backend", "sqlite", "--url", "/missing/sessions.db"];
  const bad: readonly (readonly [readonly string[], string])[] = [
    [["nonsense"], "unknown command 'nonsense'"],
    [["list"], "required option '--tenant <name>'"],
    [["list", "--tenant", "acme", "--nonsense"], "unknown option '--nonsense'"],
    [["list", "--tenant", "acme", "--limit", "none", ...redis], "--limit is a whole number"],
    [["list", "--tenant", "a:*", "--backend", "memory"], "A tenant is 1 to 64 characters"],
    [["list", "--tenant", "acme", "--backend", "mongo"], `There is no backend "mongo"`],
    [["list", "--tenant", "acme", ...redis], "check --url or HAKGAL_SESSION_URL"],
    [["stats", ...sqlite], "does not exist: create it first"],
    [["inspect", "--tenant", "acme", "x", "--hashed", "--backend", "memory"], "64 hex digits"],
    [["inspect", "--tenant", "acme", "", "--backend", "memory"], "at least one character"],
    [
      ["destroy", "u", "--tenant", "../acme", "--yes", "--backend", "memory"],
      "A tenant is 1 to 64",
    ],
    [["rollout", "gate", "--hours", "-1"], "--hours is a number above 0"],
    [["rollout", "gate", "--prometheus", "localhost"], "--prometheus is a URL"],
    [["audit", "verify", "/missing/audit.jsonl"], "cannot be read (ENOENT)"],
    [["audit", "verify", "audit.jsonl.head"], "Name the files of an audit log"],
    [["audit", "verify", "x", "--head", "12"], "--head is the last line's number and hash"],
  ];
  for (const [args, part] of bad) {
    const { code, lines, notes } = await command(args);
    const said = notes.join("\n");
    assertEquals([code, lines], [2, []], args.join(" "));
    assertStringIncludes(said, part);
    assert(!/\n\s+at /.test(said), said);
    // Commander adds a hint in a line of its own.
    assert(notes.filter((note) => note !== "(see --help)").length === 1, said);
  }
  const { notes } = await command(["stats", ...sqlite], { env: { DEBUG: "1" } });
  assertMatch(notes.join("\n"), /\n\s+at /);
});

Deno.test("--help tells every command, and nothing is needed for it", async () => {
  const { code, lines } = await command(["--help"]);
  assertEquals(code, 0);
  const names = [
    "doctor",
    "list",
    "inspect",
    "destroy",
    "stats",
    "acl",
    "audit",
    "rollout",
    "chaos",
  ];
  for (const name of names) {
    assertMatch(lines.join("\n"), new RegExp(`^  ${name} `, "m"));
  }
  const gate = await command(["rollout", "gate", "--help"]);
  assertStringIncludes(gate.lines.join("\n"), "--prometheus <url>");
  assertEquals((await command([])).code, 2);
});

Deno.test("as a process it reads the environment, and ends with the same codes", async () => {
  await withFile((path) =>
    withWorld("sqlite", path, async () => {
      const program = [Deno.execPath(), "run", "-A", "--quiet", "--no-check", MAIN];
      const env = {
        HAKGAL_SESSION_BACKEND: "sqlite",
        HAKGAL_SESSION_URL: path,
        HAKGAL_SESSION_ID_SECRET: SECRET,
        // The command line's own calls are in no audit log.
        AUDIT_LEVEL: "FULL",
      };
      const inspect = ["inspect", "user-42", "--tenant", "acme", "--key-prefix", "app", "--json"];
      const found = await run([...program, ...inspect], { env });
      assertEquals(found.code, 0, found.stderr);
      assertEquals(JSON.parse(found.stdout).context, { plan: "free", n: 2 });
      const destroy = ["destroy", "user-42", "--tenant", "acme", "--key-prefix", "app"];
      const refused = await run([...program, ...destroy], { env });
      assertEquals([refused.code, refused.stdout], [2, ""]);
      assertEquals(refused.stderr.trim().split("\n").length, 1);
    })
  );
});

Deno.test("chaos hands over to the chaos command, with all of its options and its exit code", async () => {
  const program = [Deno.execPath(), "run", "-A", "--quiet", "--no-check", MAIN, "chaos"];
  const list = await run([...program, "--faults", "list"]);
  assertEquals(list.code, 0, list.stderr);
  assertMatch(list.stdout, /^pod-kill /m);
  const bad = await run([...program, "--backend", "mongo"]);
  assertEquals(bad.code, 2);
  assertStringIncludes(bad.stderr, "mongo");
});
