/**
 * Writes a history down while it happens.
 *
 * @module
 */

import type { FaultKind } from "./fault_kinds.ts";
import { hashedId } from "./hashed_id.ts";
import type {
  Call,
  History,
  HistoryEvent,
  HistorySettings,
  Result,
  SessionName,
  Told,
} from "./history.ts";
import type { PodFlush, PodTold } from "./pod_events.ts";

/** What is known of a fault besides. */
export interface FaultParticulars {
  /** For people. */
  readonly detail?: string;
  /** How long it takes until it ends. */
  readonly lastsMs?: number;
  /** How long the store lives on. */
  readonly downInMs?: number;
}

/** Collects the events of one history and counts what matters for the report. */
export class Recorder {
  readonly #events: HistoryEvent[] = [];
  readonly #faults = new Map<FaultKind, number>();
  readonly #nowMs: () => number;
  /** The sessions of the history by what events call them. */
  readonly #names = new Map<string, SessionName>();
  #operations = 0;

  /** `nowMs` is the time that events get, the same for all pods. */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** Calls made so far. */
  get operations(): number {
    return this.#operations;
  }

  /** How often each fault took place. */
  get faults(): ReadonlyMap<FaultKind, number> {
    return this.#faults;
  }

  /** `isAway`: the pod says that it takes the store for away. */
  invoke(pod: string, call: Call, { isFinal = false, isAway = false } = {}): void {
    this.#operations++;
    for (const { tenant, id } of [call.session, ...(call.to ? [call.to] : [])]) {
      this.#names.set(`${tenant}/${hashedId(id)}`, { tenant, id });
    }
    this.#events.push({
      ...{ type: "invoke", atMs: this.#nowMs(), pod, call } as const,
      ...(isFinal && { final: true }),
      ...(isAway && { away: true }),
    });
  }

  /** A last call that proved nothing: it is one of the others. */
  recall(op: number): void {
    const index = this.#events.findIndex((event) =>
      event.type === "invoke" && event.call.op === op
    );
    const event = this.#events[index];
    if (event?.type !== "invoke") return;
    const { final: _final, ...rest } = event;
    this.#events[index] = rest;
  }

  /** `wasAway`: the pod says now that it took the store for away when the call began. */
  answer(op: number, result: Result, wasAway = false): void {
    const begun = wasAway
      ? this.#events.findIndex((event) => event.type === "invoke" && event.call.op === op)
      : -1;
    const event = this.#events[begun];
    if (event?.type === "invoke") this.#events[begun] = { ...event, away: true };
    this.#events.push({ type: "return", atMs: this.#nowMs(), op, result });
  }

  /** A pod died. */
  kill(pod: string): void {
    this.#events.push({ type: "kill", atMs: this.#nowMs(), pod });
  }

  /** A pod told something; what is about sessions of other histories is not of this one. */
  told(pod: string, told: PodTold): void {
    if (told.tenant !== undefined && !this.#names.has(`${told.tenant}/${told.hashedId}`)) return;
    this.#events.push({ type: "told", atMs: this.#nowMs(), pod, told: this.#named(told) });
  }

  /** A pod was asked to bring what waits into the store. */
  flush(pod: string, { unkept, ...flush }: PodFlush): void {
    const named = unkept?.map((write) => this.#named(write));
    this.#events.push({
      type: "flush",
      atMs: this.#nowMs(),
      pod,
      flush: { ...flush, ...(named && { unkept: named }) },
    });
  }

  /** A fault took place, or began. */
  fault(kind: FaultKind, pod: string, more: FaultParticulars = {}): void {
    this.#faults.set(kind, (this.#faults.get(kind) ?? 0) + 1);
    this.window(kind, pod, more);
  }

  /** As {@linkcode fault}, of one that counts once it has struck. */
  window(kind: FaultKind, pod: string, more: FaultParticulars = {}): void {
    const atMs = this.#nowMs();
    this.#events.push({
      type: "fault",
      atMs,
      kind,
      pod,
      ...(more.detail === undefined ? {} : { detail: more.detail }),
      ...(more.downInMs === undefined ? {} : { downAtMs: atMs + more.downInMs }),
      ...(more.lastsMs === undefined ? {} : { untilMs: atMs + more.lastsMs }),
    });
  }

  /** The last window of a kind, of which nobody knew how long it would last, ends now. */
  ended(kind: FaultKind): void {
    const place = this.#events.findLastIndex((event) =>
      event.type === "fault" && event.kind === kind
    );
    const event = this.#events[place];
    if (event?.type === "fault") this.#events[place] = { ...event, untilMs: this.#nowMs() };
  }

  /** Everything is healed from now on: a store that was still to die does so at once. */
  healed(): void {
    const atMs = this.#nowMs();
    this.#events.forEach((event, place) => {
      if (event.type !== "fault" || event.downAtMs === undefined || event.downAtMs <= atMs) return;
      this.#events[place] = { ...event, downAtMs: atMs };
    });
  }

  /** What a window was opened for has happened. */
  struck(kind: FaultKind): void {
    this.#faults.set(kind, (this.#faults.get(kind) ?? 0) + 1);
  }

  /** Everything that was planned has been done. */
  end(): void {
    this.#events.push({ type: "end", atMs: this.#nowMs() });
  }

  /** What was collected, with the bounds that it is held to. */
  history(settings: HistorySettings): History {
    return { settings, events: this.#events };
  }

  #named<Named extends Omit<PodTold, "name">>(
    { tenant, hashedId, ...rest }: Named,
  ): Omit<Named, "tenant" | "hashedId"> & Pick<Told, "session"> {
    const session = this.#names.get(`${tenant}/${hashedId}`);
    return session === undefined ? rest : { ...rest, session };
  }
}
