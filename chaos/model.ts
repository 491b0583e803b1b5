/**
 * A history, indexed for the checker: calls with their outcomes, and what was seen of each session.
 * Written from the guarantees alone; it knows nothing of the library.
 *
 * @module
 */

import type {
  Call,
  Effect,
  History,
  HistoryEvent,
  HistorySettings,
  Result,
  SeenSession,
  SessionName,
} from "./history.ts";
import { type Contents, decodeContents } from "./contents.ts";

/** What became of a call. */
export type Fate =
  /** It was answered, and has taken effect if it has one. */
  | "acknowledged"
  /** It surely has no effect. */
  | "failed"
  /** It may take effect once, at any later moment, or never. */
  | "ambiguous";

/** One call, from its invocation to its answer. */
export interface Operation {
  readonly op: number;
  readonly call: Call;
  readonly pod: string;
  /** The session's tenant and id as one text. */
  readonly key: string;
  readonly isFinal: boolean;
  /** Place in the history: what comes before what. */
  readonly invokeIndex: number;
  readonly invokeAtMs: number;
  /** Infinity while it has no answer. */
  returnIndex: number;
  returnAtMs: number;
  /** When it stopped mattering: Infinity for what is ambiguous. */
  endIndex: number;
  result: Result | undefined;
  fate: Fate;
}

/** A session's state, as one call saw it. */
export interface Observation {
  readonly by: Operation;
  readonly key: string;
  readonly incarnation: string;
  readonly version: number;
  readonly contents: Contents;
  readonly seen: SeenSession;
  /** Whether the store itself was asked during the call. */
  readonly isFresh: boolean;
}

/** Everything seen of one incarnation. */
export interface Incarnation {
  readonly id: string;
  readonly key: string;
  /** In the order of their returns. */
  readonly observations: Observation[];
  /** The call that gave birth to it, if the history has it. */
  birth: Operation | undefined;
  /** When it surely existed: the return of the first call that saw it. */
  firstSeenIndex: number;
  firstSeenAtMs: number;
}

/** A history that can be asked. */
export interface Model {
  readonly settings: HistorySettings;
  readonly operations: readonly Operation[];
  readonly byOp: ReadonlyMap<number, Operation>;
  readonly byKey: ReadonlyMap<string, readonly Operation[]>;
  readonly observations: readonly Observation[];
  readonly incarnations: ReadonlyMap<string, Incarnation>;
  readonly kills: readonly { readonly pod: string; readonly index: number }[];
  /** Spans in which a pod stood still. */
  readonly freezes: readonly {
    readonly pod: string;
    readonly fromMs: number;
    readonly untilMs: number;
  }[];
  /** Indexes of the store's restarts. */
  readonly restarts: readonly number[];
  /** Whether anything was made to fail. */
  readonly hasFaults: boolean;
  readonly isComplete: boolean;
}

/** A session's name as one text. */
export function keyOf(name: SessionName): string {
  return `${name.tenant}/${name.id}`;
}

/** Whether the call `operation` would leave `kind` in the state. */
export function effectOf<Kind extends Effect["kind"]>(
  operation: Operation,
  kind: Kind,
): Extract<Effect, { kind: Kind }> | undefined {
  return operation.call.effects.find((effect) => effect.kind === kind) as
    | Extract<Effect, { kind: Kind }>
    | undefined;
}

/** Whether a call changes or renews a session that exists. */
export function isWrite(operation: Operation): boolean {
  return operation.call.kind !== "get" && operation.call.kind !== "getOrCreate";
}

