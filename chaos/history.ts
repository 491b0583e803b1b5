/**
 * What happened in a run, as plain data: one line of JSON an event. The checker needs nothing else.
 *
 * @module
 */

/** Names one session: the same id under two tenants is two sessions. */
export interface SessionName {
  /** The tenant that owns it. */
  readonly tenant: string;
  /** The caller's id for it. */
  readonly id: string;
}

/** The calls that a case makes. */
export type CallKind =
  | "getOrCreate"
  | "get"
  | "increment"
  | "updateContext"
  | "update"
  | "appendTrajectory"
  | "apply"
  | "touch"
  | "destroy"
  | "rotate";

/**
 * What a call leaves in the state if it takes effect. Each can be told from every other call's, so that a
 * state says which calls it contains, and how many times.
 */
export type Effect =
  /** The initial context is `{ b: op }`. */
  | { readonly kind: "birth" }
  /** Adds `by`, a power of 8 of its own within the field: the octal digit counts it. */
  | { readonly kind: "count"; readonly field: string; readonly by: number }
  /** Sets the field `s` to the op's number, or deletes it; and sets `m<op>` to 1. */
  | { readonly kind: "set"; readonly deletes: boolean }
  /** Reads the list `u` and writes it back with the op's number at its end. */
  | { readonly kind: "list" }
  /** Appends `vectorOf(op)`. */
  | { readonly kind: "vector" };

/** One call of one pod. */
export interface Call {
  /** Number of the call, unique in its history, from 1. */
  readonly op: number;
  /** What is called. */
  readonly kind: CallKind;
  /** The session that it is about. */
  readonly session: SessionName;
  /** Where a rotation leads. */
  readonly to?: SessionName;
  /** Whether a read asks the store. */
  readonly fresh?: boolean;
  /** What it sets is too large: it has to be refused. */
  readonly oversize?: true;
  /** What it does to the session when it succeeds. */
  readonly effects: readonly Effect[];
}

/** A session as a caller saw it. */
export interface SeenSession {
  /** The session's tenant. */
  readonly tenant: string;
  /** The caller's own id for it. */
  readonly id: string;
  /** The nonce of its creation. */
  readonly incarnation: string;
  /** How often it had been committed to. */
  readonly version: number;
  /** Its fields. */
  readonly context: Readonly<Record<string, unknown>>;
  /** Its vectors, oldest first. */
  readonly trajectory: readonly (readonly number[])[];
  /** Time left as it was said when the call returned. */
  readonly expiresInMs: number;
  /** Operations in it that the store did not have; left out when there were none. */
  readonly pending?: number;
}

/** How a call ended. */
export type Result = Outcome & {
  /** It was told, or may have been, from what the pod holds: the store was away, or writes waited for it. */
  readonly degraded?: true;
};

/** What a call came to. */
export type Outcome =
  | { readonly kind: "session"; readonly session: SeenSession }
  /** A read found nothing. */
  | { readonly kind: "absent" }
  | { readonly kind: "number"; readonly value: number }
  | { readonly kind: "boolean"; readonly value: boolean }
  /** A write found no session. */
  | { readonly kind: "not-found"; readonly reason: string }
  | { readonly kind: "unavailable"; readonly outcome: "not-applied" | "unknown" }
  /** A refusal that had no effect and is right in some states, e.g. a rotation onto a taken id; `code` is the store's, or the journal's. */
  | { readonly kind: "refused"; readonly message: string; readonly code?: string }
  | { readonly kind: "error"; readonly name: string; readonly message: string };

