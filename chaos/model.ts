/**
 * A history, indexed for the checker: calls with their outcomes, and what was seen of each session.
 * Written from the guarantees alone; it knows nothing of the library.
 *
 * @module
 */

import type {
  Call,
  CallKind,
  Effect,
  History,
  HistoryEvent,
  HistorySettings,
  Result,
  SeenSession,
  SessionName,
} from "./history.ts";
import type { Contents } from "./contents.ts";
import { observe } from "./observations.ts";
import { WorkMeter } from "./work_meter.ts";

/** What became of a call. */
export type Fate =
  /** It was answered, and has taken effect if it has one. */
  | "acknowledged"
  /** It was answered while the store was away: it is to take effect once, at any later moment. */
  | "journaled"
  /** It surely has no effect. */
  | "failed"
  /** It may take effect once, at any later moment, or never. */
  | "ambiguous";

/** One call, from its invocation to its answer. */
export interface Operation {
  readonly op: number;
  readonly call: Call;
  readonly kind: CallKind;
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
  /** When it stopped mattering: Infinity for what is ambiguous or journaled. */
  endIndex: number;
  /** Whether its pod took the store for away when it began. */
  readonly wasAway: boolean;
  /** Whether it was answered from what its pod held. */
  isDegraded: boolean;
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
  readonly observations: readonly Observation[];
  /** The call that gave birth to it, if the history has it. */
  readonly birth: Operation | undefined;
  /** When it surely existed: the return of the first call that saw it. */
  readonly firstSeenIndex: number;
  readonly firstSeenAtMs: number;
}

/** A fault, and how long it lasted. */
export interface FaultWindow {
  readonly kind: string;
  /** The pod that it hit, or `store`. */
  readonly pod: string;
  /** As the history has it. */
  readonly detail: string | undefined;
  readonly index: number;
  readonly fromMs: number;
  /** When the store died, if it did. */
  readonly downAtMs: number;
  readonly untilMs: number;
}

/** A history that can be asked. */
export interface Model {
  readonly settings: HistorySettings;
  readonly operations: readonly Operation[];
  readonly byOp: ReadonlyMap<number, Operation>;
  readonly byKey: ReadonlyMap<string, readonly Operation[]>;
  /** What the store had. */
  readonly observations: readonly Observation[];
  /** What pods showed while the store was away, or had not everything. */
  readonly degraded: readonly Observation[];
  /** How many states these show. */
  readonly states: number;
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
  readonly faults: readonly FaultWindow[];
  readonly told: readonly (HistoryEvent & { readonly type: "told" } & { readonly index: number })[];
  readonly flushes: readonly (HistoryEvent & { readonly type: "flush" })[];
  /** Whether anything was made to fail. */
  readonly hasFaults: boolean;
  readonly isComplete: boolean;
  /** Counts what the rules do. */
  readonly meter: WorkMeter;
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
  for (const effect of operation.call.effects) {
    if (effect.kind === kind) return effect as Extract<Effect, { kind: Kind }>;
  }
  return undefined;
}

/** Whether a call changes or renews a session that exists. */
export function isWrite(operation: Operation): boolean {
  return operation.kind !== "get" && operation.kind !== "getOrCreate";
}

