/**
 * Random batches and loads for comparing a store with the executable specification. What depends on the
 * moment is generated as a choice, and resolved when the step is taken.
 */

import fc from "fast-check";
import type {
  CommitBatch,
  Identity,
  LoadRequest,
  Operation,
  SessionState,
} from "../core/storage_adapter.ts";

/** What a step can refer to when it is taken. */
export interface Moment {
  readonly nowMs: number;
  /** The number of the step, from 1. */
  readonly step: number;
  /** The states that were found under the step's key, the last one last. */
  readonly seen: readonly SessionState[];
  /** When a session that the last commit made or changed expires. */
  readonly expiresAtMs: number | undefined;
}

export const INBOX_PREFIX = "inbox:";
export const LONG_MS = 600_000;

const nonces = fc.constantFrom("n1", "n2", "n3");
const rotations = fc.oneof({ weight: 5, arbitrary: fc.constant("n1") }, fc.constant("n2"));
const pods = fc.constantFrom(...Array.from({ length: 10 }, (_, index) => `pod${index}`));
const fields = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom("a", "b", "risk") },
  fc.constantFrom(
    "__proto__",
    "",
    "\0",
    "\ufeffmark",
    "😀 %s",
    "c:x",
    'say "hi"\r\n',
    "é".repeat(9),
  ),
);
const numbers = fc.oneof(
  { weight: 3, arbitrary: fc.integer({ min: -3, max: 3 }) },
  { weight: 2, arbitrary: fc.constantFrom(0.1, 0.2, 1e21, 1e-7, 2.5e-6, 0.00001, -1e300, 5e-324) },
  { weight: 1, arbitrary: fc.constantFrom(Number.MAX_VALUE, -Number.MAX_VALUE, 2 ** 53, 1e20, -0) },
  fc.double({ noNaN: true, noDefaultInfinity: true }),
);
const texts = fc.oneof(
  numbers.map((number) => JSON.stringify(number)),
  fc.constantFrom("-0", "1E3", "-12.50", "1e999", "0"),
  fc.constantFrom(
    "null",
    "true",
    '"x"',
    '"12"',
    '["a",{"b":1}]',
    '"\\u0000😀"',
    `"${"y".repeat(40)}"`,
  ),
);
const vectors = fc.oneof(
  { weight: 6, arbitrary: fc.uint8Array({ minLength: 8, maxLength: 8 }) },
  fc.constantFrom(4, 12).chain((length) => fc.uint8Array({ minLength: length, maxLength: length })),
);
export const contexts = fc.array(fc.tuple(fields, texts), { maxLength: 4 });
export const capacities = fc.integer({ min: 1, max: 3 });

const edits: fc.Arbitrary<Operation> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant("increment"), field: fields, by: numbers }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("set"), field: fields, json: texts }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("append"), vector: vectors }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("delete"), field: fields }) },
  { weight: 1, arbitrary: fc.constant({ kind: "touch" }) },
) as fc.Arbitrary<Operation>;

const creates = fc.record({
  kind: fc.constant("create"),
  nonce: nonces,
  context: contexts,
  capacity: capacities,
  lifetimeMs: fc.oneof(fc.constant(undefined), fc.constantFrom(0, 3, LONG_MS)),
}) as fc.Arbitrary<Operation>;

/** An operation that may need the moment, as an adopted state's expiry does. */
export type Late<Value> = (moment: Moment) => Value;

const adopts: fc.Arbitrary<Late<Operation>> = fc.record({
  nonce: nonces,
  version: fc.integer({ min: 1, max: 5 }),
  context: contexts,
  capacity: capacities,
  dimension: fc.integer({ min: 1, max: 2 }),
  count: fc.integer({ min: 0, max: 5 }),
  expiresInMs: fc.constantFrom(-1, 0, LONG_MS),
  absolute: fc.boolean(),
  yields: fc.boolean(),
}).map(
  ({ nonce, version, context, capacity, dimension, count, expiresInMs, absolute, yields }) =>
  (
    { nowMs },
  ) => ({
    kind: "adopt",
    nonce,
    yields,
    state: {
      version,
      createdAtMs: nowMs - 1000,
      expiresAtMs: nowMs + expiresInMs,
      absoluteExpiresAtMs: absolute ? nowMs + LONG_MS + 1 : undefined,
      context: new Map(context),
      capacity,
      trajectory: Array.from({ length: count }, (_, at) => new Uint8Array(dimension * 4).fill(at)),
    },
  }),
);

const destroys: fc.Arbitrary<Late<Operation>> = fc.constantFrom(undefined, -LONG_MS, -1, LONG_MS)
  .map((madeInMs) => ({ nowMs }) => ({
    kind: "destroy",
    ...(madeInMs === undefined ? {} : { incarnationAtMs: nowMs + madeInMs }),
  }));

const alone: fc.Arbitrary<Late<Operation>> = fc.oneof(
  { weight: 4, arbitrary: destroys },
  { weight: 3, arbitrary: adopts },
  {
    weight: 3,
    arbitrary: rotations.map(
      (nonce) => () => ({ kind: "freeze", nonce, to: "a new:place" } as const),
    ),
  },
  {
    weight: 3,
    arbitrary: fc.tuple(fc.constantFrom("finish" as const, "thaw" as const), rotations)
      .map(([kind, nonce]) => () => ({ kind, nonce })),
  },
);

