/** The doctor on real servers: healthy ones, and ones that would lose sessions. */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { managerAclRules, tenantAclRules } from "../mod.ts";
import { SERVER_KINDS, type ServerKind } from "../scripts/servers/provision.ts";
import { pickPort } from "../scripts/servers/ports.ts";
import { startServer, type StartServerOptions } from "../scripts/servers/server.ts";
import { makeTlsFiles } from "../scripts/servers/tls.ts";
import { BACKENDS, LEAKY } from "./acl_support.ts";
import { askDoctor, runCommand } from "./doctor_support.ts";
import { until } from "./redis_support.ts";
import { serverBinary } from "./support/servers.ts";

const APP = "app on >secret ~* &* +@all";
const LOGIN = ["--username", "app", "--password", "secret"];
const HEALTHY: StartServerOptions = { acl: ["default off ~* &* +@all", APP], persistence: "aof" };

const start = async (options = HEALTHY, kind: ServerKind = "redis") =>
  await startServer(await serverBinary(kind), options);

for (const kind of SERVER_KINDS) {
  for (const backend of BACKENDS) {
    Deno.test(
      `a healthy ${kind} gets 0 through ${backend}, and nothing is written`,
      LEAKY,
      async () => {
        await using server = await start(HEALTHY, kind);
        const { code, found, text } = await askDoctor([
          "--url",
          server.url,
          ...LOGIN,
          "--backend",
          backend,
        ]);
        assertEquals(code, 0, text);
        assertEquals([...found.values()].filter(({ severity }) => severity !== "ok"), []);
        assertEquals([...found.keys()], [
          ...["connection", "version", "tls", "acl", "eviction", "memory", "persistence"],
          ...["replication", "latency", "clock"],
        ]);
        assertStringIncludes(found.get("version")!.message, server.version);
        assertStringIncludes(found.get("connection")!.message, "as app");
        assert(!text.includes("secret"), text);
        assertEquals(await server.command("DBSIZE"), 0);
      },
    );
  }
}

Deno.test("allkeys-lru and no persistence are errors, with what to do", async () => {
  const args = ["--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru"];
  await using server = await start({ ...HEALTHY, persistence: "none", args });
  const { code, found } = await askDoctor(["--url", server.url, ...LOGIN]);
  assertEquals(code, 1);
  const bad = [...found.values()].filter(({ severity }) => severity !== "ok");
  assertEquals(bad.map(({ check, severity }) => [check, severity]), [
    ["eviction", "error"],
    ["persistence", "error"],
  ]);
  assertStringIncludes(found.get("eviction")!.message, "allkeys-lru");
  assertStringIncludes(found.get("eviction")!.advice!, "noeviction");
  assertStringIncludes(found.get("persistence")!.advice!, "appendonly");
  const { code: same, text } = await runCommand(["doctor", "--url", server.url, ...LOGIN]);
  assertEquals(same, 1);
  assertStringIncludes(text, "ERROR    eviction");
});

for (const kind of SERVER_KINDS) {
  Deno.test(`${kind}: an AOF that would be replayed as a user who may not write is an error, and loses what scripts wrote`, async () => {
    for (const [rules, severity, kept] of [["", "error", 0], [" ~* &* +@all", "ok", 1]] as const) {
      await using server = await start({ ...HEALTHY, acl: [`default off${rules}`, APP] }, kind);
      const { found } = await askDoctor(["--url", server.url, ...LOGIN]);
      assertEquals(found.get("persistence")!.severity, severity, kind);
      await server.command("CONFIG", "SET", "appendfsync", "always");
      // What a script writes by more than one command is kept as a transaction.
      const script = "redis.call('HSET', KEYS[1], 'a', 1) redis.call('HSET', KEYS[1], 'b', 2)";
      await server.command("EVAL", script, "1", "key");
      await server.kill();
      await server.restart();
      assertEquals(await server.command("EXISTS", "key"), kept, `${kind}: default off${rules}`);
    }
  });
}

Deno.test("snapshots alone are named, and sessions that have a TTL are no safer from volatile-lru", async () => {
  const args = ["--save", "3600 1", "--maxmemory", "100mb", "--maxmemory-policy", "volatile-lru"];
  await using server = await start({ ...HEALTHY, persistence: "none", args });
  const { code, found } = await askDoctor(["--url", server.url, ...LOGIN]);
  assertEquals(code, 1);
  assertEquals(found.get("eviction")!.severity, "error");
  assertStringIncludes(found.get("persistence")!.message, "RDB alone");
});

for (const backend of BACKENDS) {
  Deno.test(
    `${backend}: a server that cannot be asked is told from one that refuses`,
    LEAKY,
    async () => {
      await using server = await start();
      const ask = (...args: string[]) =>
        askDoctor([...args, "--backend", backend, "--timeout", "2000"]);
      const wrong = await ask(
        "--url",
        server.url,
        "--username",
        "app",
        "--password",
        "no-such-secret",
      );
      assertEquals(wrong.code, 2);
      assertStringIncludes(wrong.found.get("connection")!.message, "WRONGPASS");
      assertStringIncludes(wrong.found.get("connection")!.advice!, "password");
      assert(!wrong.text.includes("no-such-secret"), wrong.text);

      const none = await ask("--url", `redis://127.0.0.1:${pickPort()}`);
      assertEquals(none.code, 2);
      assertEquals([...none.found.keys()], ["connection"]);
      assertStringIncludes(none.found.get("connection")!.advice!, "port");
    },
  );
}

