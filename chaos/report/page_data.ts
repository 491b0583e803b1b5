/**
 * Histories as the page gets them: columns of numbers, each text once. A hundred thousand calls fit into a few megabytes.
 *
 * @module
 */

import { faultWindows, laneOf } from "../fault_latency.ts";
import type { Call, History, HistoryEvent, Outcome, Result } from "../history.ts";
import { resultText } from "./history_text.ts";

/** How a call ended, as the page colours it. */
export const STATUSES = ["done", "degraded", "nothing", "refused", "ambiguous"] as const;

/** One call's end, as the page colours it. */
export type Status = typeof STATUSES[number];

/** One history. All times are in hundredths of a millisecond. */
export interface PageHistory {
  /** Names of the lanes: the store's, then one a pod. */
  readonly lanes: readonly string[];
  /** What calls, sessions, pods and results are called, which the columns name by index. */
  readonly texts: readonly string[];
  readonly operations: PageOperations;
  readonly faults: readonly PageFault[];
  readonly notes: readonly PageNote[];
  readonly endsAt: number;
  /** When all faults were healed and the last calls began; null if that never was. */
  readonly healedAt: number | null;
}

/** The calls, in the order in which they began. */
export interface PageOperations {
  readonly op: readonly number[];
  readonly pod: readonly number[];
  readonly lane: readonly number[];
  readonly kind: readonly number[];
  readonly session: readonly number[];
  /** Index in {@linkcode STATUSES}. */
  readonly status: readonly number[];
  readonly result: readonly number[];
  /** Since the one before began. */
  readonly after: readonly number[];
  /** How long it took; -1: it has no end. */
  readonly span: readonly number[];
}

/** A fault's time. */
export interface PageFault {
  readonly kind: string;
  readonly lane: number;
  readonly from: number;
  readonly until: number;
}

/** Something that a pod told, or its death. */
export interface PageNote {
  readonly kind: "death" | "told";
  readonly lane: number;
  readonly at: number;
  readonly text: string;
}

/** Calls above which results are told in short, so that the page stays small. */
const SHORT_ABOVE = 5_000;
const LONGEST_TEXT = 240;

/** Makes a history fit for the page. */
export function pageHistory(history: History): PageHistory {
  const { events } = history;
  const texts = new Texts();
  const lanes = lanesOf(events);
  const laneIndex = new Map(lanes.map((lane, index) => [lane, index]));
  const lane = (pod: string) => laneIndex.get(laneOf(pod)) ?? 0;
  const healed = events.find((event) => event.type === "invoke" && event.final);
  return {
    lanes,
    operations: operationColumns(events, texts, lane),
    faults: faultWindows(history).map(({ kind, lane: hit, fromMs, untilMs }) => ({
      ...{ kind, lane: lane(hit), from: toTicks(fromMs), until: toTicks(untilMs) },
    })),
    notes: events.flatMap((event) => noteOf(event, lane)),
    endsAt: toTicks(events.reduce((latest, { atMs }) => Math.max(latest, atMs), 0)),
    healedAt: healed === undefined ? null : toTicks(healed.atMs),
    texts: texts.all,
  };
}

/** Gives each text a number. */
class Texts {
  readonly #indices = new Map<string, number>();

  get all(): string[] {
    return [...this.#indices.keys()];
  }

  index(text: string): number {
    const known = this.#indices.get(text);
    if (known !== undefined) return known;
    this.#indices.set(text, this.#indices.size);
    return this.#indices.size - 1;
  }
}

function lanesOf(events: readonly HistoryEvent[]): string[] {
  const pods = new Set<string>();
  for (const event of events) if ("pod" in event) pods.add(laneOf(event.pod));
  pods.delete("store");
  return ["store", ...[...pods].sort((a, b) => a.localeCompare(b, "en", { numeric: true }))];
}

function operationColumns(
  events: readonly HistoryEvent[],
  texts: Texts,
  lane: (pod: string) => number,
): PageOperations {
  const begun = events.filter((event) => event.type === "invoke");
  const ended = new Map<number, { readonly atMs: number; readonly result: Result }>();
  for (const event of events) if (event.type === "return") ended.set(event.op, event);
  const deaths = new Map<string, number>();
  for (const event of events) if (event.type === "kill") deaths.set(event.pod, event.atMs);
  const isShort = begun.length > SHORT_ABOVE;
  const columns = {
    ...{ op: [], pod: [], lane: [], kind: [], session: [], status: [], result: [] },
    ...{ after: [], span: [] },
  } as { [Column in keyof PageOperations]: number[] };
  let before = 0;
  for (const { atMs, pod, call } of begun) {
    const end = ended.get(call.op);
    const from = toTicks(atMs);
    const status = end === undefined ? "ambiguous" : statusOf(end.result);
    const untilMs = status === "ambiguous" && mayHaveEffect(call)
      ? undefined
      : end?.atMs ?? deaths.get(pod);
    columns.op.push(call.op);
    columns.pod.push(texts.index(pod));
    columns.lane.push(lane(pod));
    columns.kind.push(texts.index(call.kind));
    columns.session.push(texts.index(sessionText(call)));
    columns.status.push(STATUSES.indexOf(status));
    columns.result.push(texts.index(end ? textOf(end.result, isShort) : "no answer"));
    columns.after.push(from - before);
    columns.span.push(untilMs === undefined ? -1 : toTicks(untilMs) - from);
    before = from;
  }
  return columns;
}

/** A read that lost its answer has done no more than that. */
function mayHaveEffect({ kind }: Call): boolean {
  return kind !== "get";
}

function statusOf(result: Result): Status {
  const status = outcomeStatus(result);
  return status === "done" && result.degraded ? "degraded" : status;
}

function outcomeStatus(outcome: Outcome): Status {
  switch (outcome.kind) {
    case "session":
    case "number":
    case "boolean":
      return "done";
    case "absent":
    case "not-found":
      return "nothing";
    case "unavailable":
      return outcome.outcome === "unknown" ? "ambiguous" : "refused";
    case "refused":
    case "error":
      return "refused";
  }
}

function textOf(result: Result, isShort: boolean): string {
  const text = isShort && result.kind === "session"
    ? `${result.degraded ? "degraded " : ""}version ${result.session.version}`
    : resultText(result);
  return text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT)}…` : text;
}

function sessionText({ session, to, fresh }: Call): string {
  const leads = to === undefined ? "" : ` → ${to.id}`;
  return `${session.tenant}/${session.id}${leads}${fresh ? " (fresh)" : ""}`;
}

function noteOf(event: HistoryEvent, lane: (pod: string) => number): PageNote[] {
  if (event.type === "kill") {
    const text = `${event.pod} died`;
    return [{ kind: "death", lane: lane(event.pod), at: toTicks(event.atMs), text }];
  }
  if (event.type !== "told") return [];
  const { name, session, operations, reason } = event.told;
  const words = [
    `${event.pod} tells "${name}"`,
    ...(session === undefined ? [] : [`of ${session.tenant}/${session.id}`]),
    ...(operations === undefined ? [] : [`(${operations} operations)`]),
    ...(reason === undefined ? [] : [reason]),
  ];
  return [{
    ...{ kind: "told", lane: lane(event.pod), at: toTicks(event.atMs), text: words.join(" ") },
  }];
}

function toTicks(timeMs: number): number {
  return Math.round(timeMs * 100);
}
