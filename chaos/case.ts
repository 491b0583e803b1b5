/**
 * A case: everything that a run does, as plain data. The same case means the same on every machine, whether
 * it is simulated or run on real processes and servers.
 *
 * @module
 */

import fc from "fast-check";
import type { FaultKind } from "./fault_kinds.ts";
import type { CallKind } from "./history.ts";
import {
  type FaultDraw,
  healedAt,
  isWorthTheWait,
  poolOf,
  type Profile,
  profileOf,
} from "./profiles.ts";
import { staged } from "./scenes.ts";

/** How the next call follows on this one. */
export type Pace =
  /** At once: both run side by side. */
  | "burst"
  /** When this one has answered. */
  | "answer"
  /** After `gapMs`. */
  | "gap";

/** One call to be made. */
export interface CaseOp {
  /** Index of the pod. */
  readonly pod: number;
  /** Index of the session. */
  readonly session: number;
  /** What is called. */
  readonly kind: CallKind;
  /** Whether a read asks the store. */
  readonly fresh: boolean;
  /** Picks among a call's forms: the parts of an `apply`, whether a set deletes, where a rotation leads. */
  readonly variant: number;
  /** How the next call follows. */
  readonly pace: Pace;
  /** For the pace `gap`, in milliseconds. */
  readonly gapMs: number;
  /** Whether an `updateContext` sets a value that is too large. @default false */
  readonly oversize?: boolean;
}

/** When a fault takes place. */
export interface CaseFault {
  /** What happens. */
  readonly kind: FaultKind;
  /** Index of the pod that it hits. */
  readonly pod: number;
  /** The pod's n-th commit of the run, from 1; for faults of time, the n-th call of the case. */
  readonly at: number;
  /**
   * p0: before it is written. p1: written, not executed. p2: executed, not replied. For kills alone, and in a build with
   * failpoints, else as p2: p3: replied, the cache not updated. p4: updated, the caller not answered. p5: when
   * the journal is appended to first. p6: when it is truncated first.
   */
  readonly phase: "p0" | "p1" | "p2" | "p3" | "p4" | "p5" | "p6";
  /** Commands hit in a row, for cuts and latency. */
  readonly length: number;
  /** How long it takes: a share of the bound that it plays with, from 0 to 1. */
  readonly span: number;
}

/** The manager's options, in milliseconds. */
export interface CaseSettings {
  /** Time to live of a session. */
  readonly ttlMs: number;
  /** Absolute limit of a session's life. @default none */
  readonly maxLifetimeMs?: number;
  /** How long a command is waited for. */
  readonly commandTimeoutMs: number;
  /** How old a copy may be that is served. */
  readonly maxStalenessMs: number;
  /** How long an expired record is kept as such. */
  readonly graceMs: number;
  /** What calls do while the store is away. */
  readonly failMode: "open" | "closed";
  /** Whether a pod's journal outlives it. */
  readonly durable: boolean;
  /** Sessions that it takes at most. */
  readonly journalSessions?: number;
}

/** One history to be made. */
export interface ChaosCase {
  /** Seeds the randomness of core, of the network and of the pods. */
  readonly seed: number;
  /** How many pods there are, from 1. */
  readonly pods: number;
  /** How many sessions the calls are about, from 1. */
  readonly sessions: number;
  /** The calls, in the order in which they are begun. */
  readonly ops: readonly CaseOp[];
  /** The faults, in any order. */
  readonly faults: readonly CaseFault[];
  /** Of all pods. */
  readonly settings: CaseSettings;
  /** Before which call all faults end, from 1; everything recovers then. @default after the last call */
  readonly healAt?: number;
}

/** What cases are made for. */
export interface CaseOptions {
  /** The kinds that may be in a case. None: a case without faults. */
  readonly faults: readonly FaultKind[];
  /** How faults are put together. @default a mixture, by the shares of {@linkcode PROFILES} */
  readonly profile?: Profile;
  /** `virtual`: time costs nothing, so bounds may be large. `real`: bounds are short, and always the same. */
  readonly time: "virtual" | "real";
  /** @default 80 virtual, 40 real */
  /** Calls of a case at most. @default 80 virtual, 40 real */
  readonly maxOps?: number;
}

/** The settings of real runs: processes are kept across histories, so all share them. */
export const REAL_SETTINGS: CaseSettings = {
  ttlMs: 2_500,
  commandTimeoutMs: 400,
  maxStalenessMs: 250,
  graceMs: 2_500,
  failMode: "open",
  durable: true,
};

/**
 * Cases, as fast-check draws them.
 *
 * @internal
 */
export type CaseArbitrary = fc.Arbitrary<ChaosCase>;