Deno.test("a managed server that forbids CONFIG and INFO is examined as far as it goes", async () => {
  const acl = ["default off", "app on >secret ~* &* +@all -config -info -acl"];
  await using server = await start({ acl, persistence: "aof" });
  const { code, found } = await askDoctor(["--url", server.url, ...LOGIN]);
  const unknown = [...found.values()].filter(({ severity }) => severity === "unknown");
  assertEquals(unknown.map(({ check }) => check), ["eviction", "memory", "persistence"]);
  // HELLO tells version and role all the same; that a restart is noticed later is for the operator to hear of.
  assertEquals(found.get("version")!.severity, "ok");
  assertEquals([found.get("acl")!.severity, code], ["warning", 1]);

  const allowed = ["default off", "app on >secret ~* &* +@all -config -info +info|server"];
  await using other = await start({ acl: allowed, persistence: "aof" });
  assertEquals((await askDoctor(["--url", other.url, ...LOGIN])).code, 0);
});

Deno.test("what is lacking in the permissions is named, with what it is for", async () => {
  const acl = ["default off", `${APP} -hset -publish`];
  await using server = await start({ acl, persistence: "aof" });
  const { code, found } = await askDoctor(["--url", server.url, ...LOGIN]);
  const { severity, message, advice } = found.get("acl")!;
  assertEquals([code, severity], [1, "error"]);
  assertStringIncludes(message, "hset (writing a session)");
  assertStringIncludes(message, "publish");
  assertStringIncludes(advice!, "hakgal-sessions acl");
});

Deno.test("a tenant's user is held to its own rules", async () => {
  const acl = [
    "default off",
    `good on >secret ${tenantAclRules("acme").join(" ")} +info`,
    `poor on >secret ${tenantAclRules("acme").join(" ")} -hdel`,
    `wide on >secret ${tenantAclRules("acme").join(" ")} ~hakgal:*`,
    `manager on >secret ${managerAclRules().join(" ")}`,
  ];
  await using server = await start({ acl, persistence: "aof" });
  const ask = async (user: string) => {
    const login = ["--username", user, "--password", "secret"];
    return (await askDoctor(["--url", server.url, ...login, "--tenant", "acme"])).found.get("acl")!;
  };
  assertEquals((await ask("good")).severity, "ok");
  assertEquals((await ask("poor")).severity, "error");
  assertStringIncludes((await ask("poor")).message, "hdel");
  assertEquals((await ask("wide")).severity, "warning");
  assertStringIncludes((await ask("wide")).advice!, "acl --tenant acme");
  assertEquals((await ask("manager")).severity, "error");
});

Deno.test("a replica is no place for sessions, and a primary tells of its replicas", async () => {
  await using primary = await start({ persistence: "aof" });
  const args = ["--replicaof", "127.0.0.1", String(primary.port)];
  await using replica = await start({ persistence: "aof", args });
  const { code, found } = await askDoctor(["--url", replica.url]);
  assertEquals([code, found.get("replication")!.severity], [1, "error"]);
  await until(async () => {
    const { message } = (await askDoctor(["--url", primary.url])).found.get("replication")!;
    return message === "Primary with 1 replicas in step.";
  });
});

Deno.test("TLS: a certificate that is trusted, one that soon runs out, and one that is not trusted", async () => {
  const soon = new Date(Date.now() + 5 * 86_400_000 + 60_000);
  const fresh = new Date(Date.now() + 90 * 86_400_000);
  for (const [notAfter, severity] of [[fresh, "ok"], [soon, "warning"]] as const) {
    await using files = await makeTlsFiles({ notAfter });
    await using server = await start({ ...HEALTHY, tls: files });
    const trusted = await askDoctor(["--url", server.url, ...LOGIN, "--ca", files.ca]);
    assertEquals(trusted.found.get("tls")!.severity, severity, trusted.text);
    assertEquals(trusted.code, severity === "ok" ? 0 : 1);
    const unknown = await askDoctor(["--url", server.url, ...LOGIN]);
    assertEquals(unknown.code, 2);
    assertStringIncludes(unknown.found.get("connection")!.message, "TLS");
    assertStringIncludes(unknown.found.get("connection")!.advice!, "tls.ca");
  }
});

Deno.test("where the server is, is told by the environment too", async () => {
  await using server = await start();
  const environment = {
    REDIS_CLOUD_HOST: server.host,
    REDIS_CLOUD_PORT: String(server.port),
    REDIS_CLOUD_USERNAME: "app",
    REDIS_CLOUD_PASSWORD: "secret",
  };
  assertEquals((await askDoctor([], environment)).code, 0);
});

Deno.test("bad input is one sentence that says what to do", async () => {
  const cases: [string[], RegExp][] = [
    [["doctor"], /--url/],
    [["doctor", "--url", "http://x"], /redis:\/\//],
    [["doctor", "--url", "redis://x", "--backend", "sqlite"], /ioredis/],
    [["doctor", "--url", "redis://x", "--ca", "/no/such/file"], /PEM/],
    [["doctor", "--url", "redis://x", "--tenant", "a:b"], /tenant/],
    [["doctor", "--url", "redis://x", "--timeout", "soon"], /milliseconds/],
  ];
  for (const [args, expected] of cases) {
    const { code, text } = await runCommand(args);
    const said = text.replace("\n(see --help)", "");
    assert(code === 2 && expected.test(said) && !said.includes("\n"), text);
  }
});
