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
import type { Identity, LoadReply, StorageAdapter } from "../core/storage_adapter.ts";
import { SERVER_KINDS } from "../scripts/servers/provision.ts";
import { startServer } from "../scripts/servers/server.ts";
import { INBOX_PREFIX, sequences, type Step } from "./redis_batches.ts";

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
      try {
        await adapter.open({ ...CALL, podKey: "hakgal:pod:test" });
        const world = new World(adapter, inbox);
        await fc.assert(
          fc.asyncProperty(sequences, (steps) => world.run(steps)),
          { numRuns: RUNS, ...(SEED === undefined ? {} : { seed: Number(SEED) }) },
        );
      } finally {
        inbox.close();
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
  #sequence = 0;

  constructor(adapter: StorageAdapter, inbox: Inbox) {
    this.#adapter = adapter;
    this.#inbox = inbox;
  }

  async run(steps: readonly Step[]): Promise<void> {
    const sequence = this.#sequence++;
    const specification = new Specification();
    const current = new Map<string, Identity>();
    const taken: unknown[] = [];
    let expiresAtMs: number | undefined;
    try {
      for (const [index, step] of steps.entries()) {
        const key = `test:${sequence}:session:${step.key}`;
        const moment = {
          nowMs: specification.nowMs,
          step: index + 1,
          current: current.get(key),
          expiresAtMs,
        };
        if ("commit" in step) {
          const batch = step.commit(moment);
          taken.push({ key, batch });
          const reply = await this.#adapter.commit(key, batch, CALL);
          specification.setTime(reply.storeTimeMs);
          assert.deepEqual(reply, specification.store.commit(key, batch));
          if (reply.outcome === "applied") expiresAtMs = reply.expiresAtMs;
        } else {
          const request = step.load(moment);
          taken.push({ key, request });
          const reply = await this.#adapter.load(key, request, CALL);
          specification.setTime(reply.storeTimeMs);
          assert.deepEqual(comparable(reply), comparable(specification.store.load(key, request)));
        }
        const reply = await this.#adapter.load(key, { tombstoneMs: 600_000 }, CALL);
        specification.setTime(reply.storeTimeMs);
        const expected = specification.store.load(key, { tombstoneMs: 600_000 });
        assert.deepEqual(comparable(reply), comparable(expected));
        const state = reply.outcome === "found" ? reply.state : undefined;
        if (state) current.set(key, state);
      }
    } catch (error) {
      throw new Error(`after ${Deno.inspect(taken, { depth: 9 })}`, { cause: error });
    }
    assert.deepEqual(await this.#inbox.take(), specification.words);
  }
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

/** Context in the order of names. */
function comparable(reply: LoadReply): unknown {
  const state = reply.outcome === "found"
    ? reply.state
    : reply.outcome === "moving"
    ? reply.moving.state
    : undefined;
  return { ...reply, context: state && [...state.context].sort(), trajectory: state?.trajectory };
}
