/**
 * The scripts of the Redis family against the executable specification: both take the same steps at the
 * same store time, and must answer the same, word for word.
 *
 * HAKGAL_DIFFERENTIAL_RUNS sets how many sequences are tried (150), HAKGAL_DIFFERENTIAL_SEED which ones.
 */

import { serverBinary } from "./support/servers.ts";
import assert from "node:assert/strict";
import fc from "fast-check";
import { Redis } from "ioredis";
import { ioredisAdapter } from "../adapters/ioredis.ts";
import { MemoryStore } from "../adapters/memory.ts";
import { ALL_HOLDERS } from "../core/record.ts";
import type {
  CommitBatch,
  CommitReply,
  HealReply,
  HealRequest,
  LoadReply,
  LoadRequest,
  SessionState,
  StorageAdapter,
} from "../core/storage_adapter.ts";
import { SERVER_KINDS } from "../scripts/servers/provision.ts";
import { startServer } from "../scripts/servers/server.ts";
import { INBOX_PREFIX, type Moment } from "./redis_batches.ts";
import { sequences, type Step } from "./redis_steps.ts";

const CALL = { timeoutMs: 10_000 };
const RUNS = Number(Deno.env.get("HAKGAL_DIFFERENTIAL_RUNS") ?? 150);
const SEED = Deno.env.get("HAKGAL_DIFFERENTIAL_SEED");
const PODS = [...Array.from({ length: 10 }, (_, index) => `pod${index}`), ALL_HOLDERS];

for (const kind of SERVER_KINDS) {
  const found = await serverBinary(kind);
  Deno.test({
    name: `on ${kind}, random batches are answered as the specification answers them`,
    fn: async () => {
      await using server = await startServer(found);
      const adapter = ioredisAdapter({ url: server.url });
      const inbox = await Inbox.open(server.url);
      const client = new Redis(server.url);
      try {
        await adapter.open({ ...CALL, podKey: "hakgal:pod:test" });
        const world = new World(adapter, inbox, client);
        await fc.assert(
          fc.asyncProperty(sequences, (steps) => world.run(steps)),
          { numRuns: RUNS, ...(SEED === undefined ? {} : { seed: Number(SEED) }) },
        );
      } finally {
        inbox.close();
        client.disconnect();
        await adapter.close();
      }
    },
  });
}

/** Everything that was published, in order. */
class Inbox {
  readonly #words: string[] = [];
  readonly #publisher: Redis;
  readonly #subscriber: Redis;
  #onMark: (() => void) | undefined;

  private constructor(url: string) {
    this.#publisher = new Redis(url);
    this.#subscriber = new Redis(url);
    this.#subscriber.on("pmessage", (_pattern: string, channel: string, word: string) => {
      if (channel === `${INBOX_PREFIX}mark`) this.#onMark?.();
      else this.#words.push(`${channel} ${word}`);
    });
  }

  static async open(url: string): Promise<Inbox> {
    const inbox = new Inbox(url);
    await inbox.#subscriber.psubscribe(`${INBOX_PREFIX}*`);
    return inbox;
  }

  /** Answers all words up to now, and forgets them. */
  async take(): Promise<string[]> {
    const marked = new Promise<void>((resolve) => this.#onMark = resolve);
    await this.#publisher.publish(`${INBOX_PREFIX}mark`, "");
    await marked;
    return this.#words.splice(0);
  }

  close(): void {
    this.#publisher.disconnect();
    this.#subscriber.disconnect();
  }
}

/** A Redis and a specification side by side. */
class World {
  readonly #adapter: StorageAdapter;
  readonly #inbox: Inbox;
  readonly #client: Redis;
  #sequence = 0;

  constructor(adapter: StorageAdapter, inbox: Inbox, client: Redis) {
    this.#adapter = adapter;
    this.#inbox = inbox;
    this.#client = client;
  }

