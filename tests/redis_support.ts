/** What the tests of the Redis family's adapters share. */

import type { CommitBatch, Operation, StorageAdapter } from "../core/storage_adapter.ts";
import { ioredisAdapter } from "../adapters/ioredis.ts";
import { nodeRedisAdapter } from "../adapters/node_redis.ts";
import type { ConnectionOptions } from "../adapters/redis/options.ts";
import { valkeyGlideAdapter } from "../adapters/valkey_glide.ts";

export const CALL = { timeoutMs: 5_000 };
export const POD_KEY = "hakgal:pod:test";

export const ADAPTERS: Readonly<Record<string, (options: ConnectionOptions) => StorageAdapter>> = {
  "ioredis": ioredisAdapter,
  "node-redis": nodeRedisAdapter,
  "valkey-glide": valkeyGlideAdapter,
};

/** A batch as a pod would send it, with long times. */
export function batchOf(
  operations: readonly Operation[],
  overrides: Partial<CommitBatch> = {},
): CommitBatch {
  return {
    writer: "writer1",
    seq: 1,
    incarnation: "n1",
    firstSentAtMs: Date.now(),
    ttlMs: 600_000,
    graceMs: 600_000,
    tombstoneMs: 600_000,
    writerRetentionMs: 600_000,
    limits: { maxFields: 256, maxBytes: 1 << 20 },
    operations,
    ...overrides,
  };
}

/** An operation that creates incarnation `n1`. */
export function creation(context: Record<string, unknown> = {}): Operation {
  const entries = Object.entries(context).map(([field, value]) =>
    [field, JSON.stringify(value)] as const
  );
  return { kind: "create", nonce: "n1", context: entries, capacity: 3, lifetimeMs: undefined };
}

/** Waits until `condition` holds; throws when it does not in time. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  timeoutMs = 10_000,
): Promise<void> {
  const deadlineMs = performance.now() + timeoutMs;
  while (!await condition()) {
    if (performance.now() > deadlineMs) {
      throw new Error(`it did not come true within ${timeoutMs} ms`);
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Stands between client and server, and can swallow replies. */
export class CuttingProxy implements AsyncDisposable {
  readonly #listener: Deno.TcpListener;
  readonly #connections = new Set<Deno.TcpConn>();
  readonly #serving: Promise<void>;
  #cuts = 0;

  constructor(port: number) {
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    this.#serving = this.#serve(port);
  }

  get url(): string {
    return `redis://127.0.0.1:${(this.#listener.addr as Deno.NetAddr).port}`;
  }

  /** Of the next `count` replies each is lost with its connection. */
  cutReplies(count: number): void {
    this.#cuts = count;
  }

  /** Ends all connections. */
  cut(): void {
    for (const connection of this.#connections) close(connection);
    this.#connections.clear();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    this.cut();
    await this.#serving;
  }

  async #serve(port: number): Promise<void> {
    const pipes: Promise<void>[] = [];
    for await (const client of this.#listener) {
      const server = await Deno.connect({ hostname: "127.0.0.1", port });
      this.#connections.add(client).add(server);
      pipes.push(this.#pipe(client, server, false), this.#pipe(server, client, true));
    }
    await Promise.all(pipes);
  }

  async #pipe(from: Deno.TcpConn, to: Deno.TcpConn, isReply: boolean): Promise<void> {
    try {
      for await (const chunk of from.readable) {
        if (isReply && this.#cuts > 0) {
          this.#cuts -= 1;
          break;
        }
        for (let sent = 0; sent < chunk.length;) sent += await to.write(chunk.subarray(sent));
      }
    } catch {
      // The other side ended the connection.
    }
    close(from);
    close(to);
  }
}

function close(connection: Deno.TcpConn): void {
  try {
    connection.close();
  } catch {
    // It is closed.
  }
}
