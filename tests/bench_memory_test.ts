// The memory calculator, against what real servers say of real sessions.
import { assert, assertThrows } from "@std/assert";
import { storeKeyOf } from "../bench/keys.ts";
import { sessionMemory, type SessionShape, storeMemory } from "../bench/memory_calculator.ts";
import { openManager, TENANT } from "../bench/store.ts";
import { forEach, idsOf } from "../bench/sessions.ts";
import { type RunningServer, startServer } from "../scripts/servers/server.ts";
import type { TenantSessions } from "../mod.ts";
import { serverBinary } from "./support/servers.ts";

const TOLERANCE = 0.1;
/** As the sessions here are. */
const COMMON = { writers: 1, holders: 1, tenantBytes: TENANT.length } as const;

const SHAPES: readonly (SessionShape & { readonly fields: number })[] = [
  { vectors: 0, dimension: 0, fields: 1 },
  { vectors: 0, dimension: 0, fields: 20, nameBytes: 30, valueBytes: 100 },
  { vectors: 3, dimension: 8, fields: 5 },
  { vectors: 10, dimension: 384, fields: 5 },
  { vectors: 10, dimension: 768, fields: 5 },
  { vectors: 10, dimension: 1_536, fields: 5 },
  { vectors: 10, dimension: 3_072, fields: 5 },
  { vectors: 10, dimension: 8_192, fields: 0 },
];

for (const kind of ["redis", "valkey"] as const) {
  Deno.test(`the memory of a session is told within 10 % of what ${kind} says`, async () => {
    await using server = await startServer(await serverBinary(kind));
    await using manager = await openManager("ioredis", server.url);
    const sessions = manager.tenant(TENANT);
    for (const [index, shape] of SHAPES.entries()) {
      const id = `shape-${index}`;
      await make(sessions, id, shape);
      const usage = Number(
        await server.command("MEMORY", "USAGE", storeKeyOf(id), "SAMPLES", "0"),
      );
      const told = sessionMemory({ ...shape, ...COMMON }).memoryUsage;
      const off = Math.abs(told - usage) / usage;
      assert(off <= TOLERANCE, `${JSON.stringify(shape)}: told ${told}, it is ${usage}`);
    }
  });
}

Deno.test("what a server grows by is told within 10 %", async () => {
  await using server = await startServer(await serverBinary("redis"));
  await using manager = await openManager("ioredis", server.url);
  const sessions = manager.tenant(TENANT);
  const shape = { vectors: 2, dimension: 64, fields: 5 };
  await make(sessions, "first", shape);
  const ids = idsOf("many", 2_000);
  const before = await usedMemory(server);
  await forEach(ids, (id) => server.command("COPY", storeKeyOf("first"), storeKeyOf(id)), 50);
  const grown = await usedMemory(server) - before;
  const told = storeMemory(ids.length, { ...shape, ...COMMON });
  assert(Math.abs(told - grown) / grown <= TOLERANCE, `told ${told}, it is ${grown}`);
});

Deno.test("a number that is none has no memory", () => {
  assertThrows(() => sessionMemory({ vectors: -1, dimension: 8 }), RangeError);
  assertThrows(() => sessionMemory({ vectors: NaN, dimension: 8 }), RangeError);
});

async function make(
  sessions: TenantSessions,
  id: string,
  { vectors, dimension, fields, nameBytes = 12, valueBytes = 8 }: typeof SHAPES[number],
): Promise<void> {
  const entries = Array.from({ length: fields }, (_, index) => [
    String(index).padEnd(nameBytes, "n"),
    // Its JSON text has two quotes more.
    "v".repeat(valueBytes - 2),
  ]);
  await sessions.getOrCreate(id, Object.fromEntries(entries));
  for (let made = 0; made < vectors; made++) {
    await sessions.appendTrajectory(id, new Float32Array(dimension).fill(0.3));
  }
}

async function usedMemory(server: RunningServer): Promise<number> {
  const info = String(await server.command("INFO", "memory"));
  return Number(/used_memory:(\d+)/.exec(info)![1]);
}
