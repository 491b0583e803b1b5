/**
 * The live sessions of a SQLite file, page by page.
 *
 * @module
 */

import type { SQLOutputValue } from "node:sqlite";
import { FORMAT_VERSION } from "../../core/record.ts";
import type { ListedRecord } from "../../core/storage_adapter.ts";
import type { Database } from "./database.ts";
import { nextTurn } from "./write_queue.ts";

/** Rows looked at between two turns of the event loop, tombstones included. */
const PAGE_ROWS = 256;

/** Live sessions whose key begins with `prefix`; each page may take `timeoutMs`. */
export async function* listLive(
  /** Called for each page: the store may have been closed while the caller looked at the last one. */
  opened: () => Database,
  prefix: string,
  timeoutMs: number,
): AsyncGenerator<ListedRecord> {
  let fromKey = prefix;
  let pastKey: string | null = null;
  while (true) {
    const database = opened();
    const rows = await database.read(
      () => database.statements.listPage.all(fromKey, pastKey, PAGE_ROWS),
      timeoutMs,
    );
    for (const row of rows) {
      const key = row.key as string;
      // The keys with a prefix are neighbours.
      if (!key.startsWith(prefix)) return;
      const entry = liveEntry(key, row, database.time.nowMs());
      if (entry) yield entry;
      fromKey = pastKey = key;
    }
    if (rows.length < PAGE_ROWS) return;
    await nextTurn();
  }
}

function liveEntry(
  key: string,
  row: Record<string, SQLOutputValue>,
  nowMs: number,
): ListedRecord | undefined {
  const expiresInMs = (row.expires_at_ms as number) - nowMs;
  if (row.format !== FORMAT_VERSION || row.state === "tombstone" || expiresInMs <= 0) {
    return undefined;
  }
  const version = row.version as number;
  return { key, version, createdAtMs: row.created_at_ms as number, expiresInMs };
}
