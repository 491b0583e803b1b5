/**
 * Finds whole rows in a file that SQLite refuses, by looking at every leaf page of a table
 * (https://sqlite.org/fileformat2.html#b_tree_pages). The checksum of each row tells what to believe. Rows
 * that were removed do not come back: the file is written with `secure_delete`.
 *
 * @module
 */

import { openRow, type Row, type WholeRow } from "./row.ts";
import type { Log } from "./wal.ts";

/** Bytes of a page of a journal's file. */
export const PAGE_BYTES = 4096;

const TABLE_LEAF = 0x0d;
/** A payload of up to so many bytes lies in its leaf as a whole. */
const MAX_LOCAL = PAGE_BYTES - 35;
const MIN_LOCAL = Math.floor(((PAGE_BYTES - 12) * 32) / 255) - 23;
/** An overflow page begins with the number of the next. */
const OVERFLOW_BYTES = PAGE_BYTES - 4;

/** The whole rows of a file and its log; of several rows of a key, the last. */
export function salvage(file: Uint8Array, log: Log): WholeRow[] {
  const pages = new Pages(file, log);
  const newest = new Map<string, WholeRow>();
  // The first page has only the schema.
  for (let number = 2; number <= pages.count; number++) {
    for (const row of rowsOfLeaf(pages, pages.get(number))) {
      const other = newest.get(row.key);
      if (!other || other.id < row.id) newest.set(row.key, row);
    }
  }
  return [...newest.values()].sort((a, b) => a.id - b.id);
}

class Pages {
  readonly count: number;
  readonly #file: Uint8Array;
  readonly #log: Log;

  constructor(file: Uint8Array, log: Log) {
    this.count = log.pageCount ?? Math.ceil(file.length / PAGE_BYTES);
    this.#file = file;
    this.#log = log;
  }

  /** Pages that are not there are empty. */
  get(number: number): Uint8Array {
    const logged = this.#log.pages.get(number);
    if (logged) return logged;
    const end = number * PAGE_BYTES;
    if (end <= this.#file.length) return this.#file.subarray(end - PAGE_BYTES, end);
    const page = new Uint8Array(PAGE_BYTES);
    page.set(this.#file.subarray(Math.max(0, end - PAGE_BYTES)));
    return page;
  }
}

function* rowsOfLeaf(pages: Pages, page: Uint8Array): Generator<WholeRow> {
  if (page[0] !== TABLE_LEAF) return;
  const view = viewOf(page);
  const cells = Math.min(view.getUint16(3), (PAGE_BYTES - 8) / 2);
  for (let cell = 0; cell < cells; cell++) {
    const row = readCell(pages, page, view.getUint16(8 + 2 * cell));
    const whole = row && openRow(row);
    if (whole) yield whole;
  }
}

function readCell(pages: Pages, page: Uint8Array, start: number): Row | undefined {
  const reader = new Varints(page, start);
  const length = reader.next();
  const id = reader.next();
  // No row is longer than the file.
  if (length > pages.count * PAGE_BYTES || !Number.isSafeInteger(id)) return undefined;
  const payload = readPayload(pages, page, reader.at, length);
  return payload && parsePayload(id, payload);
}

function readPayload(
  pages: Pages,
  page: Uint8Array,
  start: number,
  length: number,
): Uint8Array | undefined {
  const local = length <= MAX_LOCAL ? length : localBytes(length);
  if (start + local + (local < length ? 4 : 0) > PAGE_BYTES) return undefined;
  const payload = new Uint8Array(length);
  payload.set(page.subarray(start, start + local));
  let overflow = local < length ? viewOf(page).getUint32(start + local) : 0;
  for (let filled = local; filled < length; filled += OVERFLOW_BYTES) {
    if (overflow < 2 || overflow > pages.count) return undefined;
    const next = pages.get(overflow);
    payload.set(next.subarray(4, 4 + Math.min(OVERFLOW_BYTES, length - filled)), filled);
    overflow = viewOf(next).getUint32(0);
  }
  return payload;
}

function localBytes(length: number): number {
  const bytes = MIN_LOCAL + (length - MIN_LOCAL) % OVERFLOW_BYTES;
  return bytes <= MAX_LOCAL ? bytes : MIN_LOCAL;
}

/** A payload: the length of its header, the types of the columns (`id` is NULL, the others BLOBs), the columns. */
function parsePayload(id: number, payload: Uint8Array): Row | undefined {
  const reader = new Varints(payload, 0);
  let at = reader.next();
  const types = [reader.next(), reader.next(), reader.next(), reader.next()];
  if (reader.at !== at || types[0] !== 0) return undefined;
  const [key, record, crc] = types.slice(1).map((type) => {
    const start = at;
    at += (type - 12) / 2;
    return type >= 12 && type % 2 === 0 ? payload.subarray(start, at) : undefined;
  });
  return key && record && crc && at === payload.length ? { id, key, record, crc } : undefined;
}

/** Reads SQLite's numbers of one to nine bytes. */
class Varints {
  at: number;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array, start: number) {
    this.#bytes = bytes;
    this.at = start;
  }

  /** Beyond the end there are zeros. */
  next(): number {
    let value = 0;
    for (let index = 0; index < 8; index++) {
      const byte = this.#bytes[this.at++] ?? 0;
      value = value * 128 + (byte & 0x7f);
      if (byte < 0x80) return value;
    }
    return value * 256 + (this.#bytes[this.at++] ?? 0);
  }
}

function viewOf(page: Uint8Array): DataView {
  return new DataView(page.buffer, page.byteOffset, page.length);
}
