/** The adapters of the Redis family, each on each server that can be had. */

import { serverBinary } from "./support/servers.ts";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { afterAll, beforeAll, describe, it } from "@std/testing/bdd";
import { Buffer } from "node:buffer";
import { StoreUnavailableError } from "../core/errors.ts";
import type { CommitReply, Invalidation, StorageAdapter } from "../core/storage_adapter.ts";
import { SERVER_KINDS } from "../scripts/servers/provision.ts";
import { type RunningServer, startServer } from "../scripts/servers/server.ts";
import { ADAPTERS, batchOf, CALL, creation, POD_KEY, until } from "./redis_support.ts";

// GLIDE's clients leave a file descriptor behind.
const LEAKY = { sanitizeOps: false, sanitizeResources: false };

for (const kind of SERVER_KINDS) {
  const found = await serverBinary(kind);
  for (const [name, connect] of Object.entries(ADAPTERS)) {
    describe({
      name: `${name} on ${kind}`,
      ...(name === "valkey-glide" ? LEAKY : {}),
      fn: () => {
        let server: RunningServer;
        let adapter: StorageAdapter;
        let info = "";
        let keys = 0;
        const newKey = () => `hakgal:tenant:acme:session:${++keys}`;

        beforeAll(async () => {
          server = await startServer(found);
          adapter = connect({ url: server.url });
          info = (await adapter.open({ ...CALL, podKey: POD_KEY })).server;
        });
        afterAll(async () => {
          await adapter.close();
          await server.stop();
        });

        it("tells the server's kind and version", () => {
          const [product, version] = info.split(" ");
          assertEquals(product, kind === "valkey" ? "valkey" : "redis");
          assertEquals(version, server.version);
        });

        it("gives back every float32 and every name as it was written", async () => {
          const key = newKey();
          const numbers = [
            -0,
            1.401298464324817e-45,
            -3.4028234663852886e38,
            1.1754943508222875e-38,
          ];
          const vector = new Uint8Array(new Float32Array(numbers).buffer);
          const context = { ["__proto__"]: 1, "a\0b": "\0", "😀": "😀", "\ufeffbom": null, "": [] };
          const entries = Object.entries(context);
          const create = {
            ...creation(),
            context: entries.map(([field, value]) => [field, JSON.stringify(value)]),
          } as ReturnType<typeof creation>;
          await adapter.commit(key, batchOf([create, { kind: "append", vector }]), CALL);
          const reply = await adapter.load(key, { tombstoneMs: 1_000 }, CALL);
          assert(reply.outcome === "found");
          assertEquals(
            [...reply.state.context].sort(),
            entries.map(([field, value]) => [field, JSON.stringify(value)] as [string, string])
              .sort(),
          );
          const [stored] = reply.state.trajectory;
          assertEquals(Buffer.from(stored!).equals(Buffer.from(vector)), true);
          assertEquals(stored!.buffer.byteLength, vector.length);
        });

        it("gives back a long trajectory, and keeps no more of a reply than its vectors", async () => {
          const key = newKey();
          // More than fit into a buffer that vectors share, and no divisor of it.
          const vectors = Array.from({ length: 25 }, (_, index) => {
            return new Uint8Array(new Float32Array(1_500).fill(index + 0.5).buffer);
          });
          const appends = vectors.map((vector) => ({ kind: "append" as const, vector }));
          const create = { ...creation(), capacity: vectors.length };
          await adapter.commit(key, batchOf([create, ...appends]), CALL);
          const reply = await adapter.load(key, { tombstoneMs: 1_000 }, CALL);
          assert(reply.outcome === "found");
          const { trajectory } = reply.state;
          assertEquals(
            trajectory.map((vector) => [...new Set(new Float32Array(vector.slice().buffer))]),
            vectors.map((_, index) => [index + 0.5]),
          );
          const buffers = new Set(trajectory.map(({ buffer }) => buffer));
          const bytes = [...buffers].reduce((sum, { byteLength }) => sum + byteLength, 0);
          assertEquals(bytes, vectors.length * 6_000);
          assertEquals(Math.max(...[...buffers].map(({ byteLength }) => byteLength)), 60_000);
        });

        it("answers every outcome of a commit", async () => {
          const outcomes = await everyOutcome(adapter, newKey());
          assertEquals(outcomes, [
            ...["missing", "late", "applied", "duplicate", "behind", "conflict", "invalid", "gone"],
            ...["applied", "gone", "unknown"],
          ]);
        });

        it("counts concurrent increments once each, in IEEE double arithmetic", async () => {
          const key = newKey();
          await adapter.commit(key, batchOf([creation({ sum: 0.1 })]), CALL);
          await Promise.all(Array.from({ length: 50 }, (_, index) =>
            adapter.commit(
              key,
              batchOf([{ kind: "increment", field: "sum", by: 0.2 }], { writer: `w${index}` }),
              CALL,
            )));
          let expected = 0.1;
          for (let index = 0; index < 50; index++) expected += 0.2;
          const reply = await adapter.load(key, { tombstoneMs: 1_000 }, CALL);
          assert(reply.outcome === "found");
          assertEquals(reply.state.context.get("sum"), JSON.stringify(expected));
        });

        it("goes on when the server has forgotten its scripts", async () => {
          const key = newKey();
          await server.command("SCRIPT", "FLUSH");
          const reply = await adapter.commit(key, batchOf([creation()]), CALL);
          assertEquals(reply.outcome, "applied");
          await server.command("SCRIPT", "FLUSH");
          assertEquals((await adapter.load(key, { tombstoneMs: 1 }, CALL)).outcome, "found");
        });

        it("answers a revalidation without the state", async () => {
          const key = newKey();
          const created = await adapter.commit(key, batchOf([creation()]), CALL);
          assert(created.outcome === "applied");
          const request = { tombstoneMs: 1_000, known: created.identity };
          assertEquals((await adapter.load(key, request, CALL)).outcome, "unchanged");
          await adapter.commit(key, batchOf([{ kind: "delete", field: "x" }], { seq: 2 }), CALL);
          assertEquals((await adapter.load(key, request, CALL)).outcome, "found");
        });

        it("lists live sessions under a prefix, whatever characters it has", async () => {
          const prefix = "hakgal:tenant:a*[b]?:";
          const listed = ["1", "2", "3"].map((id) => prefix + id);
          for (const key of [...listed, "hakgal:tenant:aXb:1"]) {
            await adapter.commit(key, batchOf([creation()]), CALL);
          }
          await adapter.commit(prefix + "dead", batchOf([creation()]), CALL);
          await adapter.commit(prefix + "dead", batchOf([{ kind: "destroy" }], { seq: 2 }), CALL);
          const found = await Array.fromAsync(adapter.list(prefix, CALL));
          assertEquals(found.map(({ key }) => key).sort(), listed);
        });

        it("reports a corrupt record, and leaves it as it is", async () => {
          for (const damage of DAMAGES) {
            const key = newKey();
            const vector = new Uint8Array(8);
            await adapter.commit(
              key,
              batchOf([creation({ a: 1 }), { kind: "append", vector }]),
              CALL,
            );
            await server.command(...damage(key));
            const before = await server.command("DUMP", key);
            assertEquals((await adapter.load(key, { tombstoneMs: 1 }, CALL)).outcome, "corrupt");
            assertEquals(await server.command("DUMP", key), before);
          }
          const key = newKey();
          await server.command("SET", key, "text");
          assertEquals((await adapter.load(key, { tombstoneMs: 1 }, CALL)).outcome, "corrupt");
          const reply = await adapter.commit(key, batchOf([creation()]), CALL);
          assertEquals(reply.outcome, "corrupt");
          assertEquals(await server.command("GET", key), "text");
        });

        it("tells other pods of a commit, and not the one that made it", async () => {
          const key = newKey();
          const inboxPrefix = `hakgal:tenant:acme:inbox:`;
          const heard: Record<string, Invalidation[]> = { pod1: [], pod2: [] };
          const ends = [];
          for (const [pod, list] of Object.entries(heard)) {
            ends.push(
              await adapter.subscribe!({ pod, inboxPrefix }, {
                onInvalidation: (invalidation) => list.push(invalidation),
                onGap: () => {},
              }),
            );
          }
          const by = (pod: string) => ({ holder: { pod, inboxPrefix } });
          await adapter.commit(key, batchOf([creation()], by("pod1")), CALL);
          await adapter.load(key, { tombstoneMs: 1, ...by("pod2") }, CALL);
          const write = { kind: "set", field: "a", json: "1" } as const;
          await adapter.commit(key, batchOf([write], { seq: 2, ...by("pod1") }), CALL);
          await until(() => heard.pod2!.length > 0);
          assertEquals(heard, { pod1: [], pod2: [{ key, incarnation: "n1", version: 2 }] });
          for (const end of ends) await end();
        });

        it("rejects in time while the server is frozen, and the late reply surprises nobody", async () => {
          const key = newKey();
          await adapter.commit(key, batchOf([creation({ n: 0 })]), CALL);
          const increment = batchOf([{ kind: "increment", field: "n", by: 1 }], { seq: 2 });
          await server.freeze();
          const startMs = performance.now();
          const error = await assertRejects(
            () => adapter.commit(key, increment, { timeoutMs: 200 }),
            StoreUnavailableError,
          );
          assert(performance.now() - startMs < 1_500);
          assertEquals(error.outcome, "unknown");
          server.resume();
          let reply: CommitReply | undefined;
          await until(async () => {
            reply = await adapter.commit(key, increment, CALL).catch(() => undefined);
            return reply !== undefined;
          });
          assert(reply!.outcome === "duplicate" || reply!.outcome === "applied");
          const loaded = await adapter.load(key, { tombstoneMs: 1 }, CALL);
          assert(loaded.outcome === "found");
          assertEquals(loaded.state.context.get("n"), "1");
        });
      },
    });
  }
}

