/**
 * A storage adapter with a bug, to see chaos find it: `custom_adapter.ts` over a SQLite table, and what people get
 * wrong in one. The module's URL says which: `broken_adapter.ts?bug=lost-update`; without one it is right.
 *
 * @module
 */

import { DatabaseSync } from "node:sqlite";
import type { Clock, CommitBatch, StorageAdapter } from "@hakgal/sessions";
import type { AdapterOptions } from "@hakgal/sessions/chaos";
import { type Change, documentAdapter, type Documents } from "./custom_adapter.ts";

/** The bugs, by name. */
export const BUGS = [
  /** A document is read and written in two steps, and another pod's write in between is overwritten. */
  "lost-update",
  /** A write whose reply was lost is sent again as a new one. */
  "retry-without-seq",
  /** What has expired is decided by the pod's wall clock, not by the store's. */
  "wall-clock-ttl",
  /** A destroyed session leaves nothing behind that late writes could be told apart by. */
  "no-tombstone",
  /** The version is written first, and what belongs to it a moment later. */
  "partial-write",
] as const;

/** A bug's name. */
export type Bug = typeof BUGS[number];

const asked = new URL(import.meta.url).searchParams.get("bug");
const bug = BUGS.find((known) => known === asked);
if (asked !== null && bug === undefined) throw new Error(`There is no bug "${asked}".`);

/** What chaos asks a module for. */
export function createAdapter({ store, folder, clock }: AdapterOptions): StorageAdapter {
  const rows = clock ? rowsInMemory(store, clock) : new SqliteRows(`${folder}/${store}.sqlite`);
  const adapter = documentAdapter(new TableDocuments(rows));
  if (bug === "retry-without-seq") {
    const { commit } = adapter;
    adapter.commit = (key, batch, options) => commit.call(adapter, key, anew(batch), options);
  }
  return adapter;
}

/** The same batch, as if it had never been sent. */
function anew({ prev: _prev, ...batch }: CommitBatch): CommitBatch {
  return { ...batch, writer: crypto.randomUUID() };
}

/** A table of texts. */
interface Rows {
  read(key: string): string | undefined;
  /** Undefined removes it. */
  write(key: string, text: string | undefined): void;
  keys(): string[];
  nowMs(): number;
  /** Runs `work` while nobody else writes. */
  exclusively(work: () => void): Promise<void>;
}

class TableDocuments implements Documents {
  readonly #rows: Rows;

  constructor(rows: Rows) {
    this.#rows = rows;
  }

  async transact(key: string, change: Change): Promise<void> {
    const rows = this.#rows;
    if (bug === "lost-update") {
      const text = change(rows.read(key), rows.nowMs());
      await pause();
      if (text !== undefined) rows.write(key, text);
      return;
    }
    let rest: string | undefined;
    await rows.exclusively(() => {
      const before = rows.read(key);
      const text = change(before, bug === "wall-clock-ttl" ? Date.now() : rows.nowMs());
      if (text === undefined) return;
      if (bug === "no-tombstone" && isTombstone(text)) return rows.write(key, undefined);
      if (bug === "partial-write") rest = text;
      rows.write(key, rest === undefined ? text : metaOnly(text, before));
    });
    if (rest === undefined) return;
    await pause();
    await rows.exclusively(() => rows.write(key, rest));
  }

  async *keys(prefix: string): AsyncGenerator<string> {
    for (const key of this.#rows.keys()) if (key.startsWith(prefix)) yield key;
  }
}

function isTombstone(text: string): boolean {
  return JSON.parse(text).meta?.state === "tombstone";
}

/** The new meta with what the old one belonged to. */
function metaOnly(text: string, before: string | undefined): string {
  return JSON.stringify({ ...JSON.parse(text), fields: JSON.parse(before ?? "{}").fields ?? [] });
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 3));
}

/** A table in a file that all pods open. */
class SqliteRows implements Rows {
  readonly #database: DatabaseSync;

  constructor(path: string) {
    this.#database = new DatabaseSync(path);
    this.#database.exec("PRAGMA busy_timeout = 200; PRAGMA journal_mode = WAL");
    this.#database.exec("CREATE TABLE IF NOT EXISTS documents (key TEXT PRIMARY KEY, text TEXT)");
  }

  read(key: string): string | undefined {
    const row = this.#database.prepare("SELECT text FROM documents WHERE key = ?").get(key);
    return row === undefined ? undefined : String(row.text);
  }

  write(key: string, text: string | undefined): void {
    if (text === undefined) this.#database.prepare("DELETE FROM documents WHERE key = ?").run(key);
    else this.#database.prepare("REPLACE INTO documents VALUES (?, ?)").run(key, text);
  }

  keys(): string[] {
    return this.#database.prepare("SELECT key FROM documents").all().map(({ key }) => String(key));
  }

  nowMs(): number {
    const row = this.#database.prepare("SELECT unixepoch('subsec') * 1000 AS now").get();
    return Math.round(Number(row?.now));
  }

  exclusively(work: () => void): Promise<void> {
    this.#database.exec("BEGIN IMMEDIATE");
    try {
      work();
      this.#database.exec("COMMIT");
      return Promise.resolve();
    } catch (error) {
      this.#database.exec("ROLLBACK");
      return Promise.reject(error);
    }
  }
}

/** Tables of this process, by the store's name: for simulated runs. */
const tables = new Map<string, Map<string, string>>();

function rowsInMemory(store: string, clock: Clock): Rows {
  const table = tables.get(store) ?? new Map<string, string>();
  // Each history has a store of its own, and only one runs at a time.
  tables.clear();
  tables.set(store, table);
  return {
    read: (key) => table.get(key),
    write: (key, text) => void (text === undefined ? table.delete(key) : table.set(key, text)),
    keys: () => [...table.keys()],
    nowMs: () => clock.now(),
    exclusively: (work) => Promise.resolve(work()),
  };
}
