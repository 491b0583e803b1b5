/** Tenants that the server keeps apart: under the generated rules everything works, and nothing beyond. */

import { assertEquals } from "@std/assert";
import { SessionManager } from "../mod.ts";
import { SERVER_KINDS } from "../scripts/servers/provision.ts";
import type { RunningServer } from "../scripts/servers/server.ts";
import { BACKENDS, LEAKY, startTenantServer, tenantOptions } from "./acl_support.ts";

const VECTOR = Float32Array.from([1, 2, 3]);

for (const kind of SERVER_KINDS) {
  for (const backend of BACKENDS) {
    Deno.test(
      `${backend} on ${kind}: under the generated rules everything works`,
      LEAKY,
      async () => {
        await using server = await startTenantServer(kind, ["acme", "globex"]);
        const options = tenantOptions(backend, server);
        await using pod1 = await SessionManager.open(options);
        await using pod2 = await SessionManager.open(options);
        const lost: unknown[] = [];
        for (const pod of [pod1, pod2]) pod.on("inboxLost", ({ cause }) => lost.push(cause));
        for (const tenant of ["acme", "globex"]) {
          const [own, same] = [pod1.tenant(tenant), pod2.tenant(tenant)];
          await own.getOrCreate("user", { plan: "free", old: 1 });
          assertEquals(await same.increment("user", "n"), 1);
          await own.updateContext("user", { old: undefined });
          await own.update("user", ({ n }) => ({ twice: 2 * Number(n) }));
          await own.appendTrajectory("user", VECTOR);
          assertEquals(await own.touch("user"), true);
          await same.loadFromStore("user");
          await own.increment("user", "n");
          assertEquals((await same.get("user", { fresh: true }))!.context, {
            plan: "free",
            n: 2,
            twice: 2,
          });
          assertEquals((await own.rotate("user", "user-b")).id, "user-b");
          assertEquals((await same.recover(["user-b", "none"])).size, 1);
          assertEquals((await Array.fromAsync(own.list())).length, 1);
          assertEquals(await same.destroy("user-b"), true);
        }
        assertEquals(lost, []);
        // GLIDE introduces itself by CLIENT SETINFO, and cannot be told not to.
        assertEquals(await deniedBy(server, "client"), []);
      },
    );
  }
}

for (const backend of BACKENDS) {
  Deno.test(`${backend}: another prefix and another database are in the rules`, LEAKY, async () => {
    await using server = await startTenantServer("redis", ["acme"], {
      ...{ keyPrefix: "shop:eu.1", database: 3, backend },
    });
    await using manager = await SessionManager.open({
      ...tenantOptions(backend, server),
      ...{ url: `${server.url}/3`, keyPrefix: "shop:eu.1" },
    });
    const acme = manager.tenant("acme");
    await acme.getOrCreate("user");
    assertEquals(await acme.increment("user", "n"), 1);
    assertEquals((await Array.fromAsync(acme.list())).length, 1);
    assertEquals(await deniedBy(server, "client"), []);
  });
}

/** Everything that the server has refused, one kind of commands aside: `command user`. */
async function deniedBy(server: RunningServer, aside: string): Promise<string[]> {
  const entries = await server.command("ACL", "LOG") as unknown[][];
  const denied = entries.map((entry) => {
    const of = (name: string) => entry[entry.indexOf(name) + 1];
    return `${of("object")} ${of("username")}`;
  });
  return denied.filter((entry) => !entry.startsWith(aside));
}
