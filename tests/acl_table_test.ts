/** The table of what a tenant's user may do, tried out command by command on real servers. */

import { assertEquals } from "@std/assert";
import { type AclNames, permissions } from "../adapters/redis/acl.ts";
import { replyCode } from "../adapters/redis/errors.ts";
import { KeySpace } from "../core/key_space.ts";
import { print } from "../scripts/print.ts";
import { SERVER_KINDS } from "../scripts/servers/provision.ts";
import { sendCommand } from "../scripts/servers/resp.ts";
import type { RunningServer } from "../scripts/servers/server.ts";
import { loginOf, startTenantServer } from "./acl_support.ts";

const TIMEOUT_MS = 5_000;

/** What the server does with a command. */
type Verdict = "allowed" | "NOPERM";

/** Names of a tenant's sessions and inboxes, and of what belongs to no tenant. */
function namesOf(tenant: string, keyPrefix: string): AclNames {
  const keys = new KeySpace(keyPrefix, "secret");
  const session = keys.session(tenant, "user").storeKey;
  return { session, inbox: `${keys.inboxPrefix(tenant)}pod`, pod: keys.pod("pod") };
}

async function tryAs(
  server: RunningServer,
  tenant: string,
  command: readonly string[],
): Promise<Verdict> {
  const { username, password } = loginOf(tenant);
  const { host, port } = server;
  const before = [["AUTH", username, password]];
  try {
    await sendCommand(command, { host, port, timeoutMs: TIMEOUT_MS, before });
    return "allowed";
  } catch (error) {
    const code = replyCode(error);
    if (code === "NOPERM") return code;
    // It was let through, and refused for another reason.
    if (code === "NOSCRIPT") return "allowed";
    throw error;
  }
}

/** A script that is given one key, and uses another one or a channel. */
const through = (...call: string[]) => ({ session }: AclNames) =>
  ["EVAL", "return redis.call(unpack(ARGV))", "1", session, ...call] as const;

for (const kind of SERVER_KINDS) {
  Deno.test(`what a tenant's user may do on ${kind}: all that is used on its own, nothing on another's`, async () => {
    const keyPrefix = "shop:eu.1";
    await using server = await startTenantServer(kind, ["acme", "globex"], { keyPrefix });
    const own = namesOf("acme", keyPrefix);
    const other = namesOf("globex", keyPrefix);
    const rows: [string, Verdict, Verdict | "-"][] = [];
    for (const { command, example } of permissions("sessions")) {
      const hasName = example(own).join() !== example(other).join();
      rows.push([
        command,
        await tryAs(server, "acme", example(own)),
        hasName ? await tryAs(server, "acme", example(other)) : "-",
      ]);
      if (!hasName || /^(eval|evalsha|subscribe)$/.test(command)) continue;
      // By a script that is given a key of the tenant's own.
      rows.push([
        `${command} in a script`,
        await tryAs(server, "acme", through(...example(own))(own)),
        await tryAs(server, "acme", through(...example(other))(own)),
      ]);
    }
    print(`\n${kind} ${server.version}: tenant acme's user\n${table(rows)}`);
    assertEquals(rows.filter(([, onOwn]) => onOwn !== "allowed"), []);
    assertEquals(rows.filter(([, , onOther]) => onOther === "allowed"), []);
  });

  Deno.test(`what is of no tenant, and what is not used, is refused to a tenant's user on ${kind}`, async () => {
    await using server = await startTenantServer(kind, ["acme", "acme2"]);
    const names = namesOf("acme", "hakgal");
    const refused = [
      ["INCR", names.pod],
      ["HGETALL", names.pod],
      // A name that begins with the tenant's.
      ["HGETALL", namesOf("acme2", "hakgal").session],
      ["SUBSCRIBE", namesOf("acme2", "hakgal").inbox],
      ["PSUBSCRIBE", "*"],
      ["SCAN", "0"],
      ["KEYS", "*"],
      ["RANDOMKEY"],
      ["DBSIZE"],
      ["INFO"],
      ["INFO", "keyspace"],
      ["CONFIG", "GET", "*"],
      ["ACL", "LIST"],
      ["FLUSHALL"],
      ["SCRIPT", "FLUSH"],
      ["MONITOR"],
      ["RENAME", names.session, namesOf("acme2", "hakgal").session],
      ["COPY", namesOf("acme2", "hakgal").session, names.session],
      ["PERSIST", names.session],
      ["CLIENT", "LIST"],
      ["SELECT", "1"],
    ];
    const verdicts = await Promise.all(
      refused.map(async (command) => [command.join(" "), await tryAs(server, "acme", command)]),
    );
    assertEquals(verdicts.filter(([, verdict]) => verdict === "allowed"), []);
  });
}

function table(rows: readonly (readonly string[])[]): string {
  return [["command", "own tenant", "other tenant"], ...rows]
    .map(([command, own, other]) => `  ${command!.padEnd(24)} ${own!.padEnd(11)} ${other}`)
    .join("\n");
}
