/**
 * Histories as large as one likes, of a store that keeps its promises: three pods with several calls at once each, copies
 * that are a little old, calls without an outcome, pods that die, and a pod that cannot reach the store now and then.
 *
 * @module
 */

import {
  type Call,
  COUNTS_PER_FIELD,
  type Effect,
  type History,
  type HistoryEvent,
  type HistorySettings,
  markOf,
  type Result,
  type SeenSession,
  vectorOf,
} from "../chaos/history.ts";
import { seededRandom } from "../chaos/random.ts";

/** What a history is to look like. */
export interface LargeHistoryOptions {
  readonly seed: number;
  /** Calls in it. */
  readonly operations: number;
  /** Sessions that they go to: 1 makes a hot one. */
  readonly sessions: number;
  /** Whether a session is destroyed now and then, and created anew, or goes on with a state that is full. */
  readonly lives: "many" | "one";
}

const SETTINGS: HistorySettings = {
  ttlMs: 3_600_000,
  commandTimeoutMs: 1_000,
  maxStalenessMs: 50,
  capacity: 10,
  lateBoundMs: 5_000,
  toleranceMs: 2,
  failMode: "open",
  durable: true,
  boundsJournal: true,
};
const PODS = 3;
/** Changes after which a state is full: a real one has at most 256 fields. */
const MOST_CHANGES = 40;
const CALLS_AT_ONCE = 4;

interface State {
  readonly incarnation: string;
  readonly version: number;
  readonly birth: number;
  readonly context: Readonly<Record<string, unknown>>;
  readonly trajectory: readonly (readonly number[])[];
  readonly changes: number;
}

interface Pod {
  readonly index: number;
  life: number;
  readonly inFlight: InFlight[];
  /** What it saw last of each session, and when. */
  readonly copies: Map<string, { readonly state: State; readonly atMs: number }>;
  outage: Outage | undefined;
}

interface Outage {
  stepsLeft: number;
  readonly journal: Call[];
}

interface InFlight {
  readonly call: Call;
  readonly isExecuted: boolean;
  readonly result: Result | undefined;
}

/** Makes a history; the same options make the same one. */
export function largeHistory(options: LargeHistoryOptions): History {
  return new Generator(options).run();
}

class Generator {
  readonly #options: LargeHistoryOptions;
  readonly #random: () => number;
  readonly #events: HistoryEvent[] = [];
  readonly #store = new Map<string, State>();
  readonly #pods: Pod[];
  #atMs = 0;
  #op = 0;
  #slots = 0;
  #incarnations = 0;