/** One line of a history. The order of the lines is the order of the events. */
export type HistoryEvent =
  | {
    readonly type: "invoke";
    readonly atMs: number;
    readonly pod: string;
    readonly call: Call;
    /** The last calls of a history, when all faults are healed: they must succeed. */
    readonly final?: boolean;
    /** The pod said that it took the store for away. */
    readonly away?: true;
  }
  | {
    readonly type: "return";
    readonly atMs: number;
    readonly op: number;
    readonly result: Result;
  }
  /** The pod died: what it had not answered has no outcome. */
  | { readonly type: "kill"; readonly atMs: number; readonly pod: string }
  /** A fault took place; `pod` is the one it hit, or `store`. */
  | {
    readonly type: "fault";
    readonly atMs: number;
    readonly kind: string;
    readonly pod: string;
    /** Of an `eviction` the session's key; of a `store-clock-jump` by how many milliseconds, back below zero. */
    readonly detail?: string;
    /** When the store died, if it lived on for a while. */
    readonly downAtMs?: number;
    /** When it ended, for one that lasts. */
    readonly untilMs?: number;
  }
  /** A pod told something of itself. */
  | { readonly type: "told"; readonly atMs: number; readonly pod: string; readonly told: Told }
  /** A pod was asked to bring what waits into the store, with all faults healed. */
  | { readonly type: "flush"; readonly atMs: number; readonly pod: string; readonly flush: Flush }
  /** Everything that was planned has been done. */
  | { readonly type: "end"; readonly atMs: number };

/** What a pod tells by an event. */
export interface Told {
  /** The event's name. */
  readonly name: "degraded" | "rejected" | "lost" | "vanished" | "healed" | "reconciled";
  /** The session that it is about; by its hash when the history names no such session. */
  readonly session?: SessionName;
  /** Operations that it is about. */
  readonly operations?: number;
  /** Why, where the event says it. */
  readonly reason?: string;
}

/** How a flush ended. */
export interface Flush {
  /** `unkept`: something was reported as lost. `failed`: it did not end in time, or by an error. */
  readonly outcome: "kept" | "unkept" | "failed";
  /** What could not be kept, or why it failed. */
  readonly unkept?: readonly Pick<Told, "session" | "operations" | "reason">[];
  /** What the error said. */
  readonly message?: string;
  /** Sessions whose writes still waited afterwards. */
  readonly journaled: number;
  /** Whether nothing waited before it, and the pod had found its store, although nobody had asked. */
  readonly hadSettled: boolean;
  /** Whether the pod ended by it. */
  readonly isEnd?: true;
}

/** The bounds that the checker holds the library to. */
export interface HistorySettings {
  /** Time to live of a session, in milliseconds. */
  readonly ttlMs: number;
  /** Absolute limit of a session's life, in milliseconds. @default none */
  readonly maxLifetimeMs?: number;
  /** How long a command is waited for, in milliseconds. */
  readonly commandTimeoutMs: number;
  /** How old a copy may be that is served, in milliseconds. */
  readonly maxStalenessMs: number;
  /** Vectors that a trajectory keeps. */
  readonly capacity: number;
  /** How long after its call a command may still be executed, at most. */
  readonly lateBoundMs: number;
  /** Error of measuring times from outside. */
  readonly toleranceMs: number;
  /** What the pods do while the store is away. @default "closed" */
  readonly failMode?: "open" | "closed";
  /** Whether what a pod accepted then outlives it. @default false */
  readonly durable?: boolean;
  /** Whether a journal may be full. @default false */
  readonly boundsJournal?: boolean;
  /** When everything has to have recovered, where faults stopped before the last calls. */
  readonly recoveredAtMs?: number;
}

/** A whole run. */
export interface History {
  /** The bounds that it is held to. */
  readonly settings: HistorySettings;
  /** What happened, in order. */
  readonly events: readonly HistoryEvent[];
}

/** Increments that fit into one field, a power of 8 each, exactly in a double. */
export const COUNTS_PER_FIELD = 16;

/** The vector that the call `op` appends. */
export function vectorOf(op: number): number[] {
  return [op, op / 2, -op];
}

/** The context entry that shows that the call `op` took effect. */
export function markOf(op: number): string {
  return `m${op}`;
}

/** A history as text: a line for the settings, then one an event. */
export function writeHistory(history: History): string {
  return [...historyLines(history), ""].join("\n");
}

/** The lines of {@linkcode writeHistory}, for one that is larger than a string may be. */
export function* historyLines({ settings, events }: History): Generator<string> {
  yield JSON.stringify(settings);
  for (const event of events) yield JSON.stringify(event);
}
