// What the tests of the SQLite adapter share: a temporary directory, batches, an opened adapter.
import { sqliteAdapter, type SqliteAdapterOptions } from "../adapters/sqlite.ts";
import type { CommitBatch, Operation, StorageAdapter } from "../core/storage_adapter.ts";

export const KEY = "hakgal:tenant:acme:session:00";
export const TIMEOUT = { timeoutMs: 5_000 };
export const ASK = { tombstoneMs: 60_000 };

/** Runs a test with a file name in a directory of its own, which is removed afterwards. */
export async function withFile(run: (path: string) => Promise<void> | void): Promise<void> {
  const directory = await Deno.makeTempDir();
  try {
    await run(`${directory}/sessions.db`);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

/** Runs a test with an opened adapter, which is closed afterwards. */
export async function withAdapter(
  options: SqliteAdapterOptions,
  run: (adapter: StorageAdapter) => Promise<void>,
): Promise<void> {
  const adapter = sqliteAdapter(options);
  try {
    await adapter.open({ podKey: "hakgal:pod:test", ...TIMEOUT });
    await run(adapter);
  } finally {
    await adapter.close();
  }
}

export function batch(
  seq: number,
  operations: readonly Operation[],
  rest: Partial<CommitBatch> = {},
): CommitBatch {
  return {
    writer: "p0",
    seq,
    incarnation: "x",
    firstSentAtMs: Date.now(),
    ttlMs: 3_600_000,
    graceMs: 600_000,
    tombstoneMs: 60_000,
    writerRetentionMs: 60_000_000,
    limits: { maxFields: 256, maxBytes: 1_048_576 },
    operations,
    ...rest,
  };
}

export function create(
  nonce: string,
  context: readonly (readonly [string, string])[] = [],
): Operation {
  return { kind: "create", nonce, context, capacity: 3, lifetimeMs: undefined };
}

export const increment: Operation = { kind: "increment", field: "n", by: 1 };
export const destroy: Operation = { kind: "destroy" };
