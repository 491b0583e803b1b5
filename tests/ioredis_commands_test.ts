/** What ioredis's own records keep of commands that were answered. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { type Command, Redis } from "ioredis";
import { ioredisAdapter } from "../adapters/ioredis.ts";
import type { StorageAdapter } from "../mod.ts";
import { type RunningServer, startServer } from "../scripts/servers/server.ts";
import { CALL, POD_KEY } from "./redis_support.ts";
import { serverBinary } from "./support/servers.ts";

/** Collects the commands that every client sends. */
function watchCommands(): { readonly commands: Command[] } & Disposable {
  const commands: Command[] = [];
  const { sendCommand } = Redis.prototype;
  Redis.prototype.sendCommand = function (command: Command, stream) {
    commands.push(command);
    return sendCommand.call(this, command, stream);
  };
  return { commands, [Symbol.dispose]: () => void (Redis.prototype.sendCommand = sendCommand) };
}

function isEmpty({ args, promise }: Command): boolean {
  return args.length === 0 && promise === undefined;
}

/** Runs a test on an adapter with a connection of its own, told of the commands that it sends from then on. */
async function withOwnConnection(
  run: (
    adapter: StorageAdapter,
    commands: readonly Command[],
    server: RunningServer,
  ) => Promise<void>,
): Promise<void> {
  await using server = await startServer(await serverBinary("redis"));
  const adapter = ioredisAdapter({ url: server.url });
  try {
    await adapter.open({ ...CALL, podKey: POD_KEY });
    using watched = watchCommands();
    await run(adapter, watched.commands, server);
  } finally {
    await adapter.close();
  }
}

Deno.test("ioredis: a command of a connection of our own is emptied once it is answered", async () => {
  await withOwnConnection(async (adapter, commands) => {
    const reply = adapter.loadMany!(["a key", "another"], { tombstoneMs: 1 }, CALL);
    assertEquals(commands.map(({ name }) => name), ["TIME", "HGETALL", "HGETALL"]);
    assert(!commands.some(isEmpty), "a command was emptied before it was sent");
    assertEquals((await reply).map(({ outcome }) => outcome), ["missing", "missing"]);
    assert(commands.every(isEmpty), "a command keeps what it was sent with");
  });
});

Deno.test("ioredis: a command that failed is emptied too", async () => {
  await withOwnConnection(async (adapter, commands, server) => {
    await server.freeze();
    const rejected = assertRejects(() => adapter.load("a key", { tombstoneMs: 1 }, CALL));
    const sent = [...commands];
    assert(sent.length > 0);
    await server.kill();
    await rejected;
    assert(sent.every(isEmpty), "a command keeps what it was sent with");
  });
});