  constructor(options: LargeHistoryOptions) {
    this.#options = options;
    this.#random = seededRandom(options.seed);
    this.#pods = Array.from({ length: PODS }, (_, index) => ({
      ...{ index, life: 1, inFlight: [], copies: new Map(), outage: undefined },
    }));
  }

  run(): History {
    while (this.#op < this.#options.operations) this.#step(this.#pods[this.#below(PODS)]!);
    for (const pod of this.#pods) {
      if (pod.outage) this.#reconcile(pod, pod.outage);
      while (pod.inFlight.length > 0) this.#advance(pod, 0);
    }
    this.#push({ type: "end", atMs: this.#atMs });
    return { settings: SETTINGS, events: this.#events };
  }

  #step(pod: Pod): void {
    this.#atMs += this.#random();
    if (pod.outage) this.#stepAway(pod, pod.outage);
    else if (this.#random() < 0.000_2) this.#kill(pod);
    else if (pod.inFlight.length === 0 && this.#random() < 0.000_5) this.#goAway(pod);
    else if (pod.inFlight.length === CALLS_AT_ONCE || this.#random() < 0.6) {
      if (pod.inFlight.length > 0) this.#advance(pod, this.#below(pod.inFlight.length));
    } else this.#begin(pod, this.#plan());
  }

  #plan(): Call {
    const id = `s${this.#below(this.#options.sessions)}`;
    const session = { tenant: "t", id };
    const state = this.#store.get(id);
    const op = ++this.#op;
    const call = (kind: Call["kind"], ...effects: Effect[]): Call => ({
      ...{ op, kind, session, effects },
    });
    const isFull = state !== undefined && state.changes >= MOST_CHANGES;
    if (state === undefined) return call("getOrCreate", { kind: "birth" });
    if (isFull && this.#options.lives === "many" && this.#random() < 0.3) return call("destroy");
    const roll = this.#random();
    if (isFull && roll < 0.6 || roll < 0.4) return { ...call("get"), fresh: this.#random() < 0.4 };
    if (isFull) return call("touch");
    if (roll < 0.45) return call("getOrCreate", { kind: "birth" });
    if (roll < 0.75) return call("increment", this.#count());
    if (roll < 0.83) return call("updateContext", { kind: "set", deletes: this.#random() < 0.1 });
    if (roll < 0.9) return call("update", { kind: "list" });
    if (roll < 0.95) return call("appendTrajectory", { kind: "vector" });
    return call("apply", { kind: "set", deletes: false }, this.#count(), { kind: "vector" });
  }

  #count(): Effect {
    const slot = this.#slots++;
    const field = `c${Math.floor(slot / COUNTS_PER_FIELD)}`;
    return { kind: "count", field, by: 8 ** (slot % COUNTS_PER_FIELD) };
  }

  #begin(pod: Pod, call: Call): void {
    this.#push({ type: "invoke", atMs: this.#atMs, pod: nameOf(pod), call });
    pod.inFlight.push({ call, isExecuted: false, result: undefined });
  }

  /** Brings a call one step further: it is executed, or answered. */
  #advance(pod: Pod, index: number): void {
    const { call, isExecuted, result } = pod.inFlight[index]!;
    if (!isExecuted) {
      pod.inFlight[index] = { call, isExecuted: true, result: this.#execute(pod, call) };
    } else {
      pod.inFlight.splice(index, 1);
      this.#push({ type: "return", atMs: this.#atMs, op: call.op, result: result! });
    }
  }

  #execute(pod: Pod, call: Call): Result {
    if (call.effects.length > 0 && this.#random() < 0.002) {
      this.#push({ type: "fault", atMs: this.#atMs, kind: "reply-cut", pod: nameOf(pod) });
      if (this.#random() < 0.5) this.#apply(call);
      pod.copies.delete(call.session.id);
      return { kind: "unavailable", outcome: "unknown" };
    }
    if (call.kind === "get" && !call.fresh) {
      const copy = pod.copies.get(call.session.id);
      if (copy && this.#atMs - copy.atMs < SETTINGS.maxStalenessMs / 2) {
        return this.#answer(call, copy.state, true);
      }
    }
    const state = this.#store.get(call.session.id);
    const isThere = state !== undefined;
    const next = this.#apply(call);
    if (next) pod.copies.set(call.session.id, { state: next, atMs: this.#atMs });
    else pod.copies.delete(call.session.id);
    return this.#answer(call, next, isThere);
  }

  #answer(call: Call, state: State | undefined, isThere: boolean): Result {
    switch (call.kind) {
      case "destroy":
      case "touch":
        return { kind: "boolean", value: isThere };
      case "get":
        return state ? { kind: "session", session: shown(call, state) } : { kind: "absent" };
      default: {
        if (!state) return { kind: "not-found", reason: "destroyed" };
        const [effect] = call.effects;
        return call.kind === "increment" && effect?.kind === "count"
          ? { kind: "number", value: Number(state.context[effect.field]) }
          : { kind: "session", session: shown(call, state) };
      }
    }
  }

  /** What the store makes of a call. */
  #apply(call: Call): State | undefined {
    const { id } = call.session;
    const state = this.#store.get(id);
    if (call.kind === "getOrCreate" && !state) {
      this.#store.set(id, {
        ...{ incarnation: `i${++this.#incarnations}`, version: 1, birth: call.op },
        ...{ context: { b: call.op }, trajectory: [], changes: 0 },
      });
    } else if (call.kind === "destroy") this.#store.delete(id);
    else if (state && call.kind !== "get" && call.kind !== "getOrCreate") {
      this.#store.set(id, { ...changed(state, call), version: state.version + 1 });
    }
    return this.#store.get(id);
  }

  #kill(pod: Pod): void {
    this.#push({ type: "kill", atMs: this.#atMs, pod: nameOf(pod) });
    for (const { call, isExecuted } of pod.inFlight) {
      if (!isExecuted && this.#random() < 0.5) this.#apply(call);
    }
    pod.inFlight.length = 0;
    pod.copies.clear();
    pod.life++;
  }

  #goAway(pod: Pod): void {
    const name = nameOf(pod);
    this.#push({ type: "told", atMs: this.#atMs, pod: name, told: { name: "degraded" } });
    pod.outage = { stepsLeft: 2 + this.#below(12), journal: [] };
  }

  /** A call of a pod that cannot reach the store: it counts, and waits. */
  #stepAway(pod: Pod, outage: Outage): void {
    if (outage.stepsLeft-- <= 0) return this.#reconcile(pod, outage);
    const op = ++this.#op;
    const session = { tenant: "t", id: `s${this.#below(this.#options.sessions)}` };
    const call: Call = { op, kind: "increment", session, effects: [this.#count()] };
    const [effect] = call.effects;
    outage.journal.push(call);
    const value = outage.journal.reduce((sum, { session: { id }, effects: [other] }) => {
      const counts = id === session.id && other?.kind === "count" && effect?.kind === "count" &&
        other.field === effect.field;
      return counts ? sum + other.by : sum;
    }, 0);
    const invoked = { type: "invoke", atMs: this.#atMs, pod: nameOf(pod), call } as const;
    this.#push({ ...invoked, away: true });
    const result: Result = { kind: "number", value, degraded: true };
    this.#push({ type: "return", atMs: this.#atMs, op, result });
  }

  /** What waited comes into the store, or it is told that it cannot be kept. */
  #reconcile(pod: Pod, { journal }: Outage): void {
    pod.outage = undefined;
    const name = nameOf(pod);
    for (const call of journal) {
      const { session } = call;
      pod.copies.delete(session.id);
      if (this.#apply(call)) continue;
      const told = { name: "rejected", session, operations: 1, reason: "destroyed" } as const;
      this.#push({ type: "told", atMs: this.#atMs, pod: name, told });
    }
    this.#push({ type: "told", atMs: this.#atMs, pod: name, told: { name: "reconciled" } });
  }

  #push(event: HistoryEvent): void {
    this.#events.push(event);
  }

  #below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }
}

function nameOf({ index, life }: Pod): string {
  return life === 1 ? `p${index + 1}` : `p${index + 1}.${life}`;
}

function shown(
  { session }: Call,
  { incarnation, version, context, trajectory }: State,
): SeenSession {
  const expiresInMs = SETTINGS.ttlMs / 2;
  return { ...session, incarnation, version, context, trajectory, expiresInMs };
}

function changed(state: State, { op, effects }: Call): State {
  const context: Record<string, unknown> = { ...state.context };
  let { trajectory } = state;
  for (const effect of effects) {
    if (effect.kind === "count") {
      context[effect.field] = Number(context[effect.field] ?? 0) + effect.by;
    } else if (effect.kind === "set") {
      context[markOf(op)] = 1;
      if (effect.deletes) delete context.s;
      else context.s = op;
    } else if (effect.kind === "list") {
      context.u = [...(context.u as number[] | undefined ?? []), op];
    } else if (effect.kind === "vector") {
      trajectory = [...trajectory, vectorOf(op)].slice(-SETTINGS.capacity);
    }
  }
  return { ...state, context, trajectory, changes: state.changes + effects.length };
}