/** Makes cases. */
export function arbitraryCase(options: CaseOptions): CaseArbitrary {
  const maxOps = options.maxOps ?? (options.time === "virtual" ? 80 : 40);
  const possible = options.faults.flatMap((kind) =>
    kind === "pod-kill" ? Array<FaultKind>(KILLS[options.time]).fill(kind) : [kind]
  );
  return fc.record({
    mix: fc.noShrink(fc.nat({ max: MIXES.length - 1 })),
    draw: fc.noShrink(arbitraryDraw()),
    isStaged: fc.noShrink(fc.boolean()),
    seed: fc.noShrink(fc.nat({ max: 0x7fff_ffff })),
    pods: fc.noShrink(fc.constantFrom(2, 3)),
    sessions: fc.noShrink(fc.constantFrom(1, 1, 2, 4)),
    // Without size "max" an array seldom reaches half of its maxLength.
    // A smaller case is one with fewer calls and faults: to simplify each besides takes long and helps little.
    ops: fc.array(fc.noShrink(arbitraryOp(options)), {
      minLength: 1,
      maxLength: maxOps,
      size: "max",
    }),
    faults: fc.array(fc.noShrink(arbitraryFault(options)), {
      maxLength: options.faults.length === 0 ? 0 : 4,
      size: "max",
    }),
    settings: options.time === "virtual"
      ? fc.noShrink(arbitrarySettings())
      : fc.constant(REAL_SETTINGS),
  }).map(({ mix, draw, isStaged, ops, faults, ...rest }) => {
    const kinds = KINDS[mix]!;
    const profile = profileOf(draw.profile, options.profile);
    const pool = poolOf(profile, draw, possible);
    const isChosen = options.time === "virtual" || options.profile !== undefined;
    const heals = profile === "liveness" && (isChosen || isWorthTheWait(draw));
    const drawn = {
      ops: ops.map(({ roll, ...op }) => ({ ...op, kind: kinds[roll % kinds.length]! })),
      faults: faults.map(({ roll, ...fault }) => ({ kind: pool[roll % pool.length]!, ...fault })),
    };
    const script = isStaged ? staged(drawn, rest.settings) : drawn;
    return {
      ...rest,
      ...script,
      ...(heals && { healAt: healedAt(script.ops.length) }),
    };
  });
}

/** How often a pod is killed to each other kind: it dies once where others fail several times in a row. */
const KILLS = {
  virtual: 2,
  // Histories are few there, and a death that is real is what only they have.
  real: 4,
} as const;

/** How often each call is made, in several mixes: what seldom meets in one is put together in another. */
const MIXES: readonly Readonly<Partial<Record<CallKind, number>>>[] = [
  {
    increment: 5,
    getOrCreate: 6,
    get: 4,
    updateContext: 3,
    update: 3,
    appendTrajectory: 2,
    apply: 2,
    touch: 1,
    destroy: 1,
    rotate: 1,
  },
  // Sessions come and go.
  { getOrCreate: 6, destroy: 5, increment: 3, get: 3, rotate: 1, touch: 1 },
  // Nothing but logins and logouts.
  { getOrCreate: 3, destroy: 2, get: 1 },
  // Hot sessions.
  { increment: 6, update: 4, updateContext: 3, appendTrajectory: 3, getOrCreate: 3, get: 3 },
];

const KINDS = MIXES.map((mix) =>
  Object.entries(mix).flatMap(([kind, weight]) => Array<CallKind>(weight).fill(kind as CallKind))
);

function arbitraryOp(options: CaseOptions): fc.Arbitrary<Omit<CaseOp, "kind"> & { roll: number }> {
  const gaps = options.time === "virtual"
    ? fc.oneof(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: 3_000 }))
    : fc.integer({ min: 1, max: 60 });
  return fc.record({
    pod: fc.nat({ max: 2 }),
    session: fc.nat({ max: 3 }),
    roll: fc.nat({ max: 999 }),
    fresh: fc.boolean(),
    variant: fc.nat({ max: 7 }),
    pace: fc.constantFrom<Pace>("answer", "burst", "burst", "gap"),
    gapMs: gaps,
  });
}

function arbitraryDraw(): fc.Arbitrary<FaultDraw> {
  return fc.record({
    profile: fc.nat({ max: 99 }),
    kinds: fc.array(fc.nat({ max: 0xffff }), { minLength: 2, maxLength: 5 }),
  });
}

function arbitraryFault(
  { time }: CaseOptions,
): fc.Arbitrary<Omit<CaseFault, "kind"> & { roll: number }> {
  return fc.record({
    roll: fc.nat({ max: 999 }),
    pod: fc.nat({ max: 2 }),
    at: fc.integer({ min: 1, max: time === "virtual" ? 10 : 4 }),
    phase: fc.constantFrom(...PHASES),
    length: fc.constantFrom(1, 1, 1, 2, 5),
    span: fc.double({ min: 0, max: 1, noNaN: true }).map((span) => Math.round(span * 100) / 100),
  });
}

/** Most faults know p0 to p2 alone. */
const PHASES = ["p2", "p1", "p0", "p2", "p1", "p0", "p3", "p4", "p5", "p6"] as const;

function arbitrarySettings(): fc.Arbitrary<CaseSettings> {
  return fc.record({
    ttlMs: fc.constantFrom(60_000, 8_000, 2_000),
    maxLifetimeMs: fc.constantFrom(undefined, undefined, 9_000),
    commandTimeoutMs: fc.constantFrom(1_000, 200),
    maxStalenessMs: fc.constantFrom(1_000, 200, 0),
    graceMs: fc.constantFrom(2_000, 60_000),
    failMode: fc.constantFrom<CaseSettings["failMode"]>("open", "open", "open", "closed"),
    durable: fc.boolean(),
    journalSessions: fc.constantFrom(undefined, undefined, undefined, 1),
  }).map(({ maxLifetimeMs, journalSessions, ...rest }) => ({
    ...rest,
    ...(maxLifetimeMs === undefined ? {} : { maxLifetimeMs }),
    ...(journalSessions === undefined ? {} : { journalSessions }),
  }));
}
