/** The adapters of the Redis family when the store, the network or the operator does not play along. */

import { serverBinary } from "./support/servers.ts";
import { assert, assertEquals, assertInstanceOf, assertRejects, assertThrows } from "@std/assert";
import { createClient } from "@redis/client";
import { GlideClient } from "@valkey/valkey-glide";
import { Redis } from "ioredis";
import { createClient as createClient5 } from "npm:@redis/client@5";
import { Redis as Redis5 } from "npm:ioredis@5";
import { ConfigError, StoreRejectedError, StoreUnavailableError } from "../core/errors.ts";
import type { StorageAdapter } from "../core/storage_adapter.ts";
import { ioredisAdapter } from "../adapters/ioredis.ts";
import { nodeRedisAdapter } from "../adapters/node_redis.ts";
import { valkeyGlideAdapter } from "../adapters/valkey_glide.ts";
import { type RunningServer, startServer } from "../scripts/servers/server.ts";
import { makeTlsFiles } from "../scripts/servers/tls.ts";
import {
  ADAPTERS,
  batchOf,
  CALL,
  creation,
  CuttingProxy,
  POD_KEY,
  until,
} from "./redis_support.ts";

const found = await serverBinary("redis");
const OPEN = { ...CALL, podKey: POD_KEY };
const INCREMENT = { kind: "increment", field: "n", by: 1 } as const;

function test(name: string, fn: () => Promise<void>): void {
  // The clients let pauses before reconnections run out after they were closed, and GLIDE leaves a file
  // descriptor behind. That no connection stays is looked up on the server instead.
  Deno.test({ name, fn, sanitizeOps: false, sanitizeResources: false });
}

function start(options: Parameters<typeof startServer>[1] = {}): Promise<RunningServer> {
  return startServer(found, options);
}

/** A client of the caller's, with its own defaults. */
interface CallersClient {
  readonly adapter: StorageAdapter;
  ping(): Promise<unknown>;
  end(): unknown;
}

const CALLERS: Readonly<Record<string, (url: string) => Promise<CallersClient>>> = {
  "ioredis 5": (url) => Promise.resolve(ofIoredis(new Redis5(url))),
  "ioredis 6": (url) => Promise.resolve(ofIoredis(new Redis(url))),
  "node-redis 5": async (url) =>
    ofNodeRedis(await createClient5({ url }).on("error", () => {}).connect()),
  "node-redis 6": async (url) =>
    ofNodeRedis(await createClient({ url }).on("error", () => {}).connect()),
  "node-redis 6 with RESP 3": async (url) =>
    ofNodeRedis(await createClient({ url, RESP: 3 }).on("error", () => {}).connect()),
  "valkey-glide 2": async (url) => {
    const { hostname, port } = new URL(url);
    const client = await GlideClient.createClient({
      addresses: [{ host: hostname, port: Number(port) }],
      requestTimeout: 2_000,
    });
    const end = () => client.close();
    return { adapter: valkeyGlideAdapter({ client }), ping: () => client.ping(), end };
  },
};

function ofIoredis(client: Redis | Redis5): CallersClient {
  client.on("error", () => {});
  const end = () => client.disconnect();
  return { adapter: ioredisAdapter({ client }), ping: () => client.ping(), end };
}

function ofNodeRedis(
  client: Parameters<typeof nodeRedisAdapter>[0] extends infer Options
    ? Extract<Options, { client: unknown }>["client"]
    : never,
): CallersClient {
  const ping = () => client.sendCommand(["PING"], { typeMapping: {} });
  return { adapter: nodeRedisAdapter({ client }), ping, end: () => client.destroy() };
}

async function retried(run: () => Promise<unknown>): Promise<void> {
  await until(() => run().then(() => true, () => false));
}

for (const [name, callers] of Object.entries(CALLERS)) {
  test(`${name}: a caller's client stays open, and a commit cut after its execution counts once`, async () => {
    await using server = await start();
    await using proxy = new CuttingProxy(server.port);
    const { adapter, ping, end } = await callers(proxy.url);
    try {
      await adapter.open(OPEN);
      await adapter.commit("key", batchOf([creation({ n: 0 })]), CALL);
      for (let seq = 2; seq < 7; seq++) {
        proxy.cutReplies(1);
        await retried(() => adapter.commit("key", batchOf([INCREMENT], { seq }), CALL));
      }
      await retried(async () => {
        const loaded = await adapter.load("key", { tombstoneMs: 1 }, CALL);
        assert(loaded.outcome === "found");
        assertEquals(loaded.state.context.get("n"), "5");
      });
      await adapter.close();
      await ping();
    } finally {
      await end();
    }
  });
}

