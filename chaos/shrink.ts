/**
 * Makes a failing case smaller: a delta-debugging pass that fast-check walks, so that the path which it prints leads
 * to the smallest case exactly.
 *
 * fast-check's own shrinking knows arrays and numbers, not cases: it moves no fault with the calls around it, tries no
 * other seed where one call less makes other random choices, and is slow where only two calls together can go.
 *
 * @module
 */

import fc from "fast-check";
import type { CaseFault, CaseOp, CaseSettings, ChaosCase } from "./case.ts";
import { isDueAtCommit } from "./fault_plan.ts";

/** Where a smaller case was found: the search goes on from there, not from the beginning. */
interface Place {
  /** Index in the list of reductions. */
  readonly reduction: number;
  /** Parts from this one on have been tried; undefined: none has. */
  readonly before: number | undefined;
  /** Whether anything became smaller since the first reduction: then it is worth beginning again. */
  readonly isSmaller: boolean;
}

/** Smaller cases, each with the index of the part that it lacks, from the last part to the first. */
type Reduction = (chaosCase: ChaosCase, before: number) => Iterable<readonly [number, ChaosCase]>;

const START: Place = { reduction: 0, before: undefined, isSmaller: false };

/** Calls removed together, one size after the other. */
const CHUNKS = [32, 16, 8, 4, 2, 1] as const;
/** Other seeds that are tried: a seed's last bits decide how a simulated run ends. */
const SEEDS = 8;
/** Calls in a case of which any two are removed together, at most: it takes long. */
const MOST_FOR_PAIRS = 14;

/** The same cases, made smaller by {@linkcode smallerCases}. */
export function shrinkingCases(
  cases: fc.Arbitrary<ChaosCase>,
  time: "virtual" | "real",
): fc.Arbitrary<ChaosCase> {
  return new ShrinkingCases(cases, time);
}

class ShrinkingCases extends fc.Arbitrary<ChaosCase> {
  readonly #cases: fc.Arbitrary<ChaosCase>;
  readonly #reductions: readonly Reduction[];

  constructor(cases: fc.Arbitrary<ChaosCase>, time: "virtual" | "real") {
    super();
    this.#cases = cases;
    this.#reductions = reductionsFor(time);
  }

