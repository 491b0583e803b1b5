/** The adapters of the Redis family when the store loses its memory, or has none left. */

import { serverBinary } from "./support/servers.ts";
import { assert, assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { StoreRejectedError } from "../core/errors.ts";
import type {
  HealRequest,
  HeartbeatReply,
  SessionState,
  StorageAdapter,
  WriterEntry,
} from "../core/storage_adapter.ts";
import { SERVER_KINDS } from "../scripts/servers/provision.ts";
import { type RunningServer, startServer } from "../scripts/servers/server.ts";
import { ADAPTERS, batchOf, CALL, creation, POD_KEY, until } from "./redis_support.ts";

const OPEN = { ...CALL, podKey: POD_KEY };
const BEAT = { ...OPEN, keepMs: 90_000 };
const KEY = "hakgal:key";
const LOOK = { tombstoneMs: 600_000 };

for (const kind of SERVER_KINDS) {
  const found = await serverBinary(kind);
  for (const [name, connect] of Object.entries(ADAPTERS)) {
    const test = (what: string, fn: () => Promise<void>) =>
      // As in redis_faults_test.ts.
      Deno.test({
        name: `${name} on ${kind}: ${what}`,
        fn,
        sanitizeOps: false,
        sanitizeResources: false,
      });

    test("the heartbeat counts up, and a restart is another epoch", async () => {
      // With "everysec" a busy disk may hold the last beats back.
      const args = ["--appendfsync", "always"];
      await using server = await startServer(found, { persistence: "aof", args });
      const adapter = connect({ url: server.url });
      try {
        await adapter.open(OPEN);
        const first = await adapter.heartbeat!(BEAT);
        assert(first.epoch !== undefined && Math.abs(first.storeTimeMs - Date.now()) < 5_000);
        for (let beats = 1; beats <= 20; beats++) {
          const { counter, epoch } = await adapter.heartbeat!(BEAT);
          assertEquals({ counter, epoch }, { counter: first.counter + beats, epoch: first.epoch });
        }
        const leftMs = Number(await server.command("PTTL", POD_KEY));
        assert(leftMs > 60_000 && leftMs <= 90_000, String(leftMs));

        await server.restart();
        const kept = await nextBeat(adapter);
        assert(kept.counter > first.counter + 20);
        assertNotEquals(kept.epoch, first.epoch);

        await server.restart({ empty: true });
        const anew = await nextBeat(adapter);
        assert(anew.counter < kept.counter);
        assertEquals(new Set([first.epoch, kept.epoch, anew.epoch]).size, 3);
      } finally {
        await adapter.close();
      }
    });

    test("where INFO is not permitted there is no epoch, and all else goes on", async () => {
      const acl = ["default off", "app on >secret ~hakgal:* &* +@all"];
      await using server = await startServer(found, { acl });
      const adapter = connect({ url: server.url, username: "app", password: "secret" });
      try {
        await adapter.open(OPEN);
        assert((await adapter.heartbeat!(BEAT)).epoch !== undefined);
        await server.command("ACL", "SETUSER", "app", "-info");
        const first = await adapter.heartbeat!(BEAT);
        const second = await adapter.heartbeat!(BEAT);
        assertEquals([first.epoch, second.epoch], [undefined, undefined]);
        assertEquals(second.counter, first.counter + 1);
        // It was asked for once.
        const [entry, ...others] = await server.command("ACL", "LOG") as unknown[][];
        assertEquals(others, []);
        assertEquals(Number(entry![1]), 1);
        await adapter.commit(KEY, batchOf([creation()]), CALL);
        await restore(server, adapter, await stateOf(adapter));
      } finally {
        await adapter.close();
      }
    });

    test("a copy as large as can be comes back whole, and goes on from there", async () => {
      await using server = await startServer(found);
      const adapter = connect({ url: server.url });
      try {
        await adapter.open(OPEN);
        const copy = await largeCopy(adapter);
        await restore(server, adapter, copy);
        // Over a record that lacks something, too, of which nothing stays.
        await adapter.commit(KEY, freeze(), CALL);
        const held = await adapter.load(KEY, LOOK, CALL);
        assert(held.outcome === "moving");
        const newer = { ...held.moving.state, version: 9, tag: copy.tag, context: new Map() };
        assertEquals((await adapter.heal!(KEY, ask(newer), CALL)).outcome, "healed");
        assertEquals(await stateOf(adapter), newer);
        assertEquals(await server.command("HGET", KEY, "r"), null);
        const dropMs = Number(await server.command("PEXPIRETIME", KEY));
        assertEquals(dropMs, copy.expiresAtMs + 600_000);

        const limits = { maxFields: 1, maxBytes: 8_000 + "one more1".length };
        const edits = [
          { kind: "set", field: "one more", json: "1" },
          { kind: "append", vector: new Uint8Array(8) },
        ] as const;
        const reply = await adapter.commit(KEY, batchOf(edits, { seq: 3, prev: 2, limits }), CALL);
        assert(reply.outcome === "applied" && reply.identity.version === 10);
        const after = await stateOf(adapter);
        assertEquals([after.context.size, after.trajectory.length], [1, 1_000]);
      } finally {
        await adapter.close();
      }
    });

    test("a full server refuses a copy, and what it has stays", async () => {
      await using server = await startServer(found);
      const adapter = connect({ url: server.url });
      try {
        await adapter.open(OPEN);
        await adapter.commit(KEY, batchOf([creation({ a: 1 })]), CALL);
        const state = await stateOf(adapter);
        const newer = ask({ ...state, version: 2, writers: withWriter(state, "other", 1) });
        await server.command("CONFIG", "SET", "maxmemory", "1");
        const before = await server.command("DUMP", KEY);
        for (const key of [KEY, "hakgal:absent"]) {
          await assertRejects(() => adapter.heal!(key, newer, CALL), StoreRejectedError, "OOM");
        }
        assertEquals(await server.command("DUMP", KEY), before);
        assertEquals(await server.command("EXISTS", "hakgal:absent"), 0);

        // What begins with a DEL is not stopped half way either.
        const destroyed = await adapter.commit(
          KEY,
          batchOf([{ kind: "destroy" }], { seq: 2 }),
          CALL,
        );
        assertEquals(destroyed.outcome, "applied");
        const create = { ...creation({ b: 2 }), nonce: "n2" } as ReturnType<typeof creation>;
        const again = batchOf([create], { writer: "writer2" });
        assertEquals((await adapter.commit(KEY, again, CALL)).outcome, "applied");
        const { context, writers } = await stateOf(adapter);
        assertEquals([...context, ...[...writers.keys()].sort()], [
          ["b", "2"],
          "writer1",
          "writer2",
        ]);
      } finally {
        await adapter.close();
      }
    });
  }
}

async function nextBeat(adapter: StorageAdapter): Promise<HeartbeatReply> {
  let reply: HeartbeatReply | undefined;
  await until(async () => {
    reply = await adapter.heartbeat!(BEAT).catch(() => undefined);
    return reply !== undefined;
  });
  return reply!;
}

/** Lets the server forget the session, and gives the copy back. */
async function restore(
  server: RunningServer,
  adapter: StorageAdapter,
  copy: SessionState,
): Promise<void> {
  await server.command("DEL", KEY);
  assertEquals((await adapter.heal!(KEY, ask(copy), CALL)).outcome, "healed");
  assertEquals(await stateOf(adapter), copy);
  assertEquals((await adapter.heal!(KEY, ask(copy), CALL)).outcome, "intact");
}

async function stateOf(adapter: StorageAdapter): Promise<SessionState> {
  const reply = await adapter.load(KEY, LOOK, CALL);
  assert(reply.outcome === "found", reply.outcome);
  return reply.state;
}

function ask(state: SessionState): HealRequest {
  return { state, notAfterMs: Date.now() + 60_000, graceMs: 600_000 };
}

function withWriter(state: SessionState, writer: string, seq: number): Map<string, WriterEntry> {
  const { incarnation, version, incarnationAtMs: atMs } = state;
  return new Map(state.writers)
    .set(writer, { seq, incarnation, version, atMs, occupied: false });
}

const freeze = () =>
  batchOf([{ kind: "freeze", nonce: "rotation", to: "hakgal:other" }], { writer: "rotation" });

/** 10,000 fields, 1,000 vectors, 5,000 writers: more of each than goes into one command of a script. */
async function largeCopy(adapter: StorageAdapter): Promise<SessionState> {
  await adapter.commit(KEY, batchOf([{ ...creation(), capacity: 1_000 } as never]), CALL);
  await adapter.commit(KEY, batchOf([{ kind: "touch" }], { seq: 2 }), CALL);
  const state = await stateOf(adapter);
  const writers = new Map(state.writers);
  for (let index = 0; index < 5_000; index++) {
    const entry = { incarnation: "n1", version: 1, atMs: state.createdAtMs + index / 4 };
    writers.set(`writer-${index}`, { seq: index + 1, ...entry, occupied: index % 2 === 0 });
  }
  return {
    ...state,
    version: 7,
    context: new Map(Array.from({ length: 10_000 }, (_, index) => [`é${index}`, `"é${index}"`])),
    trajectory: Array.from({ length: 1_000 }, (_, index) => new Uint8Array(8).fill(index)),
    writers,
  };
}