const DAMAGES: readonly ((key: string) => [string, ...string[]])[] = [
  (key) => ["HDEL", key, "m"],
  (key) => ["HDEL", key, "i"],
  (key) => ["HDEL", key, "s"],
  (key) => ["HDEL", key, "v:0"],
  (key) => ["HSET", key, "v:0", "short"],
  (key) => ["HSET", key, "c:a", "{"],
  (key) => ["HDEL", key, "c:a"],
  (key) => ["HSET", key, "m", "x y z"],
  (key) => ["HSET", key, "m", "x t 99999999999999 99999999999999"],
  (key) => ["HSET", key, "s", "1 x 1 3 2 0 0"],
  (key) => ["HSET", key, "i", "2 L n1 - 1 1"],
  (key) => ["HSET", key, "i", "garbage"],
  (key) => ["HSET", key, "w:writer1", "1 n1 1 x 0"],
  (key) => ["HSET", key, "w:writer1", "1 n1 1 1.2.3 0"],
];

/** The outcomes of a sequence that meets each of them. */
async function everyOutcome(adapter: StorageAdapter, key: string): Promise<string[]> {
  const touch = { kind: "touch" } as const;
  const identity = { incarnation: "n1", version: 9, tag: "x:1" };
  const batches = [
    batchOf([touch]),
    batchOf([creation()], { notAfterMs: 1 }),
    batchOf([creation({ text: "x" })]),
    batchOf([creation()]),
    batchOf([touch], { seq: 9, prev: 8 }),
    batchOf([touch], { seq: 2, ifVersion: identity }),
    batchOf([{ kind: "increment", field: "text", by: 1 }], { seq: 2 }),
    batchOf([touch], { seq: 2, incarnation: "n2" }),
    batchOf([{ kind: "destroy" }], { seq: 2 }),
    batchOf([touch], { seq: 3 }),
    batchOf([touch], { writer: "writer2", firstSentAtMs: -1 }),
  ];
  const outcomes = [];
  for (const batch of batches) outcomes.push((await adapter.commit(key, batch, CALL)).outcome);
  return outcomes;
}
