/** Pods that are killed (SIGKILL) while the store is away, or while they bring it what they had journaled. */

import { assert, assertEquals } from "@std/assert";
import type { Backend } from "../mod.ts";
import { startServer } from "../scripts/servers/server.ts";
import type { ServerKind } from "../scripts/servers/provision.ts";
import { PodProcess } from "./pod_process.ts";
import {
  CLIENTS,
  COMMAND_TIMEOUT_MS,
  idsOf,
  outageTest,
  SECRET,
  storedSum,
  until,
} from "./support/outage.ts";
import { serverBinary } from "./support/servers.ts";
import { WireProxy } from "./support/wire_proxy.ts";

const IDS = idsOf("user", 100);
/** Slows replies down so much that draining takes several of them. */
const REPLY_DELAY_MS = 50;

interface Scene {
  readonly kind: ServerKind;
  readonly client: Backend;
  readonly directory: string;
}

/** Adds 1 to each session. */
async function incrementAll(pod: PodProcess): Promise<void> {
  await Promise.all(IDS.map((id) => pod.call("increment", id, "n")));
}

async function killedTwice({ kind, client, directory }: Scene): Promise<void> {
  await using server = await startServer(await serverBinary(kind), { persistence: "aof-unsynced" });
  await using proxy = await WireProxy.listen(server.port);
  const options = {
    backend: client,
    url: proxy.url,
    commandTimeoutMs: COMMAND_TIMEOUT_MS,
    idSecret: SECRET,
    journal: { path: `${directory}/${kind}-${client}.db` },
  };
  const sum = () => storedSum(server.url, "acme", IDS, "n");

  await using first = new PodProcess(options);
  await Promise.all(IDS.map((id) => first.call("getOrCreate", id)));
  // Nobody knows which of these have been applied when the server dies.
  await Promise.all([incrementAll(first), server.kill()]);
  await incrementAll(first);
  await first.kill();

  await using second = new PodProcess(options);
  await incrementAll(second);
  assertEquals((await second.call<{ journaled: number }>("status")).journaled, IDS.length);
  proxy.replyDelayMs = REPLY_DELAY_MS;
  await server.restart();
  const before = await sum();
  await until("the second pod has begun to drain", async () => await sum() > before);
  proxy.replyDelayMs = Infinity;
  await second.kill();
  const atDeath = await sum();
  assert(atDeath < 3 * IDS.length, `${atDeath} of ${3 * IDS.length}: it had drained everything`);
  proxy.lose();

  await using third = new PodProcess(options);
  await third.call("flush");
  assertEquals(await sum(), 3 * IDS.length);
  assertEquals(await third.call("increment", IDS[0], "n"), 4);
}

async function inDirectory(run: (directory: string) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir();
  try {
    await run(directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

const KINDS: readonly ServerKind[] = ["redis", "valkey"];
const CASES: readonly (readonly [ServerKind, Backend])[] = KINDS.flatMap((kind) =>
  CLIENTS.map((client) => [kind, client] as const)
);

for (const [kind, client] of CASES) {
  outageTest(
    `${kind}, ${client}: killed in the outage, its heir while it drains: exactly once`,
    () => inDirectory((directory) => killedTwice({ kind, client, directory })),
  );
}
