/**
 * How long calls took before, during and after faults.
 *
 * @module
 */

import { FAULT_KINDS, isOutage } from "./fault_kinds.ts";
import type { History } from "./history.ts";
import { type LatencyCounts, LatencyHistogram } from "./latency_histogram.ts";

/** Latencies of one part of a fault's time, in milliseconds; null where no call was answered. */
export interface LatencySummary {
  /** Calls that were answered. */
  readonly count: number;
  /** Calls that never were. */
  readonly unanswered: number;
  /** Half of the calls took no longer. */
  readonly p50Ms: number | null;
  /** 99 of 100 calls took no longer. */
  readonly p99Ms: number | null;
  /** The longest. */
  readonly maxMs: number | null;
}

/** Latencies around the faults of one kind. */
export interface FaultLatency {
  /** The kind of the faults. */
  readonly kind: string;
  /** Calls that met no fault, as long before it as it lasted, and at least a second. */
  readonly before: LatencySummary;
  /** Calls that had some of their time in it. */
  readonly during: LatencySummary;
  /** As before, afterwards. */
  readonly after: LatencySummary;
}

/** The call that took longest while the store was away. */
export interface SlowCall {
  /** How long it took. */
  readonly latencyMs: number;
  /** The call's kind. */
  readonly call: string;
  /** The pod that was called. */
  readonly pod: string;
  /** The kind of the outage. */
  readonly fault: string;
}

/** One fault's time. A moment's fault begins and ends at once. */
export interface FaultWindow {
  /** The kind of the fault. */
  readonly kind: string;
  /** The pod that it hit, whatever its life, or `store`. */
  readonly lane: string;
  /** When it began, on the history's clock. */
  readonly fromMs: number;
  /** When it ended, on the history's clock. */
  readonly untilMs: number;
}

/** How long before and after a fault calls are looked at, at least. */
const AROUND_MS = 1_000;

/** A part of a fault's time, and of the time around it. */
export type Part = "before" | "during" | "after";

interface Timed {
  readonly kind: string;
  readonly pod: string;
  readonly lane: string;
  readonly fromMs: number;
  /** When it was answered, or its pod died; its beginning when neither is known. */
  readonly untilMs: number;
  readonly isAnswered: boolean;
}

/** Kinds that hit the store, or the way to it, and leave it where it is. */
const STAYS = ["script-flush", "flush-all", "eviction", "inbox-cut", "slicer", "bandwidth"];

/** Whether a fault of that kind keeps pods from their store for a while. */
export function takesStoreAway(kind: string): boolean {
  if (kind === "server-restart") return true;
  if (STAYS.includes(kind)) return false;
  return FAULT_KINDS.some((known) => known.kind === kind && isOutage(known.kind));
}

/** A pod's name without the number of its life: `p1` of `p1.2`. */
export function laneOf(pod: string): string {
  return pod.replace(/\.\d+$/, "");
}

/** The times of a history's faults; they end at the latest when everything is healed. */
export function faultWindows({ events }: History): FaultWindow[] {
  const healed = events.find((event) =>
    event.type === "flush" || (event.type === "invoke" && event.final)
  );
  const healedAtMs = healed?.atMs ?? Infinity;
  return events.flatMap((event) => {
    if (event.type !== "fault") return [];
    const { kind, pod, atMs, downAtMs = atMs, untilMs = atMs } = event;
    const fromMs = Math.min(downAtMs, healedAtMs);
    return [{ kind, lane: laneOf(pod), fromMs, untilMs: clamp(untilMs, fromMs, healedAtMs) }];
  });
}

/** What was collected of one part of a fault's time, as plain data. */
export interface CollectedCounts {
  /** Latencies of the calls that were answered. */
  readonly answered: LatencyCounts;
  /** Calls that never were. */
  readonly unanswered: number;
}

/** What was collected, as plain data. */
export interface CollectedLatencies {
  /** Of each kind of fault that took place. */
  readonly kinds: ReadonlyMap<
    string,
    Readonly<Record<Part, CollectedCounts>>
  >;
  /** The call that took longest while the store was away; absent when there was none. */
  readonly slowest?: SlowCall;
}

/** Collects latencies over many histories, in memory that does not grow with them. */
export class FaultLatencies {
  readonly #histograms = new Map<string, Record<Part, Counts>>();
  #slowest: SlowCall | undefined;

  /** One that has collected that. */
  static of({ kinds, slowest }: CollectedLatencies): FaultLatencies {
    const latencies = new FaultLatencies();
    for (const [kind, parts] of kinds) {
      const own = latencies.#of(kind);
      for (const part of PARTS) {
        own[part].answered.merge(LatencyHistogram.of(parts[part].answered));
        own[part].unanswered = parts[part].unanswered;
      }
    }
    latencies.#slowest = slowest;
    return latencies;
  }