for (const [name, connect] of Object.entries(ADAPTERS)) {
  test(`${name}: a reply lost with its connection is an unknown outcome, and a retry counts once`, async () => {
    await using server = await start();
    await using proxy = new CuttingProxy(server.port);
    const adapter = connect({ url: proxy.url });
    try {
      await adapter.open(OPEN);
      await adapter.commit("key", batchOf([creation({ n: 0 })]), CALL);
      proxy.cutReplies(1);
      const batch = batchOf([INCREMENT], { seq: 2 });
      const error = await assertRejects(
        () => adapter.commit("key", batch, CALL),
        StoreUnavailableError,
      );
      assertEquals(error.outcome, "unknown");
      assertEquals(await server.command("HGET", "key", "c:n"), "1");
      await retried(() => adapter.commit("key", batch, CALL));
      assertEquals(await server.command("HGET", "key", "c:n"), "1");
    } finally {
      await adapter.close();
    }
  });

  test(`${name}: wrong password, missing permission and read-only replica are told at open`, async () => {
    await using server = await start({
      acl: [
        "default off",
        "app on >secret ~hakgal:* &* +@all",
        "poor on >secret ~hakgal:* &* +@all -hset",
        "clinging on >secret ~hakgal:* &* +@all -del",
        "blind on >secret ~hakgal:* &* +@all -info -ping",
        "stray on >secret ~other:* &* +@all",
      ],
    });
    const open = async (username: string, password: string) => {
      const adapter = connect({ url: server.url, username, password });
      try {
        return await adapter.open({ ...CALL, podKey: `${POD_KEY}:${username}` });
      } finally {
        await adapter.close();
      }
    };
    const refused = async (username: string, password: string) =>
      (await assertRejects(() => open(username, password), StoreRejectedError)).code;
    assertEquals(await refused("app", "wrong"), "WRONGPASS");
    assertEquals(await refused("poor", "secret"), "NOPERM");
    assertEquals(await refused("clinging", "secret"), "NOPERM");
    assertEquals(await refused("clinging", "secret"), "NOPERM");
    assertEquals(await refused("stray", "secret"), "NOPERM");
    // GLIDE asks for INFO itself.
    if (name === "valkey-glide") assertEquals(await refused("blind", "secret"), "NOPERM");
    else assertEquals(await open("blind", "secret"), { server: "unknown version" });
    assertEquals(await open("app", "secret"), { server: `redis ${server.version}` });

    await using primary = await start({ args: ["--repl-diskless-sync-delay", "0"] });
    await using replica = await start({ args: ["--replicaof", `127.0.0.1 ${primary.port}`] });
    await until(async () =>
      String(await replica.command("INFO")).includes("master_link_status:up")
    );
    const adapter = connect({ url: replica.url });
    const error = await assertRejects(() => adapter.open(OPEN), StoreRejectedError);
    assertEquals(error.code, "READONLY");
    await adapter.close();
  });

  test(`${name}: a primary that becomes a replica is an outage in which nothing was applied`, async () => {
    await using server = await start();
    const adapter = connect({ url: server.url });
    try {
      await adapter.open(OPEN);
      await server.command("REPLICAOF", "127.0.0.1", "1");
      const error = await assertRejects(
        () => adapter.commit("key", batchOf([creation()]), CALL),
        StoreUnavailableError,
      );
      assertEquals(error.outcome, "not-applied");
      assert(error.message.includes("READONLY"));
      const beat = () => adapter.heartbeat!({ ...OPEN, keepMs: 60_000 });
      const refused = await assertRejects(beat, StoreUnavailableError);
      assertEquals(refused.outcome, "not-applied");
    } finally {
      await adapter.close();
    }
  });

  test(`${name}: a server that is away at open is used as soon as it is back`, async () => {
    await using server = await start();
    await server.kill();
    const adapter = connect({ url: server.url });
    try {
      const error = await assertRejects(() => adapter.open(OPEN), StoreUnavailableError);
      assertEquals(error.outcome, "not-applied");
      await server.restart();
      await retried(() => adapter.commit("key", batchOf([creation()]), CALL));
    } finally {
      await adapter.close();
    }
  });

  test(`${name}: close leaves no connection, also of a frozen server`, async () => {
    await using server = await start();
    const connections = async () =>
      String(await server.command("CLIENT", "LIST")).trim().split("\n").length;
    const before = await connections();
    for (const freezes of [false, true]) {
      const adapter = connect({ url: server.url });
      await adapter.open(OPEN);
      const listener = { onInvalidation: () => {}, onGap: () => {} };
      await adapter.subscribe!({ pod: "pod1", inboxPrefix: "hakgal:inbox:" }, listener);
      assertEquals(await connections(), before + 2);
      if (freezes) await server.freeze();
      const startMs = performance.now();
      await adapter.close();
      assert(performance.now() - startMs < 1_000);
      if (freezes) server.resume();
      await until(async () => await connections() === before);
    }
  });

  test(`${name}: a close while it opens leaves no connection`, async () => {
    await using server = await start();
    const connections = async () =>
      String(await server.command("CLIENT", "LIST")).trim().split("\n").length;
    const before = await connections();
    for (const waitsForPackage of [false, true]) {
      const adapter = connect({ url: server.url });
      if (waitsForPackage) await adapter.prepare?.();
      const opening = adapter.open(OPEN).catch(() => {});
      await adapter.close();
      await opening;
      await until(async () => await connections() === before);
    }
  });

  test(`${name}: TLS with a CA of one's own, and the reason when the CA is another`, async () => {
    await using files = await makeTlsFiles();
    await using other = await makeTlsFiles();
    await using server = await start({ tls: { ca: files.ca, cert: files.cert, key: files.key } });
    const open = async (caPath: string) => {
      const adapter = connect({ url: server.url, tls: { ca: await Deno.readTextFile(caPath) } });
      try {
        return await adapter.open(OPEN);
      } finally {
        await adapter.close();
      }
    };
    assertEquals((await open(files.ca)).server, `redis ${server.version}`);
    const error = await assertRejects(() => open(other.ca), StoreRejectedError);
    assertEquals(error.code, "TLS");
  });
}

