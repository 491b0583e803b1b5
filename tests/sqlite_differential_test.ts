// Random sequences of commits, loads and heals: SQLite, through two adapters on one file, must answer what the
// store in memory answers, word for word.
import * as fc from "fast-check";
import { assertEquals } from "@std/assert";
import { MemoryStore } from "../adapters/memory.ts";
import { sqliteAdapter, type SqliteAdapterOptions } from "../adapters/sqlite.ts";
import { type Clock, systemClock } from "../core/clock.ts";
import type {
  CommitBatch,
  HealRequest,
  Identity,
  LoadRequest,
  Operation,
  SessionState,
  StorageAdapter,
} from "../core/storage_adapter.ts";
import { TIMEOUT, withFile } from "./sqlite_support.ts";

const EPOCH_MS = 1_700_000_000_000;

const key = fc.constantFrom("t:a:1", "t:a:2", "t:b:1");
const nonce = fc.constantFrom("x", "y");
const field = fc.constantFrom("n", "__proto__", "a\0b", "a", "😀", "\ufeffa", "");
const json = fc.oneof(
  fc.constantFrom("-0", "1e308", "5e-324", "true", '"\\u0000"', '"é😀"', "null"),
  fc.integer().map(String),
);
const context = fc.uniqueArray(fc.tuple(field, json), { selector: ([name]) => name, maxLength: 3 });
const numbers = fc.array(fc.constantFrom(-0, 1e-45, 3.4028234663852886e38, -1.5), {
  minLength: 2,
  maxLength: 2,
});
const vector = fc.oneof({ weight: 9, arbitrary: numbers }, {
  weight: 1,
  arbitrary: fc.constant([1, 2, 3]),
})
  .map((values) => new Uint8Array(new Float32Array(values).buffer));
const by = fc.oneof(fc.integer({ min: -3, max: 3 }), fc.constantFrom(0.1, 1e308));

const state = fc.record({
  version: fc.nat(5),
  createdAtMs: fc.constant(EPOCH_MS),
  expiresAtMs: fc.integer({ min: EPOCH_MS, max: EPOCH_MS + 400 }),
  absoluteExpiresAtMs: fc.option(fc.constant(EPOCH_MS + 300), { nil: undefined }),
  context: context.map((entries) => new Map<string, string>(entries)),
  capacity: fc.constant(2),
  trajectory: fc.array(numbers.map((values) => new Uint8Array(new Float32Array(values).buffer)), {
    maxLength: 3,
  }),
});

const creation: fc.Arbitrary<Operation> = fc.record({
  kind: fc.constant("create" as const),
  nonce,
  context,
  capacity: fc.integer({ min: 1, max: 3 }),
  lifetimeMs: fc.option(fc.integer({ min: 1, max: 200 }), { nil: undefined }),
});
const edit: fc.Arbitrary<Operation> = fc.oneof(
  fc.record({ kind: fc.constant("set" as const), field, json }),
  fc.record({ kind: fc.constant("delete" as const), field }),
  fc.record({ kind: fc.constant("increment" as const), field, by }),
  fc.record({ kind: fc.constant("append" as const), vector }),
  fc.constant({ kind: "touch" as const }),
);
const alone: fc.Arbitrary<Operation> = fc.oneof(
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("destroy" as const),
      incarnationAtMs: fc.integer({ min: EPOCH_MS, max: EPOCH_MS + 400 }),
    }, { requiredKeys: ["kind"] }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant("freeze" as const), nonce, to: fc.constant("t:b:1") }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("adopt" as const),
      nonce,
      state,
      yields: fc.boolean(),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constantFrom("finish" as const, "thaw" as const), nonce }),
  },
);
const operations = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.tuple(creation, fc.array(edit, { maxLength: 4 })).map((ops) => ops.flat()),
  },
  { weight: 6, arbitrary: fc.array(edit, { minLength: 1, maxLength: 5 }) },
  { weight: 4, arbitrary: alone.map((operation) => [operation]) },
);

/** One time in five. */
function seldom<Value>(arbitrary: fc.Arbitrary<Value>): fc.Arbitrary<Value | undefined> {
  return fc.oneof({ weight: 4, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary });
}

