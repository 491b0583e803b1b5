/** The conformance suite through connections that are logged in as the tenant, whose user has the generated rules. */

import { registerConformance } from "../chaos/conformance.ts";
import { tenantAclRules } from "../mod.ts";
import { startServer } from "../scripts/servers/server.ts";
import { loginOf } from "./acl_support.ts";
import { ADAPTERS } from "./redis_support.ts";
import { serverBinary } from "./support/servers.ts";

const server = await startServer(await serverBinary("redis8"));

/** Each case has a tenant of its own: its user is made when its login is asked for. */
async function credentials(tenant: string): Promise<ReturnType<typeof loginOf>> {
  const { username, password } = loginOf(tenant);
  await server.command("ACL", "SETUSER", username, "on", `>${password}`, ...tenantAclRules(tenant));
  return { username, password };
}

registerConformance({
  name: "a tenant's own login",
  create: () => ADAPTERS["ioredis"]!({ url: server.url, credentials }),
}, (name, fn) => Deno.test({ name, fn }));

Deno.test({
  name: "the server of the conformance suite ends",
  // It was started with the file.
  sanitizeOps: false,
  sanitizeResources: false,
  fn: () => server.stop(),
});
