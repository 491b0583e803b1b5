/** G7 on a real server: what the manager keeps apart, an ACL can enforce. */

import { assertEquals, assertRejects } from "@std/assert";
import { SessionManager, StoreRejectedError } from "../mod.ts";
import { startServer } from "../scripts/servers/server.ts";
import { serverBinary } from "./support/servers.ts";

/** Just what a pod needs that serves one tenant. */
const ACL = [
  "user acme on >secret resetkeys resetchannels -@all",
  "~hakgal:tenant:acme:* ~hakgal:pod:* &hakgal:tenant:acme:*",
  "+@connection +@hash +@keyspace +@read +@write +@pubsub +@scripting +info +time",
].join(" ");

for (const backend of ["ioredis", "node-redis", "valkey-glide"] as const) {
  Deno.test({
    name:
      `${backend}: a pod whose user is confined to a tenant serves it, and cannot name another's data`,
    // The clients let pauses and descriptors behind; see redis_faults_test.ts.
    sanitizeOps: false,
    sanitizeResources: false,
    async fn() {
      await using server = await startServer(await serverBinary("redis"), { acl: [ACL] });
      const options = { backend, url: server.url, username: "acme", password: "secret" };
      await using pod1 = await SessionManager.open(options);
      await using pod2 = await SessionManager.open(options);
      const warnings: string[] = [];
      pod1.on("inboxLost", ({ tenant }) => warnings.push(tenant));

      const [own, same] = [pod1.tenant("acme"), pod2.tenant("acme")];
      await own.getOrCreate("user-42", { plan: "free" });
      assertEquals(await same.increment("user-42", "n"), 1);
      assertEquals((await own.get("user-42", { fresh: true }))!.context, { plan: "free", n: 1 });
      assertEquals((await own.rotate("user-42", "user-43")).id, "user-43");
      assertEquals(await same.destroy("user-43"), true);
      assertEquals(warnings, []);

      const other = pod1.tenant("other");
      for (
        const call of [
          () => other.getOrCreate("user-42"),
          () => other.get("user-42"),
          () => other.increment("user-42", "n"),
          () => other.destroy("user-42"),
          () => other.recover(["user-42"]),
        ]
      ) {
        const error = await assertRejects(call, StoreRejectedError);
        assertEquals(error.code, "NOPERM");
      }
    },
  });
}