const age = fc.integer({ min: -20, max: 150 });
const commitStep = fc.record({
  kind: fc.constant("commit" as const),
  key,
  writer: fc.constantFrom("p0", "p1", "p2"),
  seq: fc.integer({ min: 1, max: 40 }),
  incarnation: fc.oneof({ weight: 4, arbitrary: fc.constant("alive") }, nonce),
  prev: seldom(fc.nat(6)),
  ifVersion: fc.constantFrom("none", "none", "none", "same", "stale"),
  firstSentAgeMs: fc.oneof(age, fc.constant(1_000)),
  notAfterMs: seldom(age),
  acceptedAgeMs: seldom(fc.tuple(age, age)),
  ttlMs: fc.oneof(fc.integer({ min: 1, max: 120 }), fc.constant(2_000)),
  graceMs: fc.nat(100),
  tombstoneMs: fc.nat(200),
  writerRetentionMs: fc.constantFrom(20, 20, 300),
  limits: fc.constantFrom({ maxFields: 4, maxBytes: 60 }, { maxFields: 256, maxBytes: 10_000 }),
  operations,
});
const loadStep = fc.record({
  kind: fc.constant("load" as const),
  key,
  knows: fc.boolean(),
  acceptedAgeMs: fc.option(age, { nil: undefined }),
  tombstoneMs: fc.nat(200),
});
/** A copy that was read somewhere, and what is different in the one that is given back. */
const healStep = fc.record({
  kind: fc.constant("heal" as const),
  key,
  copy: fc.nat(30),
  incarnation: seldom(nonce),
  madeLaterMs: fc.constantFrom(0, 0, 0, -100, 100),
  versionsMore: fc.constantFrom(0, 0, 0, 1, 1, -1),
  seqsMore: fc.dictionary(fc.constantFrom("p0", "p1", "p2"), fc.constantFrom(-30, 1, 30), {
    maxKeys: 2,
  }),
  forgets: seldom(fc.constantFrom("p0", "p1", "p2")),
  leftMs: fc.integer({ min: -5, max: 200 }),
  notAfterMs: seldom(age),
  graceMs: fc.nat(100),
});
const step = fc.record({
  waitMs: fc.oneof({ weight: 3, arbitrary: fc.nat(10) }, fc.nat(150)),
  pod: fc.nat(1),
  action: fc.oneof(
    { weight: 6, arbitrary: commitStep },
    { weight: 2, arbitrary: loadStep },
    { weight: 3, arbitrary: healStep },
  ),
});
type Drawn<Step> = Step extends fc.Arbitrary<infer Value> ? Value : never;

class World {
  #elapsedMs = 0;
  readonly clock: Clock = { now: () => this.#elapsedMs, after: systemClock.after };
  readonly model = new MemoryStore({ clock: this.clock });
  readonly outcomes = new Set<string>();
  readonly pods: readonly StorageAdapter[];
  /** States that a load found. */
  readonly #copies: SessionState[] = [];

  constructor(options: SqliteAdapterOptions) {
    const sharing = { ...options, clock: this.clock };
    this.pods = [sqliteAdapter(sharing), sqliteAdapter(sharing)];
  }

  async check({ waitMs, pod, action }: Drawn<typeof step>) {
    this.#elapsedMs += waitMs;
    const adapter = this.pods[pod]!;
    const before = this.#peek(action.key);
    let reading: Partial<LoadRequest> = {};
    if (action.kind === "commit") {
      const sent = this.#batch(action, before);
      const expected = this.model.commit(action.key, sent);
      assertEquals(await adapter.commit(action.key, sent, TIMEOUT), expected);
      this.outcomes.add(`commit ${expected.outcome}`);
    } else if (action.kind === "heal") {
      const request = this.#copy(action);
      const expected = request && this.model.heal(action.key, request);
      if (!expected) return;
      assertEquals(await adapter.heal!(action.key, request, TIMEOUT), expected);
      this.outcomes.add(`heal ${expected.outcome}`);
    } else {
      const known = action.knows && before && { known: before };
      const { acceptedAgeMs } = action;
      // The reads that follow leave open what this one left open.
      if (acceptedAgeMs !== undefined) reading = { acceptedMs: this.model.nowMs() - acceptedAgeMs };
      const ask = { tombstoneMs: action.tombstoneMs, ...reading, ...known };
      await this.#compareLoad(adapter, action.key, ask);
    }
    for (const reader of this.pods) {
      await this.#compareLoad(reader, action.key, { tombstoneMs: 50, ...reading });
      await this.#compareReads(reader, action.key, { ...reading, ...before && { known: before } });
    }
  }

  async #compareReads(reader: StorageAdapter, name: string, request: Partial<LoadRequest>) {
    await this.#compareLoad(reader, name, { tombstoneMs: 50, ...request });
    const listed = await Array.fromAsync(reader.list("t:a:", TIMEOUT));
    const sorted = [...this.model.list("t:a:")].sort((a, b) => a.key < b.key ? -1 : 1);
    assertEquals(listed, sorted);
  }