  override generate(random: fc.Random, biasFactor: number | undefined): fc.Value<ChaosCase> {
    return new fc.Value(this.#cases.generate(random, biasFactor).value, START);
  }

  override canShrinkWithoutContext(value: unknown): value is ChaosCase {
    return this.#cases.canShrinkWithoutContext(value);
  }

  override shrink(chaosCase: ChaosCase, place: unknown): fc.Stream<fc.Value<ChaosCase>> {
    return fc.stream(candidates(this.#reductions, chaosCase, (place ?? START) as Place));
  }
}

/** Smaller cases than this one, in the order in which they are worth trying. */
export function smallerCases(
  chaosCase: ChaosCase,
  time: "virtual" | "real",
): Iterable<ChaosCase> {
  return values(candidates(reductionsFor(time), chaosCase, START));
}

function* values(candidates: Iterable<fc.Value<ChaosCase>>): Generator<ChaosCase> {
  for (const { value } of candidates) yield value;
}

function* candidates(
  reductions: readonly Reduction[],
  chaosCase: ChaosCase,
  place: Place,
): Generator<fc.Value<ChaosCase>> {
  for (let reduction = place.reduction; reduction < reductions.length; reduction++) {
    const before = reduction === place.reduction ? place.before ?? Infinity : Infinity;
    for (const [part, smaller] of reductions[reduction]!(chaosCase, before)) {
      yield new fc.Value(smaller, { reduction, before: part, isSmaller: true });
    }
  }
  if (place.isSmaller) yield* candidates(reductions, chaosCase, START);
}

/** What costs least comes first; where time is real a case takes seconds, so only what helps most is tried. */
function reductionsFor(time: "virtual" | "real"): readonly Reduction[] {
  const fewer = [...CHUNKS.map(withoutCalls), withoutFault];
  if (time === "real") return fewer;
  return [...fewer, simplerWorld, withoutCallOtherwise, withoutTwoCalls, simplerFault, simplerCall];
}

function withoutCalls(size: number): Reduction {
  return function* (chaosCase, before) {
    const { ops } = chaosCase;
    if (size > 1 && size >= ops.length) return;
    for (let part = lastPart(Math.ceil(ops.length / size), before); part >= 0; part--) {
      const smaller = without(chaosCase, part * size, size);
      if (smaller.ops.length > 0) yield [part, smaller];
    }
  };
}

/** Leaves calls out; faults that are due at what comes after them move with it. */
function without(chaosCase: ChaosCase, first: number, count: number): ChaosCase {
  const { ops, faults, pods } = chaosCase;
  const removed = ops.slice(first, first + count);
  const move = (fault: CaseFault): CaseFault => {
    const before = isDueAtCommit(fault)
      // As many commits less as there are calls of its pod less, as a rule.
      ? removed.filter(({ pod }) => pod % pods === fault.pod % pods).length
      : Math.min(count, Math.max(0, fault.at - 1 - first));
    return { ...fault, at: Math.max(1, fault.at - before) };
  };
  return { ...chaosCase, ops: ops.toSpliced(first, count), faults: faults.map(move) };
}

function* withoutFault(chaosCase: ChaosCase, before: number): ReturnType<Reduction> {
  for (let part = lastPart(chaosCase.faults.length, before); part >= 0; part--) {
    yield [part, { ...chaosCase, faults: chaosCase.faults.toSpliced(part, 1) }];
  }
}

/** What a case has where nothing else is needed to show what is wrong. */
const PLAIN_SETTINGS: CaseSettings = {
  ttlMs: 60_000,
  commandTimeoutMs: 1_000,
  maxStalenessMs: 1_000,
  graceMs: 60_000,
  failMode: "open",
  durable: true,
};

function* simplerWorld(chaosCase: ChaosCase): ReturnType<Reduction> {
  const { pods, sessions, settings } = chaosCase;
  if (pods > 1) yield [0, among({ ...chaosCase, pods: pods - 1 })];
  if (sessions > 1) yield [0, among({ ...chaosCase, sessions: sessions - 1 })];
  const { maxLifetimeMs: _, ...endless } = settings;
  const { journalSessions: __, ...unbounded } = settings;
  if (settings.maxLifetimeMs !== undefined) yield [0, { ...chaosCase, settings: endless }];
  if (settings.journalSessions !== undefined) yield [0, { ...chaosCase, settings: unbounded }];
  for (const [name, plain] of Object.entries(PLAIN_SETTINGS)) {
    if (settings[name as keyof CaseSettings] === plain) continue;
    yield [0, { ...chaosCase, settings: { ...settings, [name]: plain } }];
  }
}

/** Indexes of pods and sessions count round: here they name those that there are. */
function among(chaosCase: ChaosCase): ChaosCase {
  const { pods, sessions, ops, faults } = chaosCase;
  return {
    ...chaosCase,
    ops: ops.map((op) => ({ ...op, pod: op.pod % pods, session: op.session % sessions })),
    faults: faults.map((fault) => ({ ...fault, pod: fault.pod % pods })),
  };
}

function* simplerFault(chaosCase: ChaosCase, before: number): ReturnType<Reduction> {
  const { faults } = chaosCase;
  for (let part = lastPart(faults.length, before); part >= 0; part--) {
    for (const simpler of simplerFaults(faults[part]!)) {
      yield [part + 1, { ...chaosCase, faults: faults.with(part, simpler) }];
    }
  }
}

function* simplerFaults(fault: CaseFault): Generator<CaseFault> {
  const { at, length, pod, span } = fault;
  if (length > 1) yield { ...fault, length: 1 };
  for (const lower of smaller(at, 1)) yield { ...fault, at: lower };
  for (const lower of smaller(pod, 0)) yield { ...fault, pod: lower };
  if (span !== 0 && span !== 0.5) {
    yield { ...fault, span: 0 };
    yield { ...fault, span: 0.5 };
  }
}

function* simplerCall(chaosCase: ChaosCase, before: number): ReturnType<Reduction> {
  const { ops } = chaosCase;
  for (let part = lastPart(ops.length, before); part >= 0; part--) {
    for (const simpler of simplerCalls(ops[part]!)) {
      yield [part + 1, { ...chaosCase, ops: ops.with(part, simpler) }];
    }
  }
}

function* simplerCalls(op: CaseOp): Generator<CaseOp> {
  const { pod, session, variant, pace, gapMs } = op;
  if (pace !== "answer") yield { ...op, pace: "answer" };
  for (const lower of smaller(session, 0)) yield { ...op, session: lower };
  for (const lower of smaller(pod, 0)) yield { ...op, pod: lower };
  for (const lower of smaller(variant, 0)) yield { ...op, variant: lower };
  if (op.fresh) yield { ...op, fresh: false };
  for (const lower of smaller(gapMs, 1)) yield { ...op, gapMs: lower };
}

/** The least, and the half of what is above it. */
function smaller(value: number, least: number): Set<number> {
  return new Set(value > least ? [least, least + Math.floor((value - least) / 2)] : []);
}

/** One call less makes other random choices from there on: perhaps another seed's show the same. */
function* withoutCallOtherwise(chaosCase: ChaosCase, before: number): ReturnType<Reduction> {
  const { ops } = chaosCase;
  for (let part = lastPart(ops.length, before); part >= 0; part--) {
    const fewer = without(chaosCase, part, 1);
    if (fewer.ops.length === 0) return;
    yield* withSeeds(part, fewer);
    const previous = ops[part - 1];
    if (!previous) continue;
    // The call may have been there for the time that it took.
    const waitMs = previous.pace === "gap" ? previous.gapMs : 0;
    const gapMs = waitMs + ops[part]!.gapMs;
    const waiting: CaseOp = { ...previous, pace: "gap", gapMs };
    yield [part, { ...fewer, ops: fewer.ops.with(part - 1, waiting) }];
  }
}

/** Two calls that need each other: a create and a destroy, a freeze and what ends it. */
function* withoutTwoCalls(chaosCase: ChaosCase, before: number): ReturnType<Reduction> {
  const { length } = chaosCase.ops;
  if (length > MOST_FOR_PAIRS) return;
  for (let part = lastPart(length, before); part > 0; part--) {
    for (let other = part - 1; other >= 0; other--) {
      const fewer = without(without(chaosCase, part, 1), other, 1);
      if (fewer.ops.length === 0) return;
      yield [part, fewer];
      yield* withSeeds(part, fewer);
    }
  }
}

function* withSeeds(part: number, chaosCase: ChaosCase): Generator<readonly [number, ChaosCase]> {
  for (let seed = 0; seed < SEEDS; seed++) yield [part, { ...chaosCase, seed }];
}

function lastPart(count: number, before: number): number {
  return Math.min(count, before) - 1;
}
