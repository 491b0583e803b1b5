import type {
  Call,
  Effect,
  Flush,
  History,
  HistoryEvent,
  HistorySettings,
  Result,
  SeenSession,
  Told,
} from "../../chaos/history.ts";

const SETTINGS: HistorySettings = {
  ttlMs: 10_000,
  commandTimeoutMs: 1_000,
  maxStalenessMs: 500,
  capacity: 2,
  lateBoundMs: 2_000,
  toleranceMs: 1,
};

type State = Partial<Pick<SeenSession, "context" | "trajectory" | "expiresInMs">> & {
  readonly incarnation?: string;
  readonly version: number;
};

type CallOptions = Partial<Pick<Call, "fresh" | "to" | "session" | "oversize">> & {
  readonly effect?: Effect;
};

/** Writes a history by hand: one session `a/1` unless another is named, one call after the other. */
export class HistoryBuilder {
  readonly #events: HistoryEvent[] = [];
  readonly #calls = new Map<number, Call>();
  readonly #settings: HistorySettings;
  #atMs = 0;
  #op = 0;

  constructor(settings: Partial<HistorySettings> = {}) {
    this.#settings = { ...SETTINGS, ...settings };
  }

  /** Lets time pass. */
  wait(spanMs: number): this {
    this.#atMs += spanMs;
    return this;
  }

  /** Begins a call; the answer is its number. */
  begin(
    pod: string,
    kind: Call["kind"],
    options: CallOptions = {},
    isFinal = false,
    isAway = false,
  ): number {
    const { effect, session = { tenant: "a", id: "1" }, ...rest } = options;
    const op = ++this.#op;
    const call: Call = { op, kind, session, effects: effect ? [effect] : [], ...rest };
    this.#calls.set(op, call);
    const event = { type: "invoke", atMs: this.#atMs, pod, call } as const;
    this.#events.push({
      ...event,
      ...(isFinal && { final: true as const }),
      ...(isAway && { away: true as const }),
    });
    return op;
  }

  /** Ends a call. */
  end(op: number, result: Result): this {
    this.#events.push({ type: "return", atMs: ++this.#atMs, op, result });
    return this;
  }

  /** Ends a call from what its pod holds. */
  degraded(op: number, result: Result): this {
    return this.end(op, { ...result, degraded: true });
  }

  /** Ends a call with a session's state, from what its pod holds. */
  showsHeld(op: number, state: State & { readonly pending?: number }): this {
    const { tenant, id } = this.#calls.get(op)!.session;
    const { incarnation = "X", context = {}, trajectory = [], expiresInMs = 1, pending } = state;
    const { version } = state;
    const session = { tenant, id, trajectory, context, expiresInMs, incarnation, version };
    const shown = { ...session, ...(pending !== undefined && { pending }) };
    return this.degraded(op, { kind: "session", session: shown });
  }

  /** A pod tells something. */
  told(pod: string, told: Told): this {
    this.#events.push({ type: "told", atMs: this.#atMs, pod, told });
    return this;
  }

  flush(pod: string, flush: Flush): this {
    this.#events.push({ type: "flush", atMs: this.#atMs, pod, flush });
    return this;
  }

  /** Ends a call with a session's state. */
  shows(op: number, state: State): this {
    const call = this.#calls.get(op)!;
    const { tenant, id } = call.to ?? call.session;
    const { incarnation = "X", context = {}, trajectory = [], expiresInMs = 1 } = state;
    const session = { tenant, id, trajectory, context, expiresInMs, incarnation };
    return this.end(op, { kind: "session", session: { ...session, version: state.version } });
  }

  /** A getOrCreate that creates the session: call `1` when it is the first. */
  create(pod = "p1", incarnation = "X"): number {
    const op = this.begin(pod, "getOrCreate", { effect: { kind: "birth" } });
    this.shows(op, { incarnation, version: 1, context: { b: op } });
    return op;
  }

  /** A whole call that shows a state. */
  call(pod: string, kind: Call["kind"], options: CallOptions, state: State): number {
    const op = this.begin(pod, kind, options);
    this.shows(op, state);
    return op;
  }

  kill(pod: string): this {
    this.#events.push({ type: "kill", atMs: this.#atMs, pod });
    return this;
  }

  fault(kind: string, pod: string, lastsMs = 0, detail?: string): this {
    const untilMs = this.#atMs + lastsMs;
    const event = { type: "fault", atMs: this.#atMs, kind, pod, untilMs } as const;
    this.#events.push({ ...event, ...(detail !== undefined && { detail }) });
    return this;
  }

  /** The history, whole unless it is `cut`. */
  build(cut = false): History {
    const end: HistoryEvent[] = cut ? [] : [{ type: "end", atMs: this.#atMs }];
    return { settings: this.#settings, events: [...this.#events, ...end] };
  }
}
