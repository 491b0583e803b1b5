/** A Redis server with a wall clock of its own. */

import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { findFakeClock } from "../scripts/servers/fake_clock.ts";
import { type RunningServer, startServer } from "../scripts/servers/server.ts";
import { serverBinary } from "./support/servers.ts";

const HOUR_MS = 3_600_000;

async function aheadMs(server: RunningServer): Promise<number> {
  const [seconds, micros] = await server.command("TIME") as [string, string];
  return Number(seconds) * 1_000 + Number(micros) / 1_000 - Date.now();
}

Deno.test("a server's clock is set forth and back while it runs, and stays so over a restart", async () => {
  const binary = await serverBinary("redis");
  const fakeClock = await findFakeClock({ provision: true });
  assert(fakeClock !== undefined, "libfaketime is fetched as the servers are");
  await using server = await startServer(binary, { persistence: "aof-unsynced", fakeClock });
  assertAlmostEquals(await aheadMs(server), 0, 2_000);
  await server.command("SET", "key", "value", "PX", "60000");
  await server.jumpClock!(-HOUR_MS);
  assertAlmostEquals(await aheadMs(server), -HOUR_MS, 2_000);
  assertAlmostEquals(Number(await server.command("PTTL", "key")), HOUR_MS + 60_000, 2_000);
  await server.restart();
  assertAlmostEquals(await aheadMs(server), -HOUR_MS, 2_000);
  assertEquals(await server.command("GET", "key"), "value");
  await server.jumpClock!(HOUR_MS + 90_000);
  assertEquals(await server.command("GET", "key"), null);
});

Deno.test("without the library a server has the machine's clock", async () => {
  await using server = await startServer(await serverBinary("redis"));
  assertEquals(server.jumpClock, undefined);
});
