/**
 * A server of our own that is like a managed one: TLS by an authority of its own, users with passwords, and no more
 * permissions than the library uses.
 *
 * @module
 */

import { managerAclRules, tenantAclRules } from "../../mod.ts";
import { findServer, isMissing } from "../servers/provision.ts";
import { startServer } from "../servers/server.ts";
import { makeTlsFiles } from "../servers/tls.ts";
import { STORY_TENANT } from "./story.ts";

/** A server, and the variables that name it. */
export interface LocalCloud extends AsyncDisposable {
  readonly description: string;
  readonly variables: Readonly<Record<string, string>>;
}

/** Starts it; a server program is fetched if need be. */
export async function startLocalCloud(keyPrefix: string): Promise<LocalCloud> {
  const binary = await findServer("redis", { provision: true });
  if (isMissing(binary)) throw new Error(binary.missing);
  const username = "app";
  const password = crypto.randomUUID();
  const rules = [...managerAclRules({ keyPrefix }), ...tenantAclRules(STORY_TENANT, { keyPrefix })];
  await using cleanup = new AsyncDisposableStack();
  const files = cleanup.use(await makeTlsFiles());
  const acl = ["default off", `${username} on >${password} ${rules.join(" ")}`];
  const server = cleanup.use(await startServer(binary, { tls: files, acl }));
  const variables = {
    REDIS_CLOUD_HOST: server.host,
    REDIS_CLOUD_PORT: String(server.tlsPort),
    REDIS_CLOUD_USERNAME: username,
    REDIS_CLOUD_PASSWORD: password,
    REDIS_CLOUD_TLS: "1",
    REDIS_CLOUD_CA: await Deno.readTextFile(files.ca),
  };
  const kept = cleanup.move();
  return {
    description: `${server.kind} ${server.version}`,
    variables,
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}
