import { assert, assertEquals, assertRejects } from "@std/assert";
import { backendFrom, settingsFrom } from "../adapters/environment.ts";
import { ConfigError, SessionManager, StoreUnavailableError } from "../mod.ts";
import { pickPort } from "../scripts/servers/ports.ts";

/** Runs `body` with just these variables set, and puts back what was there. */
async function withVariables(
  variables: Record<string, string>,
  body: () => Promise<void>,
): Promise<void> {
  const before = Deno.env.toObject();
  const ours = (name: string) => /^(HAKGAL_SESSION|REDIS_CLOUD)_/.test(name);
  for (const name of Object.keys(before).filter(ours)) Deno.env.delete(name);
  for (const [name, value] of Object.entries(variables)) Deno.env.set(name, value);
  try {
    await body();
  } finally {
    for (const name of Object.keys(variables)) Deno.env.delete(name);
    for (const name of Object.keys(before).filter(ours)) Deno.env.set(name, before[name]!);
  }
}

Deno.test("a manager is opened by the environment alone", async () => {
  const variables = { HAKGAL_SESSION_BACKEND: "memory", HAKGAL_SESSION_TTL_MS: "5000" };
  await withVariables(variables, async () => {
    await using manager = await SessionManager.open();
    const session = await manager.tenant("acme").getOrCreate("u");
    assert(session.expiresInMs > 4_000 && session.expiresInMs <= 5_000);
  });
});

Deno.test("what the caller says wins over the environment", async () => {
  const variables = {
    HAKGAL_SESSION_BACKEND: "ioredis",
    HAKGAL_SESSION_URL: "redis://127.0.0.1:1",
    HAKGAL_SESSION_TTL_MS: "5000",
  };
  await withVariables(variables, async () => {
    await using manager = await SessionManager.open({ backend: "memory", ttlMs: 9_000 });
    const session = await manager.tenant("acme").getOrCreate("u");
    assert(session.expiresInMs > 8_000);
  });
});

Deno.test("without any backend the error names them", async () => {
  await withVariables({}, async () => {
    const error = await assertRejects(() => SessionManager.open(), ConfigError);
    assert(error.message.includes("HAKGAL_SESSION_BACKEND"));
    assert(error.message.includes("valkey-glide"));
  });
});

Deno.test("a managed Redis is found by the variables of its console", () => {
  const env = {
    REDIS_CLOUD_HOST: "cloud.example",
    REDIS_CLOUD_PORT: "19088",
    REDIS_CLOUD_USERNAME: "default",
    REDIS_CLOUD_PASSWORD: "secret",
  };
  const address = { url: "redis://cloud.example:19088", username: "default", password: "secret" };
  assertEquals(backendFrom(env), { backend: "ioredis", ...address });
  assertEquals(
    backendFrom({ ...env, HAKGAL_SESSION_BACKEND: "node-redis" }),
    { backend: "node-redis", ...address },
  );
  assertEquals(backendFrom({ ...env, REDIS_CLOUD_TLS: "1" }), {
    backend: "ioredis",
    ...address,
    url: "rediss://cloud.example:19088",
    tls: {},
  });
  assertEquals(backendFrom({ ...env, HAKGAL_SESSION_BACKEND: "memory" }), { backend: "memory" });
});

Deno.test("a variable that is wrong is named", async () => {
  const wrong: [Record<string, string>, string][] = [
    [{ HAKGAL_SESSION_TTL_MS: "1h" }, "HAKGAL_SESSION_TTL_MS"],
    [{ REDIS_CLOUD_HOST: "h", REDIS_CLOUD_PORT: "port" }, "REDIS_CLOUD_PORT"],
    [{ REDIS_CLOUD_HOST: "h", REDIS_CLOUD_CA: "ca.pem" }, "REDIS_CLOUD_CA"],
    [{ HAKGAL_SESSION_BACKEND: "redis" }, "backend"],
    [{ HAKGAL_SESSION_BACKEND: "sqlite" }, "url"],
  ];
  for (const [variables, option] of wrong) {
    await withVariables(variables, async () => {
      const error = await assertRejects(() => SessionManager.open(), ConfigError);
      assertEquals(error.option, option);
    });
  }
  assertEquals(settingsFrom({ HAKGAL_SESSION_TTL_MS: "" }), {});
});

for (const backend of ["ioredis", "node-redis", "valkey-glide"] as const) {
  Deno.test({
    name: `${backend}: a store that is not there is an error, or a warning where memory may serve`,
    // node-redis lets the pause before its next attempt run out after it was destroyed.
    sanitizeOps: false,
    sanitizeResources: false,
    async fn() {
      const url = `redis://127.0.0.1:${await pickPort()}`;
      const error = await assertRejects(
        () => SessionManager.open({ backend, url, failMode: "closed" }),
        StoreUnavailableError,
      );
      assertEquals(error.outcome, "not-applied");
      const manager = await SessionManager.open({ backend, url });
      const codes: string[] = [];
      manager.on("warning", ({ code }) => codes.push(code));
      assertEquals([codes.includes("STORE_AWAY"), manager.status().store], [true, "down"]);
      await manager.close();
    },
  });
}