/** Indexes a history. */
export function buildModel(history: History): Model {
  const byOp = new Map<number, Operation>();
  const kills: { pod: string; index: number }[] = [];
  const restarts: number[] = [];
  const freezes: { pod: string; fromMs: number; untilMs: number }[] = [];
  for (const [index, event] of history.events.entries()) {
    if (event.type === "invoke") byOp.set(event.call.op, begin(event, index));
    else if (event.type === "return") settle(byOp.get(event.op), event, index);
    else if (event.type === "kill") kills.push({ pod: event.pod, index });
    else if (event.type === "fault") {
      const { kind, pod, atMs: fromMs, untilMs = fromMs } = event;
      if (kind === "server-restart") restarts.push(index);
      else if (kind === "slow-pod") freezes.push({ pod, fromMs, untilMs });
    }
  }
  const operations = [...byOp.values()];
  const observations = observe(operations);
  const byKey = new Map<string, Operation[]>();
  for (const operation of operations) {
    const others = byKey.get(operation.key);
    if (others) others.push(operation);
    else byKey.set(operation.key, [operation]);
  }
  return {
    settings: history.settings,
    operations,
    byOp,
    byKey,
    observations,
    incarnations: groupByIncarnation(observations, byOp),
    kills,
    freezes,
    restarts,
    hasFaults: history.events.some(({ type }) => type === "fault"),
    isComplete: history.events.at(-1)?.type === "end",
  };
}

function begin(event: HistoryEvent & { type: "invoke" }, index: number): Operation {
  return {
    op: event.call.op,
    call: event.call,
    pod: event.pod,
    key: keyOf(event.call.session),
    isFinal: event.final ?? false,
    invokeIndex: index,
    invokeAtMs: event.atMs,
    returnIndex: Infinity,
    returnAtMs: Infinity,
    endIndex: Infinity,
    result: undefined,
    fate: "ambiguous",
  };
}

function settle(
  operation: Operation | undefined,
  event: HistoryEvent & { type: "return" },
  index: number,
): void {
  if (operation === undefined) return;
  operation.result = event.result;
  operation.returnIndex = index;
  operation.returnAtMs = event.atMs;
  operation.fate = fateOf(event.result);
  operation.endIndex = operation.fate === "ambiguous" ? Infinity : index;
  // What was created or rotated can have been destroyed before the call could show it.
  const { kind } = operation.call;
  if ((kind === "rotate" || kind === "getOrCreate") && event.result.kind === "not-found") {
    operation.fate = "ambiguous";
  }
}

function fateOf(result: Result): Fate {
  switch (result.kind) {
    case "session":
    case "absent":
    case "number":
    case "boolean":
      return "acknowledged";
    case "not-found":
    case "refused":
      return "failed";
    case "unavailable":
      return result.outcome === "not-applied" ? "failed" : "ambiguous";
    case "error":
      return "ambiguous";
  }
}

function observe(operations: readonly Operation[]): Observation[] {
  const observations: Observation[] = [];
  for (const by of operations) {
    if (by.result?.kind !== "session") continue;
    const { session } = by.result;
    const asked = by.call.kind === "get" ? by.call.fresh === true : by.call.kind !== "getOrCreate";
    const contents = decodeContents(session);
    observations.push({
      by,
      key: by.call.kind === "rotate" && by.call.to ? keyOf(by.call.to) : by.key,
      incarnation: session.incarnation,
      version: session.version,
      contents,
      seen: session,
      isFresh: asked || (by.call.kind === "getOrCreate" && contents.birth === by.op),
    });
  }
  return observations.sort((a, b) => a.by.returnIndex - b.by.returnIndex);
}

function groupByIncarnation(
  observations: readonly Observation[],
  byOp: ReadonlyMap<number, Operation>,
): Map<string, Incarnation> {
  const incarnations = new Map<string, Incarnation>();
  for (const observation of observations) {
    const known = incarnations.get(observation.incarnation);
    if (known) {
      known.observations.push(observation);
      continue;
    }
    const { birth } = observation.contents;
    incarnations.set(observation.incarnation, {
      id: observation.incarnation,
      key: observation.key,
      observations: [observation],
      birth: birth === undefined ? undefined : byOp.get(birth),
      firstSeenIndex: observation.by.returnIndex,
      firstSeenAtMs: observation.by.returnAtMs,
    });
  }
  return incarnations;
}
