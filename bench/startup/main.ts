/**
 * A process that starts, connects and asks once, with the library or with the bare client; it tells when, in
 * milliseconds since it began.
 *
 * @module
 */

import { exit } from "node:process";
import { print } from "../../scripts/print.ts";

const [contestant, backend, url] = Deno.args as [string, "ioredis", string];

if (contestant === "ours") {
  const { SessionManager } = await import("../../mod.ts");
  const manager = await SessionManager.open({ backend, url, idSecret: "a secret for the bench" });
  await manager.tenant("bench").get("nobody");
} else {
  const { openRawClient } = await import("../clients/open.ts");
  const client = await openRawClient(backend, url);
  await client.get("nobody");
}
print(String(performance.now()));
exit(0);