const operations: fc.Arbitrary<Late<readonly Operation[]>> = fc.oneof(
  { weight: 5, arbitrary: fc.array(edits, { maxLength: 5 }).map((list) => () => list) },
  {
    weight: 3,
    arbitrary: fc.tuple(creates, fc.array(edits, { maxLength: 3 })).map((all) => () => all.flat()),
  },
  { weight: 3, arbitrary: alone.map((operation) => (moment: Moment) => [operation(moment)]) },
);

const identities: fc.Arbitrary<Late<Identity | undefined>> = fc.oneof(
  { weight: 3, arbitrary: fc.constant(({ seen }: Moment) => seen.at(-1)) },
  fc.record({
    incarnation: nonces,
    version: fc.integer({ min: 1, max: 3 }),
    tag: fc.constantFrom("w1:1", "w1:2", "w2:1"),
  }).map((identity) => () => identity),
);

export const holders = fc.option(pods.map((pod) => ({ pod, inboxPrefix: INBOX_PREFIX })), {
  nil: undefined,
  freq: 2,
});

/** Mostly `usual`, now and then one of the others. */
export function rarely<Value>(usual: Value, ...others: Value[]): fc.Arbitrary<Value> {
  return fc.oneof({ weight: 6, arbitrary: fc.constant(usual) }, fc.constantFrom(...others));
}

/** Commits. */
export const commits: fc.Arbitrary<Late<CommitBatch>> = fc.record({
  writer: fc.constantFrom("w1", "w2", "w3"),
  seqAhead: rarely(0, -3, -1, 2),
  incarnation: rarely("current", "n1", "n2", "n3", "none"),
  prevAgo: fc.constantFrom(undefined, undefined, undefined, 1, 2, 4, 8),
  conditional: rarely(false, true),
  ifVersion: identities,
  sentAgoMs: rarely(0, 2, 5, LONG_MS),
  notAfterInMs: rarely(undefined, -1, LONG_MS),
  accepted: rarely<undefined | string | number[]>(
    undefined,
    [-LONG_MS, -1],
    [-3, -1],
    [-5, 0],
    [-1, LONG_MS],
    [0, 0],
    "since expiry",
  ),
  ttlMs: rarely(LONG_MS, 0, 1, 2),
  graceMs: rarely(LONG_MS, 0, 2),
  tombstoneMs: rarely(LONG_MS, 0, 2),
  writerRetentionMs: rarely(LONG_MS, 0, 1, 3),
  maxFields: rarely(256, 0, 1, 2),
  maxBytes: rarely(Infinity, 0, 12, 40, 80),
  holder: holders,
  operations,
}).map((chosen) => (moment) => {
  const { nowMs, seen } = moment;
  const { prevAgo, accepted, notAfterInMs } = chosen;
  const prev = prevAgo === undefined ? undefined : Math.max(0, moment.step - prevAgo);
  const ifVersion = chosen.conditional ? chosen.ifVersion(moment) : undefined;
  const list = chosen.operations(moment);
  const current = seen.at(-1)?.incarnation ?? "n1";
  const meant = chosen.incarnation === "current" ? current : chosen.incarnation;
  // A create need not name what it is meant for; a destroy must.
  const kind = list[0]?.kind;
  const nameless = kind === "create" && meant === current || kind !== "destroy" && meant === "none";
  return {
    writer: chosen.writer,
    seq: Math.max(1, moment.step + chosen.seqAhead),
    incarnation: nameless ? undefined : meant,
    ...(prev === undefined ? {} : { prev }),
    ...(ifVersion === undefined ? {} : { ifVersion }),
    firstSentAtMs: nowMs - chosen.sentAgoMs,
    ...(notAfterInMs === undefined ? {} : { notAfterMs: nowMs + notAfterInMs }),
    ...acceptance(accepted, moment),
    ttlMs: chosen.ttlMs,
    graceMs: chosen.graceMs,
    tombstoneMs: chosen.tombstoneMs,
    writerRetentionMs: chosen.writerRetentionMs,
    limits: { maxFields: chosen.maxFields, maxBytes: chosen.maxBytes },
    ...(chosen.holder === undefined ? {} : { holder: chosen.holder }),
    operations: list,
  };
});

function acceptance(
  chosen: string | number[] | undefined,
  { nowMs, expiresAtMs }: Moment,
): Pick<CommitBatch, "accepted"> {
  if (chosen === undefined) return {};
  const [firstMs, lastMs] = typeof chosen === "string"
    ? [expiresAtMs ?? nowMs, nowMs] as const
    : [nowMs + chosen[0]!, nowMs + chosen[1]!] as const;
  return { accepted: { firstMs, lastMs } };
}

/** Loads. */
export const loads: fc.Arbitrary<Late<LoadRequest>> = fc.record({
  known: fc.option(identities, { nil: undefined }),
  holder: holders,
  tombstoneMs: rarely(LONG_MS, 0, 2),
  acceptedAgoMs: rarely<number | undefined>(undefined, 0, 1, 3, LONG_MS),
}).map(({ known, holder, tombstoneMs, acceptedAgoMs }) => (moment) => {
  const identity = known?.(moment);
  return {
    ...(identity === undefined ? {} : { known: identity }),
    ...(holder === undefined ? {} : { holder }),
    tombstoneMs,
    ...(acceptedAgoMs === undefined ? {} : { acceptedMs: moment.nowMs - acceptedAgoMs }),
  };
});
