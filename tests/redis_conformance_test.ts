/** The conformance suite on each adapter of the Redis family, on each server that can be had. */

import { inOtherProcess } from "./support/other_process.ts";
import { serverBinary } from "./support/servers.ts";
import { type ConformanceSubject, registerConformance } from "../chaos/conformance.ts";
import { SERVER_KINDS } from "../scripts/servers/provision.ts";
import { type RunningServer, startServer } from "../scripts/servers/server.ts";
import { ADAPTERS } from "./redis_support.ts";

const servers: RunningServer[] = [];

for (const kind of SERVER_KINDS) {
  const server = await startServer(await serverBinary(kind));
  servers.push(server);
  for (const [name, connect] of Object.entries(ADAPTERS)) {
    const subject: ConformanceSubject = {
      name: `${name} on ${kind}`,
      create: () => connect({ url: server.url }),
      otherProcess: (task) => inOtherProcess(name, server.url, task),
      corrupt: {
        "unknown-format": (key) => damage(server, "HSET", key, "i", "999 L n1 1 1"),
        "garbled-meta": (key) => damage(server, "HSET", key, "m", "garbled"),
        "missing-vector": (key) => damage(server, "HDEL", key, "v:0"),
        "bad-json": async (key) => {
          const fields = await server.command("HKEYS", key) as string[];
          const field = fields.find((field) => field.startsWith("c:"))!;
          await damage(server, "HSET", key, field, "{");
        },
      },
    };
    // GLIDE's clients leave a file descriptor behind.
    const leaky = name === "valkey-glide" ? { sanitizeOps: false, sanitizeResources: false } : {};
    registerConformance(subject, (name, fn) => Deno.test({ name, fn, ...leaky }));
  }
}

Deno.test({
  name: "the servers of the conformance suite end",
  // They were started with the file.
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    for (const server of servers) await server.stop();
  },
});

async function damage(server: RunningServer, ...command: [string, ...string[]]): Promise<void> {
  await server.command(...command);
}
