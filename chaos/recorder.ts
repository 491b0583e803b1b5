/**
 * Writes a history down while it happens.
 *
 * @module
 */

import type { FaultKind } from "./fault_kinds.ts";
import type { Call, History, HistoryEvent, HistorySettings, Result } from "./history.ts";

/** Collects the events of one history and counts what matters for the report. */
export class Recorder {
  readonly #events: HistoryEvent[] = [];
  readonly #faults = new Map<FaultKind, number>();
  readonly #nowMs: () => number;
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

  invoke(pod: string, call: Call, isFinal: boolean): void {
    this.#operations++;
    const event = { type: "invoke", atMs: this.#nowMs(), pod, call } as const;
    this.#events.push(isFinal ? { ...event, final: true } : event);
  }

  answer(op: number, result: Result): void {
    this.#events.push({ type: "return", atMs: this.#nowMs(), op, result });
  }

  kill(pod: string): void {
    this.#events.push({ type: "kill", atMs: this.#nowMs(), pod });
  }

  fault(kind: FaultKind, pod: string, more: { detail?: string; lastsMs?: number } = {}): void {
    this.#faults.set(kind, (this.#faults.get(kind) ?? 0) + 1);
    const atMs = this.#nowMs();
    this.#events.push({
      type: "fault",
      atMs,
      kind,
      pod,
      ...(more.detail === undefined ? {} : { detail: more.detail }),
      ...(more.lastsMs === undefined ? {} : { untilMs: atMs + more.lastsMs }),
    });
  }

  end(): void {
    this.#events.push({ type: "end", atMs: this.#nowMs() });
  }

  history(settings: HistorySettings): History {
    return { settings, events: this.#events };
  }
}
