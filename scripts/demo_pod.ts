/**
 * A pod of the demo: a web server that counts the requests of each session, and one that Prometheus could scrape. The
 * environment says where the store is; prints their ports when it is ready.
 *
 * @module
 */

import { createServer, type Server } from "node:http";
import { Registry } from "prom-client";
import { SessionManager } from "../mod.ts";
import { prometheusMetrics } from "../observability/prometheus.ts";
import { print, printError } from "./print.ts";

const LONGEST_FLUSH_MS = 10_000;

const [keyPrefix = "hakgal"] = Deno.args;
try {
  const manager = await SessionManager.open({
    keyPrefix,
    idSecret: keyPrefix,
    ttlMs: 600_000,
  });
  const registry = new Registry();
  await prometheusMetrics(manager, { registry });
  const metrics = await serveMetrics(registry);
  const shop = manager.tenant("shop");
  const server = Deno.serve({
    hostname: "127.0.0.1",
    port: 0,
    onListen: ({ port }) => print(`listening ${port}, metrics ${portOf(metrics)}`),
    onError: (error) => new Response(String(error), { status: 503 }),
  }, async ({ method, url }) => {
    const id = new URL(url).pathname.slice(1);
    await shop.getOrCreate(id);
    if (method === "POST") return Response.json(await shop.increment(id, "requests"));
    // What waited for the store is in it, before anybody counts.
    await manager.flush({ timeoutMs: LONGEST_FLUSH_MS });
    const session = await shop.loadFromStore(id);
    if (session?.degraded) return new Response("The store is away.", { status: 503 });
    return Response.json(session?.context["requests"] ?? 0);
  });
  await Promise.race([terminated(), orphaned()]);
  await server.shutdown();
  // Drains what it can; what it could not bring into the store is an error that names it.
  await manager.close();
  Deno.exit(0);
} catch (error) {
  printError(error instanceof Error ? `${error.name}: ${error.message}` : String(error));
  Deno.exit(1);
}

/** What Prometheus scrapes: a server apart from the users'. */
function serveMetrics(registry: Registry): Promise<Server> {
  const server = createServer(async (_request, response) => {
    response.setHeader("content-type", registry.contentType);
    response.end(await registry.metrics());
  });
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server)));
}

function portOf(server: Server): number {
  return (server.address() as { port: number }).port;
}

/** How a platform ends a pod. */
function terminated(): Promise<void> {
  return new Promise((resolve) => Deno.addSignalListener("SIGTERM", resolve));
}

/** Whoever started it is gone. */
async function orphaned(): Promise<void> {
  for await (const _ of Deno.stdin.readable) { /* Nobody writes. */ }
}
