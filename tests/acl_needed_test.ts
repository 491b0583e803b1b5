/** Nothing superfluous is granted: without any one of the generated rules, something that was promised does not work. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { permissions } from "../adapters/redis/acl.ts";
import { KeySpace } from "../core/key_space.ts";
import { SessionManager, StoreRejectedError, type TenantSessions } from "../mod.ts";
import { SERVER_KINDS } from "../scripts/servers/provision.ts";
import type { RunningServer } from "../scripts/servers/server.ts";
import { LEAKY, loginOf, startTenantServer, tenantOptions } from "./acl_support.ts";
import { ADAPTERS, batchOf, CALL, creation, until } from "./redis_support.ts";

const USER = loginOf("acme").username;

/** The call that cannot do without a command, on a session `user` that is there. */
const CALLS: Readonly<Record<string, (acme: TenantSessions) => Promise<unknown>>> = {
  "evalsha": (acme) => acme.increment("user", "n"),
  "eval": (acme) => acme.increment("user", "n"),
  "time": (acme) => acme.increment("user", "n"),
  "hgetall": (acme) => acme.recover(["user"]),
  "hmget": (acme) => acme.increment("user", "n"),
  "hget": (acme) => acme.rotate("user", "user-b"),
  "hkeys": (acme) => acme.destroy("user"),
  "exists": (acme) => acme.getOrCreate("another"),
  "hset": (acme) => acme.increment("user", "n"),
  "hdel": (acme) => acme.updateContext("user", { old: undefined }),
  "del": (acme) => acme.destroy("user"),
  "pexpireat": (acme) => acme.increment("user", "n"),
};
const ELSEWHERE = ["publish", "subscribe", "info|replication"];

Deno.test("every command that is granted has its test here", () => {
  const granted = permissions("sessions").map(({ command }) => command);
  assertEquals(granted.toSorted(), [...Object.keys(CALLS), ...ELSEWHERE].toSorted());
});

for (const kind of SERVER_KINDS) {
  Deno.test(`each command that is granted is needed on ${kind}`, LEAKY, async (t) => {
    await using server = await startTenantServer(kind, ["acme"]);
    for (const [command, call] of Object.entries(CALLS)) {
      await t.step(`without ${command}: ${described(call)} is refused`, async () => {
        await using manager = await SessionManager.open(tenantOptions("ioredis", server));
        const acme = manager.tenant("acme");
        await acme.getOrCreate("user", { n: 1, old: 1 });
        // Only when it has logged in: it finds out about its permissions then.
        await using _without = await revoke(server, command);
        if (command === "eval") await server.command("SCRIPT", "FLUSH");
        await assertRejects(() => call(acme));
        assertEquals(await refusedCommands(server), [command]);
      });
    }

    await t.step("without publish: a pod is not told of another's commit", async () => {
      assertEquals(await isTold(server), true);
      await using _without = await revoke(server, "publish");
      assertEquals(await isTold(server), false);
      assertEquals(await refusedCommands(server), ["publish"]);
    });

    await t.step("without subscribe: a pod cannot listen", async () => {
      await using _without = await revoke(server, "subscribe");
      const error = await assertRejects(() => isTold(server), StoreRejectedError);
      assertEquals(error.code, "NOPERM");
    });

    await t.step("without info|replication: valkey-glide cannot connect", async () => {
      await using manager = await SessionManager.open(tenantOptions("valkey-glide", server));
      await using _without = await revoke(server, "info|replication");
      const error = await assertRejects(
        () => manager.tenant("acme").getOrCreate("by-glide"),
        StoreRejectedError,
      );
      assertEquals(error.code, "NOPERM");
    });
  });

  Deno.test(`what is lacking is found out when a tenant logs in on ${kind}, before half a commit is made`, async () => {
    await using server = await startTenantServer(kind, ["acme"]);
    for (const { command, without } of permissions("sessions")) {
      if (without !== undefined) continue;
      await using _without = await revoke(server, command);
      await using manager = await SessionManager.open(tenantOptions("ioredis", server));
      const error = await assertRejects(
        () => manager.tenant("acme").getOrCreate("user"),
        StoreRejectedError,
      );
      assertEquals(error.code, "NOPERM");
      assert(error.message.toLowerCase().includes(command), error.message);
      const { storeKey } = new KeySpace("hakgal", "secret").session("acme", "user");
      assertEquals(await server.command("EXISTS", storeKey), 0);
    }
  });
}

/** Takes a command away from the tenant's user, until it is disposed of. */
async function revoke(server: RunningServer, command: string): Promise<AsyncDisposable> {
  await server.command("ACL", "SETUSER", USER, `-${command.split("|")[0]}`);
  await server.command("ACL", "LOG", "RESET");
  return {
    async [Symbol.asyncDispose]() {
      await server.command("ACL", "SETUSER", USER, `+${command}`);
    },
  };
}

async function refusedCommands(server: RunningServer): Promise<string[]> {
  const entries = await server.command("ACL", "LOG") as unknown[][];
  const objects = entries.map((entry) => String(entry[entry.indexOf("object") + 1]));
  return [...new Set(objects)];
}

/** Whether a pod hears of another's commit sooner than of what is published afterwards. */
async function isTold(server: RunningServer): Promise<boolean> {
  const { credentials, ...login } = tenantOptions("ioredis", server);
  const open = () => ADAPTERS["ioredis"]!({ ...login, url: server.url, credentials: credentials! });
  const [listening, writing] = [open(), open()];
  const keys = new KeySpace("hakgal", "secret");
  const key = keys.session("acme", crypto.randomUUID()).storeKey;
  const inboxPrefix = keys.inboxPrefix("acme");
  const heard: string[] = [];
  try {
    for (const adapter of [listening, writing]) {
      await adapter.open({ ...CALL, podKey: keys.pod("pod") });
    }
    await listening.subscribe!({ pod: "pod1", inboxPrefix }, {
      onInvalidation: (word) => heard.push(word.key),
      onGap: () => {},
    });
    const holder = { pod: "pod1", inboxPrefix };
    await listening.commit(key, batchOf([creation()], { holder }), CALL);
    const increment = { kind: "increment", field: "n", by: 1 } as const;
    const other = { writer: "writer2", incarnation: "n1", holder: { pod: "pod2", inboxPrefix } };
    await writing.commit(key, batchOf([increment], other), CALL);
    await server.command("PUBLISH", `${inboxPrefix}pod1`, "1 n1 marker");
    await until(() => heard.includes("marker"));
    return heard.includes(key);
  } finally {
    await Promise.all([listening.close(), writing.close()]);
  }
}

function described(call: unknown): string {
  return /acme\.(\w+)/.exec(String(call))?.[1] ?? "a call";
}
