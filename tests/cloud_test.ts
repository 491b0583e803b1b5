// `deno task test:cloud` against a server of our own that asks for TLS, a user and a password.
import { fileURLToPath } from "node:url";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { findServer, isMissing } from "../scripts/servers/provision.ts";
import { type RunningServer, startServer } from "../scripts/servers/server.ts";
import { makeTlsFiles } from "../scripts/servers/tls.ts";

const SCRIPT = fileURLToPath(new URL("../scripts/test_cloud.ts", import.meta.url));
const PASSWORD = "pw-7f3c+1/é%40$&";
/** What a provider gives its customers: everything but administration; glide needs INFO to connect. */
const USER = `app on >${PASSWORD} ~* &* +@all -@dangerous -@admin +info`;
const KEPT = /^(PATH|HOME|TMPDIR|XDG_|DENO_|HAKGAL_CACHE_DIR|LD_|SSL_|NODE_EXTRA_)/;

interface Outcome {
  readonly code: number;
  readonly text: string;
}

async function testCloud(
  variables: Readonly<Record<string, string>>,
  ...args: string[]
): Promise<Outcome> {
  const inherited = Object.entries(Deno.env.toObject()).filter(([name]) => KEPT.test(name));
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", SCRIPT, ...args],
    clearEnv: true,
    env: { ...Object.fromEntries(inherited), NO_COLOR: "1", ...variables },
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  return { code, text: decoder.decode(stdout) + decoder.decode(stderr) };
}

async function withCloud(
  run: (server: RunningServer, variables: Readonly<Record<string, string>>) => Promise<void>,
): Promise<void> {
  const binary = await findServer("redis", { provision: true });
  if (isMissing(binary)) throw new Error(binary.missing);
  await using tls = await makeTlsFiles();
  await using server = await startServer(binary, { tls, acl: ["default off", USER] });
  await run(server, {
    REDIS_CLOUD_HOST: server.host,
    REDIS_CLOUD_PORT: String(server.tlsPort),
    REDIS_CLOUD_USERNAME: "app",
    REDIS_CLOUD_PASSWORD: PASSWORD,
    REDIS_CLOUD_TLS: "1",
    REDIS_CLOUD_CA: await Deno.readTextFile(tls.ca),
  });
}

Deno.test("a managed Redis is tested over TLS, and left as it was found", async (t) => {
  await withCloud(async (server, variables) => {
    for (const backend of ["ioredis", "node-redis", "valkey-glide"]) {
      await t.step(backend, async () => {
        const args = ["--backend", backend, "--sessions", "1000"];
        const { code, text } = await testCloud(variables, ...args);
        assertEquals(code, 0, text);
        assertStringIncludes(text, "killed with SIGKILL");
        assertStringIncludes(text, "tx_count_1h=5");
        assertStringIncludes(text, "1,000 of 1,000 with request_count=42");
        assertStringIncludes(text, "10 of 10 vectors of 1536 float32 are the same");
        assertStringIncludes(text, "4 passed, 0 failed");
        assert(!text.includes(variables["REDIS_CLOUD_PASSWORD"]!), text);
        assertEquals(await server.command("DBSIZE"), 0, "keys were left behind");
      });
    }
  });
});

Deno.test("a wrong password is told as such, and never shown", async () => {
  await withCloud(async (server, variables) => {
    const wrong = { ...variables, REDIS_CLOUD_PASSWORD: "wrong-PASSWORD-1" };
    const { code, text } = await testCloud(wrong);
    assertEquals(code, 2, text);
    assertStringIncludes(text, "WRONGPASS");
    assertStringIncludes(text, "REDIS_CLOUD_PASSWORD");
    assert(!text.includes("wrong-PASSWORD-1"), text);
    assertEquals(await server.command("DBSIZE"), 0);
  });
});

Deno.test("an unknown authority is told with the variable that names it", async () => {
  await withCloud(async (_server, { REDIS_CLOUD_CA: _, ...variables }) => {
    const { code, text } = await testCloud(variables);
    assertEquals(code, 2, text);
    assertStringIncludes(text, "REDIS_CLOUD_CA");
    assert(!text.includes(variables["REDIS_CLOUD_PASSWORD"]!), text);
  });
});

Deno.test("without variables a server of our own is tested, by a user that may do no more than needed", async () => {
  const { code, text } = await testCloud({}, "--sessions", "200", "--backend", "ioredis");
  assertEquals(code, 0, text);
  assertStringIncludes(text, "4 passed, 0 failed");
  assertStringIncludes(text, "the server answers tenant globex with NOPERM");
});

Deno.test("with some variables set, those still missing are named", async () => {
  const { code, text } = await testCloud({ REDIS_CLOUD_PASSWORD: "hidden-one" });
  assertEquals(code, 2, text);
  for (const name of ["HOST", "PORT", "USERNAME", "TLS", "CA"]) {
    assertMatch(text, new RegExp(`REDIS_CLOUD_${name} +missing`));
  }
  assertMatch(text, /REDIS_CLOUD_PASSWORD +set/);
  assert(!text.includes("hidden-one"), text);
});
