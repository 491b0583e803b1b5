/**
 * Reads a history back, line by line: what is whole of one that was cut is still good.
 *
 * @module
 */

import type { History, HistoryEvent, HistorySettings } from "./history.ts";

/** Where a history stops being one. */
export interface HistoryCut {
  /** The first line that is no event, from 1. */
  readonly line: number;
  /** Lines that were left out, that one included. */
  readonly leftOut: number;
}

/** What was read. */
export interface ReadHistory {
  /** All that could be read. */
  readonly history: History;
  /** Set where the text was cut, or damaged, in the middle. */
  readonly cut?: HistoryCut;
}

/** What was given is no history. */
export class HistoryFormatError extends Error {
  /** Tells it from other errors. */
  override readonly name = "HistoryFormatError";
}

/**
 * Takes the lines of a history one after the other, so that one that is larger than a string may be can be read.
 *
 * @example
 * ```ts
 * import { HistoryReader } from "@hakgal/sessions/chaos";
 *
 * const reader = new HistoryReader();
 * reader.push(JSON.stringify({
 *   ...{ ttlMs: 60_000, commandTimeoutMs: 1_000, maxStalenessMs: 1_000 },
 *   ...{ capacity: 10, lateBoundMs: 5_000, toleranceMs: 5 },
 * }));
 * reader.push(`{"type":"end","atMs":0}`);
 * reader.push(`{"type":"inv`);
 * console.assert(reader.end().cut?.line === 3);
 * ```
 */
export class HistoryReader {
  readonly #events: HistoryEvent[] = [];
  #settings: HistorySettings | undefined;
  #lines = 0;
  #cutAt = 0;
  #leftOut = 0;

  /** Takes a line; {@linkcode HistoryFormatError} if the first one shows that it is no history. */
  push(line: string): void {
    this.#lines++;
    if (line.trim() === "") return;
    if (this.#cutAt > 0) this.#leftOut++;
    else if (this.#settings === undefined) this.#begin(line);
    else this.#add(line);
  }

  /** What was read. */
  end(): ReadHistory {
    if (this.#settings === undefined) {
      throw new HistoryFormatError("The history is empty. Give a file that chaos wrote.");
    }
    const history = { settings: this.#settings, events: this.#events };
    if (this.#cutAt === 0) return { history };
    return { history, cut: { line: this.#cutAt, leftOut: this.#leftOut } };
  }

  #begin(line: string): void {
    const settings = parse(line);
    if (!isSettings(settings)) {
      throw new HistoryFormatError(
        "Its first line has not the settings of a history. Give a file that chaos wrote.",
      );
    }
    this.#settings = settings;
  }

  #add(line: string): void {
    const event = parse(line);
    if (isEvent(event)) this.#events.push(event);
    else {
      this.#cutAt = this.#lines;
      this.#leftOut = 1;
    }
  }
}

/**
 * Reads what {@linkcode writeHistory} wrote; a last line that was cut off is left out.
 * {@linkcode HistoryFormatError} if it is damaged before.
 */
export function readHistory(text: string): History {
  const reader = new HistoryReader();
  for (const line of text.split("\n")) reader.push(line);
  const { history, cut } = reader.end();
  if (cut !== undefined && cut.leftOut > 1) {
    throw new HistoryFormatError(
      `Line ${cut.line} of the history is no event. Give a file that chaos wrote.`,
    );
  }
  return history;
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    // Whoever asked says what is wrong with it.
    return undefined;
  }
}

/** Whether a value has what {@linkcode HistorySettings} must have. */
export function isSettings(value: unknown): value is HistorySettings {
  return hasNumbers(value, [
    ...["ttlMs", "commandTimeoutMs", "maxStalenessMs"],
    ...["capacity", "lateBoundMs", "toleranceMs"],
  ]);
}

/** Whether a value is an event that the checker can take. */
export function isEvent(value: unknown): value is HistoryEvent {
  if (!isRecord(value) || typeof value.atMs !== "number") return false;
  switch (value.type) {
    case "invoke":
      return typeof value.pod === "string" && isCall(value.call);
    case "return":
      return typeof value.op === "number" && isResult(value.result);
    case "kill":
      return typeof value.pod === "string";
    case "fault":
      return typeof value.pod === "string" && typeof value.kind === "string";
    case "told":
      return typeof value.pod === "string" && isRecord(value.told) &&
        typeof value.told.name === "string";
    case "flush":
      return typeof value.pod === "string" && isRecord(value.flush);
    default:
      return value.type === "end";
  }
}

function isCall(value: unknown): boolean {
  return isRecord(value) && typeof value.op === "number" && typeof value.kind === "string" &&
    isName(value.session) && (value.to === undefined || isName(value.to)) &&
    Array.isArray(value.effects) && value.effects.every((effect) => isRecord(effect));
}

function isResult(value: unknown): boolean {
  if (!isRecord(value)) return false;
  if (value.kind !== "session") return typeof value.kind === "string";
  const { session } = value;
  return isName(session) && typeof session.incarnation === "string" &&
    hasNumbers(session, ["version", "expiresInMs"]) && isRecord(session.context) &&
    Array.isArray(session.trajectory) && session.trajectory.every(Array.isArray);
}

function isName(value: unknown): value is Record<string, unknown> {
  return isRecord(value) && typeof value.tenant === "string" && typeof value.id === "string";
}

function hasNumbers(value: unknown, names: readonly string[]): boolean {
  return isRecord(value) && names.every((name) => typeof value[name] === "number");
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
