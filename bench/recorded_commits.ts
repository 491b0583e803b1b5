/**
 * What the library sends for a call, to be sent again by a raw client: the same script, with the same bytes.
 *
 * @module
 */

import { encodeBatch } from "../adapters/redis/layout.ts";
import { COMMIT } from "../adapters/redis/scripts.ts";
import type { CommitBatch, StorageAdapter, TenantSessions } from "../mod.ts";
import type { Bench } from "./case.ts";
import type { RawArgument, RawClient } from "./clients/open.ts";
import { adapterOf, TENANT } from "./store.ts";

/** A commit that the library sent. */
export interface RecordedCommit {
  readonly key: string;
  readonly batch: CommitBatch;
}

/** Makes calls through a pod of its own; answers the commits that they sent, in their order. */
export async function recordCommits(
  bench: Bench,
  { prepare, calls }: {
    /** Makes what the calls need; its commits are not recorded. */
    readonly prepare?: (sessions: TenantSessions) => Promise<unknown>;
    /** One after the other: each sends one commit. */
    readonly calls: readonly ((sessions: TenantSessions) => Promise<unknown>)[];
  },
): Promise<RecordedCommit[]> {
  const recorded: RecordedCommit[] = [];
  const adapter = recording(adapterOf(bench.backend, bench.server.url), recorded);
  const manager = await bench.open({ adapter });
  const sessions = manager.tenant(TENANT);
  await prepare?.(sessions);
  recorded.length = 0;
  for (const call of calls) await call(sessions);
  await manager.close();
  // It was given, so it is ours to close.
  await adapter.close();
  if (recorded.length !== calls.length) {
    throw new Error(
      `${calls.length} calls sent ${recorded.length} commits: they cannot be paired.`,
    );
  }
  return recorded;
}

/** Sends recorded commits through a raw client, each time as a new one, so that none is a duplicate. */
export class RawCommits {
  readonly #client: RawClient;
  readonly #hash: string;
  readonly #writer: string;
  #seq = 0;

  private constructor(client: RawClient, hash: string, writer: string) {
    this.#client = client;
    this.#hash = hash;
    this.#writer = writer;
  }

  /** Loads the script. Commits of different writers may go to the same session. */
  static async load(client: RawClient, writer = "raw"): Promise<RawCommits> {
    return new RawCommits(client, await client.scriptLoad(COMMIT.text), writer);
  }

  /** A function that sends a commit again; everything that can be made before is made here. */
  resend({ key, batch }: RecordedCommit): () => Promise<unknown> {
    const { head, tail, rest } = this.#prepared(batch);
    return () => this.#client.evalsha(this.#hash, key, [head + ++this.#seq + tail, ...rest]);
  }

  /** A function that sends the commit that creates a session, each time for another one. */
  recreate({ key, batch }: RecordedCommit): () => Promise<unknown> {
    const { head, tail, rest } = this.#prepared(batch);
    // The header stands before them, and the nonce behind the operation's name.
    const nonceAt = rest.indexOf("create") + 2;
    let made = 0;
    return () => {
      const args = [head + ++this.#seq + tail, ...rest];
      args[nonceAt] = `raw${++made}`;
      return this.#client.evalsha(this.#hash, `${key}:${made}`, args);
    };
  }

  /** A batch's arguments, its header cut where the number of the commit stands. */
  #prepared(batch: CommitBatch): { head: string; tail: string; rest: readonly RawArgument[] } {
    const { prev: _, ...unbound } = batch;
    const [header, ...rest] = encodeBatch({ ...unbound, writer: this.#writer, seq: 0 });
    const head = `${this.#writer} `;
    const [, tail] = (header as string).split(`${head}0`);
    return { head, tail: tail!, rest };
  }
}

function recording(inner: StorageAdapter, recorded: RecordedCommit[]): StorageAdapter {
  const commit: StorageAdapter["commit"] = (key, batch, options) => {
    recorded.push({ key, batch });
    return inner.commit(key, batch, options);
  };
  return new Proxy(inner, {
    get(target, name) {
      if (name === "commit") return commit;
      const value = Reflect.get(target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}