  async #compareLoad(reader: StorageAdapter, name: string, request: LoadRequest) {
    const expected = this.model.load(name, request);
    assertEquals(await reader.load(name, request, TIMEOUT), expected);
    const isExpired = expected.outcome === "found" &&
      expected.state.expiresAtMs <= expected.storeTimeMs;
    this.outcomes.add(`load ${expected.outcome}${isExpired ? " expired" : ""}`);
    if (expected.outcome === "found") this.#copies.push(expected.state);
  }

  #copy(action: Drawn<typeof healStep>): HealRequest | undefined {
    const held = this.#copies.at(-1 - action.copy % this.#copies.length);
    if (!held) return undefined;
    const nowMs = this.model.nowMs();
    const writers = [...held.writers].map(([id, entry]) =>
      [id, { ...entry, seq: Math.max(1, entry.seq + (action.seqsMore[id] ?? 0)) }] as const
    );
    const { madeLaterMs, notAfterMs = -1_000 } = action;
    const state: SessionState = {
      ...held,
      incarnation: action.incarnation ?? held.incarnation,
      incarnationAtMs: held.incarnationAtMs + madeLaterMs,
      version: Math.max(1, held.version + action.versionsMore),
      expiresAtMs: nowMs + action.leftMs,
      writers: new Map(writers.filter(([id]) => id !== action.forgets)),
    };
    return { state, notAfterMs: nowMs - notAfterMs, graceMs: action.graceMs };
  }

  /** What the model holds, without closing what has expired. */
  #peek(name: string): SessionState | undefined {
    if (![...this.model.list(name)].some((entry) => entry.key === name)) return undefined;
    const reply = this.model.load(name, { tombstoneMs: 0 });
    return reply.outcome === "found" ? reply.state : undefined;
  }

  #batch(
    action: Drawn<typeof commitStep>,
    alive: Identity | undefined,
  ) {
    const { kind: _kind, key: _key, prev, ifVersion, notAfterMs, acceptedAgeMs, ...rest } = action;
    const nowMs = this.model.nowMs();
    const { firstSentAgeMs, incarnation, ...plain } = rest;
    const accepted = acceptedAgeMs?.map((ageMs) => nowMs - ageMs).sort((a, b) => a - b);
    const same = alive && ifVersion !== "none" &&
      { ...identity(alive), ...ifVersion === "stale" && { tag: "p9:1" } };
    const batch: CommitBatch = {
      ...plain,
      incarnation: incarnation === "alive" ? alive?.incarnation ?? "x" : incarnation,
      firstSentAtMs: nowMs - firstSentAgeMs,
      ...prev !== undefined && { prev },
      ...same && { ifVersion: same },
      ...notAfterMs !== undefined && { notAfterMs: nowMs - notAfterMs },
      ...accepted && { accepted: { firstMs: accepted[0]!, lastMs: accepted[1]! } },
    };
    return batch;
  }
}

function identity({ incarnation, version, tag }: Identity): Identity {
  return { incarnation, version, tag };
}

Deno.test("SQLite answers as the store in memory does", async () => {
  const outcomes = new Set<string>();
  const wallClock = Date.now;
  // Both stores take their epoch from it.
  Date.now = () => EPOCH_MS;
  try {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 1, maxLength: 40, size: "max" }),
        (steps) =>
          withFile(async (path) => {
            const world = new World({ path });
            try {
              for (const pod of world.pods) await pod.open({ podKey: "pod", ...TIMEOUT });
              for (const step of steps) await world.check(step);
            } finally {
              for (const pod of world.pods) await pod.close();
            }
            for (const outcome of world.outcomes) outcomes.add(outcome);
          }),
      ),
      { numRuns: 400 },
    );
  } finally {
    Date.now = wallClock;
  }
  const commits = [
    "applied",
    "behind",
    "conflict",
    "duplicate",
    "gone",
    "invalid",
    "late",
    "missing",
    "unknown",
  ];
  const heals = ["diverged", "gone", "healed", "intact", "late", "superseded"];
  const loads = ["found", "found expired", "gone", "missing", "moving", "unchanged"];
  const expected = [
    ...commits.map((outcome) => `commit ${outcome}`),
    ...heals.map((outcome) => `heal ${outcome}`),
    ...loads.map((outcome) => `load ${outcome}`),
  ];
  assertEquals([...outcomes].sort(), expected, "every outcome was met");
});
