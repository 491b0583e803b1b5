/**
 * Drops what has run out, in small portions, inside transactions that happen anyway.
 *
 * @module
 */

import type { Clock } from "../../core/clock.ts";
import type { KnownRows } from "./known_rows.ts";
import { purgeRecord } from "./record.ts";
import type { Statements } from "./statements.ts";

const MAX_PORTION = 50;
/** Records are of up to a megabyte: a portion also ends after this time. */
const MAX_SPAN_MS = 2;
const PAUSE_MS = 5_000;
/** The pause after a portion that left something over. */
const SHORT_PAUSE_MS = 100;

/** Remembers when the next portion is due. */
export class Sweeper {
  readonly #statements: Statements;
  readonly #rows: KnownRows;
  readonly #clock: Clock;
  #dueMs = 0;

  constructor(statements: Statements, rows: KnownRows, clock: Clock) {
    this.#statements = statements;
    this.#rows = rows;
    this.#clock = clock;
  }

  /** Drops a portion if one is due; inside a write transaction. */
  sweep(nowMs: number): void {
    if (nowMs < this.#dueMs) return;
    this.#statements.deletePods.run(nowMs);
    const rows = this.#statements.dropped.all(nowMs, MAX_PORTION);
    const untilMs = this.#clock.now() + MAX_SPAN_MS;
    let dropped = 0;
    for (const { key } of rows) {
      if (this.#clock.now() > untilMs) break;
      purgeRecord(this.#statements, key as string);
      this.#rows.forget(key as string);
      dropped += 1;
    }
    const done = dropped < MAX_PORTION && dropped === rows.length;
    this.#dueMs = nowMs + (done ? PAUSE_MS : SHORT_PAUSE_MS);
  }
}
