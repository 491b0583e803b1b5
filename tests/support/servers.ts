/**
 * Servers for tests. One that cannot be had is a failure, never a skipped test.
 *
 * @module
 */

import {
  findServer,
  isExecutable,
  isMissing,
  type ServerExecutable,
  type ServerKind,
} from "../../scripts/servers/provision.ts";

/** The binary of a kind of server; fetched if need be. */
export async function serverBinary(kind: ServerKind): Promise<ServerExecutable> {
  const found = await findServer(kind, { provision: true });
  if (isMissing(found)) throw new Error(`No ${kind} server to test with: ${found.missing}`);
  if (!isExecutable(found)) {
    throw new Error(`The tests start their own ${kind}; a URL will not do.`);
  }
  return found;
}
