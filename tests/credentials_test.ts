/** The option `credentials`: each tenant's sessions over connections of its own login. */

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  type Backend,
  ConfigError,
  type OpenOptions,
  SessionManager,
  type StorageAdapter,
  StoreRejectedError,
} from "../mod.ts";
import { ioredisAdapter } from "../adapters/ioredis.ts";
import type { RunningServer } from "../scripts/servers/server.ts";
import { BACKENDS, LEAKY, loginOf, startTenantServer, tenantOptions } from "./acl_support.ts";
import { ADAPTERS, batchOf, CALL, creation, POD_KEY, until } from "./redis_support.ts";

const TENANTS = ["acme", "globex", "initech", "hooli"];

/** Users with connections on the server, the tests' own aside; one entry for each connection. */
async function connected(server: RunningServer): Promise<string[]> {
  const lines = String(await server.command("CLIENT", "LIST")).trim().split("\n");
  return lines.map((line) => / user=(\S+)/.exec(line)![1]!).filter((user) =>
    user !== "hakgal-control"
  ).sort();
}

async function tenantsConnected(server: RunningServer): Promise<string[]> {
  const users = (await connected(server)).filter((user) => user.startsWith("tenant-"));
  return [...new Set(users)];
}

/** A test with a server whose tenants have logins, on one backend after the other. */
function onEachBackend(
  name: string,
  run: (server: RunningServer, options: OpenOptions, backend: Backend) => Promise<void>,
): void {
  for (const backend of BACKENDS) {
    Deno.test(`${backend}: ${name}`, LEAKY, async () => {
      await using server = await startTenantServer("redis", TENANTS);
      await run(server, tenantOptions(backend, server), backend);
    });
  }
}

onEachBackend(
  "a tenant's sessions go over its own login, heartbeats and listings over the manager's",
  async (server, options) => {
    await using manager = await SessionManager.open(options);
    assertEquals(await tenantsConnected(server), []);
    await manager.tenant("acme").getOrCreate("user");
    await until(async () => (await connected(server)).length === 3);
    assertEquals(await connected(server), ["manager", "tenant-acme", "tenant-acme"]);
    assertEquals((await Array.fromAsync(manager.tenant("acme").list())).length, 1);
  },
);

onEachBackend(
  "a wrong password is that tenant's alone, and credentials are asked for again",
  async (_server, options) => {
    let isWrong = true;
    const credentials = (tenant: string) =>
      tenant === "acme" && isWrong ? { ...loginOf(tenant), password: "wrong" } : loginOf(tenant);
    await using manager = await SessionManager.open({ ...options, credentials });
    const told: unknown[] = [];
    manager.on("degraded", ({ reason }) => told.push(reason));
    const [acme, globex] = [manager.tenant("acme"), manager.tenant("globex")];
    const refused = await assertRejects(() => acme.getOrCreate("user"), StoreRejectedError);
    assertEquals(refused.code, "WRONGPASS");
    assert(!refused.message.includes('wrong"'), refused.message);
    assertEquals(await globex.increment((await globex.getOrCreate("user")).id, "n"), 1);
    for (let times = 0; times < 10; times++) {
      await assertRejects(() => acme.getOrCreate("user"), StoreRejectedError);
      assertEquals((await globex.get("user", { fresh: true }))!.degraded, false);
    }
    isWrong = false;
    await until(() => acme.getOrCreate("user").then(() => true, () => false));
    assertEquals([manager.status().store, told], ["up", []]);
  },
);

onEachBackend("a password that changed is asked for again", async (server, options) => {
  let password = loginOf("acme").password;
  const credentials = (tenant: string) => ({ ...loginOf(tenant), password });
  const quick = { ...options, commandTimeoutMs: 1_000 };
  await using manager = await SessionManager.open({ ...quick, credentials });
  const acme = manager.tenant("acme");
  await acme.getOrCreate("user", { n: 1 });
  password = "another";
  await server.command("ACL", "SETUSER", "tenant-acme", "resetpass", `>${password}`);
  await server.command("CLIENT", "KILL", "USER", "tenant-acme");
  await until(() =>
    acme.get("user", { fresh: true }).then((session) => session?.degraded === false, () => false)
  );
  assertEquals(await acme.increment("user", "n"), 2);
});

