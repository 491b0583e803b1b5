/**
 * A pod of the demo: a web server that counts the requests of each session. The environment says where the
 * store is; prints its port when it is ready.
 *
 * @module
 */

import { SessionManager } from "../mod.ts";
import { print, printError } from "./print.ts";

const [keyPrefix = "hakgal"] = Deno.args;
try {
  const manager = await SessionManager.open({
    keyPrefix,
    idSecret: keyPrefix,
    ttlMs: 600_000,
    commandTimeoutMs: 5_000,
  });
  const shop = manager.tenant("shop");
  Deno.serve({
    hostname: "127.0.0.1",
    port: 0,
    onListen: ({ port }) => print(`listening ${port}`),
    onError: (error) => new Response(String(error), { status: 503 }),
  }, async ({ method, url }) => {
    const id = new URL(url).pathname.slice(1);
    await shop.getOrCreate(id);
    if (method === "POST") return Response.json(await shop.increment(id, "requests"));
    const session = await shop.loadFromStore(id);
    return Response.json(session?.context["requests"] ?? 0);
  });
  // Ends with whoever started it, should he die without killing it.
  for await (const _ of Deno.stdin.readable) { /* Nobody writes. */ }
  Deno.exit(0);
} catch (error) {
  printError(error instanceof Error ? `${error.name}: ${error.message}` : String(error));
  Deno.exit(1);
}