/** Indexes a history. */
export function buildModel(history: History, meter: WorkMeter = new WorkMeter()): Model {
  const byOp = new Map<number, Operation>();
  const kills: { pod: string; index: number }[] = [];
  const restarts: number[] = [];
  const freezes: { pod: string; fromMs: number; untilMs: number }[] = [];
  const faults: FaultWindow[] = [];
  const told: (HistoryEvent & { type: "told" } & { index: number })[] = [];
  const flushes: (HistoryEvent & { type: "flush" })[] = [];
  const keys = new KeyPool();
  for (let index = 0; index < history.events.length; index++) {
    const event = history.events[index]!;
    if (event.type === "invoke") byOp.set(event.call.op, begin(event, index, keys));
    else if (event.type === "return") settle(byOp.get(event.op), event, index);
    else if (event.type === "kill") kills.push({ pod: event.pod, index });
    else if (event.type === "fault") {
      const { kind, pod, detail, atMs: fromMs, untilMs = fromMs, downAtMs = fromMs } = event;
      faults.push({ kind, pod, detail, index, fromMs, downAtMs, untilMs });
      if (KILLS_STORE.includes(kind)) restarts.push(index);
      else if (kind === "slow-pod") freezes.push({ pod, fromMs, untilMs });
    } else if (event.type === "told") told.push({ ...event, index });
    else if (event.type === "flush") flushes.push(event);
  }
  const operations = [...byOp.values()];
  for (const operation of operations) doubtResent(operation, faults);
  const seen = observe(
    history.events.length,
    byOp,
    ({ key, kind, call }) => kind === "rotate" && call.to ? keys.keyOf(call.to) : key,
  );
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
    ...seen,
    faults,
    told,
    flushes,
    kills,
    freezes,
    restarts,
    hasFaults: history.events.some(({ type }) => type === "fault"),
    isComplete: history.events.at(-1)?.type === "end",
    meter,
  };
}

function begin(
  event: HistoryEvent & { type: "invoke" },
  index: number,
  keys: KeyPool,
): Operation {
  return {
    op: event.call.op,
    call: event.call,
    kind: event.call.kind,
    pod: event.pod,
    key: keys.keyOf(event.call.session),
    isFinal: event.final ?? false,
    invokeIndex: index,
    invokeAtMs: event.atMs,
    returnIndex: Infinity,
    returnAtMs: Infinity,
    endIndex: Infinity,
    wasAway: event.away ?? false,
    isDegraded: false,
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
  operation.isDegraded = event.result.degraded ?? false;
  operation.fate = fateOf(event.result);
  if (operation.fate === "acknowledged" && operation.isDegraded && mayWait(operation)) {
    operation.fate = "journaled";
  }
  const isOpen = operation.fate === "ambiguous" || operation.fate === "journaled";
  operation.endIndex = isOpen ? Infinity : index;
  // What was created or rotated can have been destroyed before the call could show it.
  const { kind } = operation.call;
  if ((kind === "rotate" || kind === "getOrCreate") && event.result.kind === "not-found") {
    operation.fate = "ambiguous";
  }
}

/** A refusal is of what a client sent again by itself: what it sent first may have been carried out. */
function doubtResent(operation: Operation, faults: readonly FaultWindow[]): void {
  const { result, pod, invokeIndex, returnIndex } = operation;
  if (result?.kind !== "refused" || !isStores(result.code)) return;
  const isResent = faults.some((fault) =>
    fault.kind === "resend" && fault.pod === pod && fault.index > invokeIndex &&
    fault.index < returnIndex
  );
  if (!isResent) return;
  operation.fate = "ambiguous";
  operation.endIndex = Infinity;
}

/** Whether a refusal came from the store. */
function isStores(code: string | undefined): boolean {
  return code !== undefined && code !== "INVALID_INPUT" && code !== "JOURNAL_FULL";
}

const KILLS_STORE: readonly string[] = [
  ...["server-restart", "store-outage", "store-empty", "store-rollback", "failover", "flapping"],
  ...["pod-kill-outage", "pod-kill-replay", "ttl-in-outage", "destroy-in-outage"],
];

/** Whether what was answered from memory is something that the store has to learn of. */
function mayWait({ call, op, result }: Operation): boolean {
  if (call.kind === "get" || call.kind === "rotate") return false;
  // What was held was given as it was.
  return call.kind !== "getOrCreate" ||
    (result?.kind === "session" && result.session.context.b === op);
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

/** Names each session by one and the same text: a map finds it sooner than one that is only equal. */
class KeyPool {
  readonly #tenants = new Map<string, Map<string, string>>();

  keyOf(name: SessionName): string {
    let ids = this.#tenants.get(name.tenant);
    if (ids === undefined) this.#tenants.set(name.tenant, ids = new Map());
    let key = ids.get(name.id);
    if (key === undefined) ids.set(name.id, key = keyOf(name));
    return key;
  }
}