onEachBackend(
  "more tenants than may be connected at once take turns",
  async (server, options, backend) => {
    const bounded = { ...options, tenantConnections: { max: 2 } };
    await using manager = await SessionManager.open(bounded);
    let most = 0;
    const done = new AbortController();
    const watching = (async () => {
      while (!done.signal.aborted) most = Math.max(most, (await tenantsConnected(server)).length);
    })();
    try {
      await Promise.all(TENANTS.map(async (tenant) => {
        const sessions = manager.tenant(tenant);
        assertEquals((await sessions.getOrCreate("user")).degraded, false);
        assertEquals(await sessions.increment("user", "n"), 1);
      }));
    } finally {
      done.abort();
      await watching;
    }
    // GLIDE ends a connection that was closed seconds later.
    const bound = backend === "valkey-glide" ? TENANTS.length : 2;
    assert(most >= 1 && most <= bound, `${most} tenants were connected at once`);
  },
);

/** An adapter with one place: below the manager, who would send again what is cut off. */
async function withOnePlace(
  backend: (typeof BACKENDS)[number],
  run: (adapter: StorageAdapter, server: RunningServer) => Promise<void>,
): Promise<void> {
  await using server = await startTenantServer("redis", TENANTS);
  const { username, password } = tenantOptions(backend, server) as Required<OpenOptions>;
  const adapter = ADAPTERS[backend]!({
    ...{ url: server.url, username, password, credentials: loginOf },
    tenantConnections: { max: 1 },
  });
  try {
    await adapter.open({ ...CALL, podKey: POD_KEY });
    await run(adapter, server);
  } finally {
    await adapter.close();
  }
}

const keyOf = (tenant: string) => `hakgal:tenant:${tenant}:session:user`;
const LOAD = { tombstoneMs: 1_000 };

for (const backend of BACKENDS) {
  Deno.test(`${backend}: what is under way is not cut off by another's turn`, LEAKY, async () => {
    await withOnePlace(backend, async (adapter, server) => {
      await adapter.load(keyOf("acme"), LOAD, CALL);
      await server.command("CLIENT", "PAUSE", "60000", "WRITE");
      const first = adapter.commit(keyOf("acme"), batchOf([creation()]), CALL);
      // It waits in the server.
      await until(async () =>
        /blocked_clients:[1-9]/.test(String(await server.command("INFO", "clients")))
      );
      const second = adapter.load(keyOf("globex"), LOAD, CALL);
      await server.command("CLIENT", "UNPAUSE");
      assertEquals((await first).outcome, "applied");
      assertEquals((await second).outcome, "missing");
    });
  });

  Deno.test(
    `${backend}: tenants who come at the same time each get their turn`,
    LEAKY,
    async () => {
      await withOnePlace(backend, async (adapter) => {
        const replies = await Promise.all(
          ["acme", "globex"].map((tenant) => adapter.load(keyOf(tenant), LOAD, CALL)),
        );
        assertEquals(replies.map(({ outcome }) => outcome), ["missing", "missing"]);
      });
    },
  );
}

onEachBackend(
  "an idle tenant is disconnected, told so, and connected again by its next call",
  async (server, options, backend) => {
    const idle = { ...options, tenantConnections: { idleMs: 50 } };
    await using manager = await SessionManager.open(idle);
    let gaps = 0;
    manager.on("inboxLost", () => gaps++);
    const acme = manager.tenant("acme");
    await acme.getOrCreate("user");
    await until(() => gaps > 0);
    // GLIDE ends a connection that was closed seconds later.
    const isEnded = async () => (await tenantsConnected(server)).length === 0;
    if (backend !== "valkey-glide") await until(isEnded);
    assertEquals(await acme.increment("user", "n"), 1);
    await until(async () =>
      (await server.command("PUBSUB", "CHANNELS", "hakgal:tenant:acme:*") as string[]).length === 2
    );
  },
);

onEachBackend(
  "what was journaled drains tenant by tenant; a tenant that is refused holds up no other",
  async (server, options) => {
    await using manager = await SessionManager.open({ ...options, commandTimeoutMs: 300 });
    const stalled: string[] = [];
    manager.on("stalled", ({ code }) => stalled.push(code));
    const [acme, globex] = [manager.tenant("acme"), manager.tenant("globex")];
    for (const sessions of [acme, globex]) await sessions.getOrCreate("user", { n: 0 });
    await server.command("SAVE");
    await server.kill();
    for (const sessions of [acme, globex]) {
      await until(async () => (await sessions.increment("user", "n").then(() =>
        true, () => false))
      );
    }
    assertEquals(manager.status().journaled, 2);
    await server.restart();
    await server.command("ACL", "SETUSER", "tenant-acme", "off");
    await server.command("CLIENT", "KILL", "USER", "tenant-acme");
    await until(() => manager.status().journaled === 1 || manager.status().journaled === 0);
    await server.command("ACL", "SETUSER", "tenant-acme", "on");
    await until(() => manager.status().journaled === 0);
    await manager.flush();
    for (const sessions of [acme, globex]) {
      assertEquals((await sessions.get("user", { fresh: true }))!.context, { n: 1 });
    }
  },
);

