/** `hakgal-sessions acl`: rules that a server takes as they are. */

import { assert, assertEquals } from "@std/assert";
import { tenantAclRules } from "../mod.ts";
import { SERVER_KINDS } from "../scripts/servers/provision.ts";
import { startServer } from "../scripts/servers/server.ts";
import { runCommand } from "./doctor_support.ts";
import { serverBinary } from "./support/servers.ts";

Deno.test("the rules of a tenant are one line of JSON, without user, state and password", async () => {
  const { code, text } = await runCommand(["acl", "--tenant", "acme", "--json"]);
  assertEquals([code, text.split("\n").length], [0, 1]);
  const { tenant, rules, ...rest } = JSON.parse(text);
  assertEquals([tenant, rest], ["acme", {}]);
  assertEquals(rules, tenantAclRules("acme"));
  for (const rule of rules) assert(/^[~&+][^\s()]+$/.test(rule), rule);
  assertEquals(rules.slice(0, 2), [
    "~hakgal:tenant:acme:session:*",
    "&hakgal:tenant:acme:inbox:*",
  ]);
});

Deno.test("prefix, database and client are in the rules", async () => {
  const rulesOf = async (...args: string[]): Promise<string[]> =>
    JSON.parse((await runCommand(["acl", "--tenant", "acme", "--json", ...args])).text).rules;
  assertEquals((await rulesOf("--key-prefix", "shop:eu"))[0], "~shop:eu:tenant:acme:session:*");
  assert((await rulesOf("--database", "3")).includes("+select|3"));
  assert((await rulesOf()).includes("+info|replication"));
  assert(!(await rulesOf("--backend", "ioredis")).some((rule) => rule.startsWith("+info")));
  const manager = JSON.parse((await runCommand(["acl", "--manager", "--json"])).text).rules;
  assert(manager.includes("~hakgal:pod:*") && !manager.includes("+hset"));
});

for (const kind of SERVER_KINDS) {
  Deno.test(`${kind} takes the rules as they are printed`, async () => {
    await using server = await startServer(await serverBinary(kind));
    for (
      const args of [["--tenant", "acme"], ["--manager"], [
        "--tenant",
        "a.b-c_D",
        "--database",
        "2",
      ]]
    ) {
      const { text } = await runCommand(["acl", ...args]);
      assertEquals(
        await server.command("ACL", "SETUSER", "someone", "reset", ...text.split(" ")),
        "OK",
      );
    }
  });
}

Deno.test("a hostile tenant, and what else makes no sense, is refused in one sentence", async () => {
  const hostile = [
    "",
    "a b",
    "*",
    "acme:session:*",
    "acme ~*",
    "a\nuser x on nopass +@all ~*",
    "[a]",
    "é",
    "a".repeat(65),
  ];
  const cases = [
    ...hostile.map((tenant) => ["acl", "--tenant", tenant]),
    ["acl"],
    ["acl", "--tenant", "acme", "--manager"],
    ["acl", "--tenant", "acme", "--key-prefix", "a*"],
    ["acl", "--tenant", "acme", "--database", "-1"],
    ["acl", "--tenant", "acme", "--backend", "memory"],
  ];
  for (const args of cases) {
    const { code, text } = await runCommand(args);
    assert(code === 2 && text.length > 20 && !text.includes("\n"), text);
  }
});