  async run(steps: readonly Step[]): Promise<void> {
    const sequence = this.#sequence++;
    const specification = new Specification();
    const seen = new Map<string, SessionState[]>();
    const taken: unknown[] = [];
    let expiresAtMs: number | undefined;
    try {
      for (const [index, step] of steps.entries()) {
        const key = `test:${sequence}:session:${step.key}`;
        const states = seen.get(key) ?? [];
        const { nowMs } = specification;
        const moment = { nowMs, step: index + 1, seen: states, expiresAtMs };
        const asked = ask(step, moment);
        taken.push({ key, ...asked });
        const reply = await this.#take(key, asked, specification);
        if (reply?.outcome === "applied") expiresAtMs = reply.expiresAtMs;
        // Nothing is closed by the look at what the step has left.
        const look = { load: { tombstoneMs: 600_000, acceptedMs: 0 } };
        const found = await this.#take(key, look, specification);
        if (found?.outcome === "found") seen.set(key, [...states, found.state]);
      }
    } catch (error) {
      throw new Error(`after ${Deno.inspect(taken, { depth: 9 })}`, { cause: error });
    }
    assert.deepEqual(await this.#inbox.take(), specification.words);
  }

  /** Takes a step on both sides, which must answer the same. */
  async #take(key: string, asked: Asked, specification: Specification): Promise<Reply | undefined> {
    const { store } = specification;
    if ("loses" in asked) {
      await this.#client.del(key);
      store.remove(key);
      return undefined;
    }
    const reply = await send(this.#adapter, key, asked);
    specification.setTime(reply.storeTimeMs);
    const expected = "commit" in asked
      ? store.commit(key, asked.commit)
      : "heal" in asked
      ? store.heal(key, asked.heal)
      : store.load(key, asked.load);
    assert.deepEqual(comparable(reply), comparable(expected));
    return reply;
  }
}

/** A step once it is known what it depended on. */
type Asked =
  | { readonly commit: CommitBatch }
  | { readonly load: LoadRequest }
  | { readonly heal: HealRequest }
  | { readonly loses: true };

type Reply = CommitReply | LoadReply | HealReply;

function ask(step: Step, moment: Moment): Asked {
  if ("commit" in step) return { commit: step.commit(moment) };
  if ("load" in step) return { load: step.load(moment) };
  if ("heal" in step) return { heal: step.heal(moment) };
  return { loses: true };
}

function send(
  adapter: StorageAdapter,
  key: string,
  asked: Exclude<Asked, { loses: true }>,
): Promise<Reply> {
  if ("commit" in asked) return adapter.commit(key, asked.commit, CALL);
  if ("heal" in asked) return adapter.heal!(key, asked.heal, CALL);
  return adapter.load(key, asked.load, CALL);
}

/** The store in memory, at the time that Redis tells. */
class Specification {
  readonly words: string[] = [];
  readonly store: MemoryStore;
  readonly #epochMs: number;
  #sinceMs = 0;

  constructor() {
    this.store = new MemoryStore({
      clock: { now: () => this.#sinceMs, after: () => ({ cancel: () => {} }) },
    });
    this.#epochMs = this.store.nowMs();
    for (const pod of PODS) {
      const inbox = INBOX_PREFIX + pod;
      this.store.subscribe(inbox, {
        onInvalidation: ({ key, incarnation, version }) =>
          this.words.push(`${inbox} ${version} ${incarnation} ${key}`),
        onGap: () => {},
      });
    }
  }

  get nowMs(): number {
    return this.store.nowMs();
  }

  setTime(nowMs: number): void {
    this.#sinceMs = nowMs - this.#epochMs;
  }
}

/** The state's context in the order of names. */
function comparable(reply: Reply): unknown {
  const state = reply.outcome === "found"
    ? reply.state
    : reply.outcome === "moving"
    ? reply.moving.state
    : undefined;
  return { ...reply, context: state && [...state.context].sort(), trajectory: state?.trajectory };
}
