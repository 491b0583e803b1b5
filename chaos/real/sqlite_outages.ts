/**
 * Outages of a SQLite file: it is locked, or the disk that it is on is full.
 *
 * @module
 */

import type { DatabaseSync } from "node:sqlite";
import type { CaseFault } from "../case.ts";
import type { FaultSpans } from "../fault_plan.ts";
import type { OutageKind } from "../outage_kinds.ts";
import { HealingTasks } from "./healing_tasks.ts";
import type { Outages } from "./real_outages.ts";

/** How often it is tried to lock a file that others write to. */
const RETRY_MS = 2;

/** Outages of one file. */
export class SqliteOutages implements Outages {
  readonly #path: string;
  readonly #spans: FaultSpans;
  readonly #fillDisk: (isFull: boolean) => void;
  readonly #tasks = new HealingTasks();

  /** `fillDisk` tells every pod whether there is room on the disk. */
  constructor(path: string, spans: FaultSpans, fillDisk: (isFull: boolean) => void) {
    this.#path = path;
    this.#spans = spans;
    this.#fillDisk = fillDisk;
  }

  /** Of both kinds there is one at a time. */
  get isBusy(): boolean {
    return this.#tasks.isBusy;
  }

  begin(fault: CaseFault & { readonly kind: OutageKind }): number | undefined {
    if (this.isBusy) return undefined;
    const lastsMs = this.#spans.outageMs(fault);
    if (fault.kind === "database-locked") this.#tasks.track(this.#lock(lastsMs));
    else if (fault.kind === "disk-full") this.#tasks.track(this.#fill(lastsMs));
    else return undefined;
    return lastsMs;
  }

  evict(): Promise<boolean> {
    return Promise.resolve(false);
  }

  heal(): Promise<void> {
    return this.#tasks.heal();
  }

  async #lock(lastsMs: number): Promise<void> {
    const { DatabaseSync } = await import("node:sqlite");
    const endsAtMs = performance.now() + lastsMs;
    const other = new DatabaseSync(this.#path);
    try {
      // SQLite's own waiting would keep this process from doing anything else.
      other.exec("PRAGMA busy_timeout = 0");
      while (!begins(other)) await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      await this.#tasks.wait(endsAtMs - performance.now());
    } finally {
      other.close();
    }
  }

  async #fill(lastsMs: number): Promise<void> {
    this.#fillDisk(true);
    await this.#tasks.wait(lastsMs);
    this.#fillDisk(false);
  }
}

function begins(database: DatabaseSync): boolean {
  try {
    database.exec("BEGIN EXCLUSIVE");
    return true;
  } catch (error) {
    if (error instanceof Error && error.message.includes("locked")) return false;
    throw error;
  }
}