for (const backend of BACKENDS) {
  Deno.test(
    `${backend}: a tenant for whom the server has no connection left is no outage`,
    LEAKY,
    async () => {
      await using server = await startTenantServer("redis", TENANTS);
      const options = { ...tenantOptions(backend, server), commandTimeoutMs: 2_000 };
      await using manager = await SessionManager.open(options);
      const told: string[] = [];
      manager.on("degraded", ({ reason }) => told.push(reason));
      const [acme, globex] = [manager.tenant("acme"), manager.tenant("globex")];
      await acme.getOrCreate("user");
      await until(async () => (await connected(server)).length === 3);
      // The next connection of the test's own is one, too.
      await server.command("CONFIG", "SET", "maxclients", "4");
      await using _taken = await takenPlace(server);
      const error = await assertRejects(() => globex.getOrCreate("user"), StoreRejectedError);
      assert(["ERR", "TENANT_CONNECTION"].includes(error.code), error.message);
      assertEquals((await acme.get("user", { fresh: true }))!.degraded, false);
      assertEquals([manager.status().store, told], ["up", []]);
    },
  );
}

/** A connection that does nothing. */
async function takenPlace({ host, port }: RunningServer): Promise<AsyncDisposable> {
  const connection = await Deno.connect({ hostname: host, port });
  await connection.write(new TextEncoder().encode("HELLO\r\n"));
  await connection.read(new Uint8Array(1_024));
  return { [Symbol.asyncDispose]: () => Promise.resolve(connection.close()) };
}

Deno.test(
  "credentials that are not given are that tenant's refusal, with the reason",
  LEAKY,
  async () => {
    await using server = await startTenantServer("redis", TENANTS);
    const secret = new Error("vault is sealed: token s.abc");
    const credentials = (tenant: string): ReturnType<typeof loginOf> | Promise<never> => {
      if (tenant === "acme") throw secret;
      if (tenant === "globex") return Promise.reject(secret);
      if (tenant === "initech") return new Promise(() => {});
      if (tenant === "umbrella") return { username: "tenant-umbrella" } as never;
      return loginOf(tenant);
    };
    const options = { ...tenantOptions("ioredis", server), commandTimeoutMs: 300 };
    await using manager = await SessionManager.open({ ...options, credentials });
    for (const tenant of ["acme", "globex", "initech", "umbrella"]) {
      const error = await assertRejects(
        () => manager.tenant(tenant).getOrCreate("user"),
        StoreRejectedError,
      );
      assertEquals(error.code, "CREDENTIALS");
      assert(
        error.message.includes(`"${tenant}"`) && !error.message.includes("s.abc"),
        error.message,
      );
      assertEquals(manager.status().store, "up");
    }
    assertEquals((await manager.tenant("hooli").getOrCreate("user")).degraded, false);
  },
);

// GLIDE lets its connections go seconds later; its descriptors, not at all.
for (const backend of ["ioredis", "node-redis"] as const) {
  Deno.test(`${backend}: closing leaves no connection`, LEAKY, async () => {
    await using server = await startTenantServer("redis", TENANTS);
    const manager = await SessionManager.open(tenantOptions(backend, server));
    await Promise.all(TENANTS.map((tenant) => manager.tenant(tenant).getOrCreate("user")));
    assertEquals((await tenantsConnected(server)).length, TENANTS.length);
    await manager.close();
    await until(async () => (await connected(server)).length === 0);
  });
}

Deno.test("credentials are for connections of the library's own to a server that has users", async () => {
  const credentials = loginOf;
  for (const backend of ["memory", "sqlite"] as const) {
    const url = backend === "sqlite" ? { url: ":memory:" } : {};
    const error = await assertRejects(
      () => SessionManager.open({ backend, ...url, credentials }),
      ConfigError,
    );
    assertEquals(error.option, "credentials");
  }
  const url = "redis://127.0.0.1:1";
  for (
    const options of [
      { backend: "ioredis", url, credentials: { username: "a", password: "b" } },
      { backend: "ioredis", url, tenantConnections: { max: 3 } },
      { backend: "ioredis", url, credentials, tenantConnections: { max: 0 } },
      { backend: "ioredis", url, credentials, tenantConnections: { idle: 3 } },
      { adapter: ioredisAdapter({ url }), credentials },
    ]
  ) {
    await assertRejects(() => SessionManager.open(options as never), ConfigError);
  }
  const client = { options: {} } as never;
  assertThrows(() => ioredisAdapter({ client, credentials } as never), ConfigError);
});
