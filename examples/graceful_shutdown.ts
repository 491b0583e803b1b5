// deno-lint-ignore-file no-console -- a server says what happens to it
/**
 * A pod that ends as platforms end pods: on SIGTERM it takes no more requests, brings into the store what it accepted,
 * and says what it could not.
 *
 * Run it: `HAKGAL_SESSION_BACKEND=memory deno run -A examples/graceful_shutdown.ts`
 *
 * @module
 */

import process from "node:process";
import { createServer } from "node:http";
import { SessionManager, UnkeptWritesError } from "@hakgal/sessions";

/** How long a store that is away is waited for. Platforms kill what has not ended after some time, often 30 s. */
const DRAIN_MS = 3_000;

const manager = await SessionManager.open();
manager.on("degraded", ({ reason }) => console.warn(`The store is away: ${reason}`));
manager.on("reconciled", ({ operations }) => console.warn(`Back; ${operations} writes caught up.`));
manager.on("rejected", (write) => console.error("A write could not be kept:", write));

const sessions = manager.tenant("shop");
const server = createServer(async (request, response) => {
  const id = request.url!.slice(1) || "nobody";
  try {
    await sessions.getOrCreate(id);
    const count = await sessions.increment(id, "requests");
    response.end(`${id}: ${count}\n`);
  } catch (error) {
    response.writeHead(503).end(`${error}\n`);
  }
});
server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  if (typeof address === "object") console.log(`http://127.0.0.1:${address?.port}/user-42`);
});

process.once("SIGTERM", async () => {
  await new Promise((resolve) => server.close(resolve));
  try {
    await manager.close({ timeoutMs: DRAIN_MS });
  } catch (error) {
    if (!(error instanceof UnkeptWritesError)) throw error;
    // With `journal: { path }` these would be on disk, for the next pod.
    console.error(error.message, error.writes);
    process.exitCode = 1;
  }
});