for (const name of ["ioredis", "node-redis"]) {
  test(`${name}: a lost subscription is a gap, and words come in again afterwards`, async () => {
    await using server = await start();
    await using proxy = new CuttingProxy(server.port);
    const adapter = ADAPTERS[name]!({ url: proxy.url });
    try {
      await adapter.open(OPEN);
      let gaps = 0, words = 0;
      await adapter.subscribe!({ pod: "pod1", inboxPrefix: "inbox:" }, {
        onInvalidation: () => words++,
        onGap: () => gaps++,
      });
      const gapsBefore = gaps;
      proxy.cut();
      await until(() => gaps > gapsBefore);
      await until(async () => {
        await server.command("PUBLISH", "inbox:pod1", "1 n1 key");
        return words > 0;
      });
    } finally {
      await adapter.close();
    }
  });
}

Deno.test("what a client cannot do is a ConfigError, before anything is connected", () => {
  const tls = { cert: "", key: "" };
  assertThrows(() => valkeyGlideAdapter({ url: "rediss://localhost", tls }), ConfigError);
  for (const connect of Object.values(ADAPTERS)) {
    const error = assertThrows(() => connect({ url: "http://user:secret@localhost" }), ConfigError);
    assertInstanceOf(error, ConfigError);
    assert(!error.message.includes("secret"));
  }
  const client = new Redis({ lazyConnect: true, keyPrefix: "app:" });
  assertThrows(() => ioredisAdapter({ client }), ConfigError);
});

// The other clients try again by themselves.
test("valkey-glide: the first command after the password was put right is not refused", async () => {
  await using server = await start({ acl: ["default off", "app on >secret ~* &* +@all"] });
  const setPassword = (password: string) =>
    server.command("ACL", "SETUSER", "app", "resetpass", `>${password}`);
  const adapter = valkeyGlideAdapter({ url: server.url, username: "app", password: "secret" });
  try {
    await adapter.open(OPEN);
    await setPassword("another");
    await server.command("CLIENT", "KILL", "USER", "app");
    const answer = () =>
      adapter.load("key", { tombstoneMs: 1_000 }, CALL).then(
        ({ outcome }) => outcome,
        (error) => error instanceof StoreRejectedError ? error.code : "unavailable",
      );
    await until(async () => await answer() === "WRONGPASS");
    await setPassword("secret");
    assertEquals(await answer(), "missing");
  } finally {
    await adapter.close();
  }
});
