/** What the tests of tenants' permissions share: a server with a user for each tenant, and one for the manager. */

import type { AclOptions, Backend, OpenOptions } from "../mod.ts";
import { managerAclRules, tenantAclRules } from "../mod.ts";
import type { ServerKind } from "../scripts/servers/provision.ts";
import { type RunningServer, startServer } from "../scripts/servers/server.ts";
import { serverBinary } from "./support/servers.ts";

export const BACKENDS = ["ioredis", "node-redis", "valkey-glide"] as const;

/** The clients let pauses and descriptors behind; see redis_faults_test.ts. */
export const LEAKY = { sanitizeOps: false, sanitizeResources: false };

/** The login that each tenant has on {@linkcode startTenantServer}'s server. */
export const loginOf = (tenant: string) => ({
  username: `tenant-${tenant}`,
  password: `secret-of-${tenant}`,
});

const MANAGER = { username: "manager", password: "secret-of-manager" };

/** A server whose users have the generated rules, and nothing else. */
export async function startTenantServer(
  kind: ServerKind,
  tenants: readonly string[],
  options: AclOptions = {},
): Promise<RunningServer> {
  const users = tenants.map((tenant) => {
    const { username, password } = loginOf(tenant);
    return `${username} on >${password} ${tenantAclRules(tenant, options).join(" ")}`;
  });
  const manager = `${MANAGER.username} on >${MANAGER.password} ${
    managerAclRules(options).join(" ")
  }`;
  return await startServer(await serverBinary(kind), { acl: ["default off", manager, ...users] });
}

/** How a manager gets at such a server. */
export function tenantOptions(backend: Backend, server: RunningServer): OpenOptions {
  const slow = { commandTimeoutMs: 5_000 }; // A busy machine is no outage.
  return {
    backend,
    url: server.url,
    ...MANAGER,
    ...slow,
    credentials: loginOf,
    idSecret: "secret",
  };
}