  /** What it has collected. */
  toJSON(): CollectedLatencies {
    const kinds = [...this.#histograms].map(([kind, { before, during, after }]) =>
      [
        kind,
        { before: before.toJSON(), during: during.toJSON(), after: after.toJSON() },
      ] as const
    );
    return { kinds: new Map(kinds), ...(this.#slowest && { slowest: this.#slowest }) };
  }

  /** Counts a history. */
  add(history: History): void {
    const windows = faultWindows(history);
    if (windows.length === 0) return;
    for (const call of timedCalls(history)) this.#addCall(call, windows);
  }

  /** Counts what another one has counted. */
  merge(other: FaultLatencies): void {
    for (const [kind, parts] of other.#histograms) {
      const own = this.#of(kind);
      for (const part of PARTS) {
        own[part].answered.merge(parts[part].answered);
        own[part].unanswered += parts[part].unanswered;
      }
    }
    if (other.#slowest) this.#offer(other.#slowest);
  }

  /** The latencies by kind of fault. */
  summary(): FaultLatency[] {
    return [...this.#histograms].map(([kind, { before, during, after }]) => ({
      kind,
      before: summarize(before),
      during: summarize(during),
      after: summarize(after),
    }));
  }

  /** The answered call that took longest of those that met an outage. */
  get slowestInOutage(): SlowCall | undefined {
    return this.#slowest;
  }

  #addCall(call: Timed, windows: readonly FaultWindow[]): void {
    const near = windows.filter(({ lane }) => lane === "store" || lane === call.lane);
    const met = near.filter((window) => partOf(call, window) === "during");
    // A pod that stood still was not waiting for its store.
    const stoodStill = met.some(({ kind }) => kind === "slow-pod");
    for (const window of met) {
      this.#record(window.kind, "during", call);
      if (stoodStill || !call.isAnswered || !takesStoreAway(window.kind)) continue;
      const { kind, pod, fromMs, untilMs } = call;
      this.#offer({ latencyMs: untilMs - fromMs, call: kind, pod, fault: window.kind });
    }
    // What another fault delayed says nothing about the time around this one.
    if (met.length > 0) return;
    for (const window of near) {
      const part = partOf(call, window);
      if (part !== undefined) this.#record(window.kind, part, call);
    }
  }

  #record(kind: string, part: Part, { fromMs, untilMs, isAnswered }: Timed): void {
    const counts = this.#of(kind)[part];
    if (isAnswered) counts.answered.record(untilMs - fromMs);
    else counts.unanswered++;
  }

  #offer(call: SlowCall): void {
    if (call.latencyMs > (this.#slowest?.latencyMs ?? 0)) this.#slowest = call;
  }

  #of(kind: string): Record<Part, Counts> {
    let parts = this.#histograms.get(kind);
    if (parts === undefined) {
      parts = { before: new Counts(), during: new Counts(), after: new Counts() };
      this.#histograms.set(kind, parts);
    }
    return parts;
  }
}

const PARTS: readonly Part[] = ["before", "during", "after"];

class Counts {
  readonly answered = new LatencyHistogram();
  unanswered = 0;

  toJSON(): CollectedCounts {
    return { answered: this.answered.toJSON(), unanswered: this.unanswered };
  }
}

function timedCalls({ events }: History): Timed[] {
  const answeredAtMs = new Map<number, number>();
  const diedAtMs = new Map<string, number>();
  for (const event of events) {
    if (event.type === "return") answeredAtMs.set(event.op, event.atMs);
    else if (event.type === "kill") diedAtMs.set(event.pod, event.atMs);
  }
  return events.flatMap((event) => {
    if (event.type !== "invoke") return [];
    const { call: { op, kind }, pod, atMs } = event;
    const answered = answeredAtMs.get(op);
    const untilMs = answered ?? diedAtMs.get(pod) ?? atMs;
    const isAnswered = answered !== undefined;
    return [{ kind, pod, lane: laneOf(pod), fromMs: atMs, untilMs, isAnswered }];
  });
}

function partOf({ fromMs, untilMs }: Timed, window: FaultWindow): Part | undefined {
  const aroundMs = Math.max(AROUND_MS, window.untilMs - window.fromMs);
  if (untilMs >= window.fromMs && fromMs <= window.untilMs) return "during";
  if (untilMs < window.fromMs) {
    return fromMs >= window.fromMs - aroundMs ? "before" : undefined;
  }
  return untilMs <= window.untilMs + aroundMs ? "after" : undefined;
}

function summarize({ answered, unanswered }: Counts): LatencySummary {
  const isEmpty = answered.count === 0;
  return {
    count: answered.count,
    unanswered,
    p50Ms: answered.percentile(0.5) ?? null,
    p99Ms: answered.percentile(0.99) ?? null,
    maxMs: isEmpty ? null : answered.maxMs,
  };
}

function clamp(value: number, least: number, most: number): number {
  return Math.max(least, Math.min(value, most));
}
