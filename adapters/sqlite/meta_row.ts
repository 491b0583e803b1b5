/**
 * A record's meta as a row of the table `session`: encoder and decoder side by side. Holders have no
 * column: a store without inboxes has nobody to tell.
 *
 * @module
 */

import type { SQLInputValue, SQLOutputValue } from "node:sqlite";
import { FORMAT_VERSION, type RecordMeta } from "../../core/record.ts";

/** The columns, in the order of {@linkcode encodeMeta}. */
export const META_COLUMNS = [
  "format",
  "state",
  "reason",
  "moving_nonce",
  "moving_to",
  "incarnation",
  "incarnation_at_ms",
  "created_at_ms",
  "version",
  "tag",
  "expires_at_ms",
  "absolute_expires_at_ms",
  "drop_at_ms",
  "fields",
  "bytes",
  "appended",
  "capacity",
  "dimension",
  "floor_ms",
  "oldest_writer_ms",
] as const;

type MetaColumn = typeof META_COLUMNS[number];

/** The row's values. */
export function encodeMeta(meta: RecordMeta): SQLInputValue[] {
  return [
    meta.format,
    meta.state,
    meta.reason,
    meta.moving?.nonce ?? null,
    meta.moving?.to ?? null,
    meta.incarnation,
    meta.incarnationAtMs,
    meta.createdAtMs,
    meta.version,
    meta.tag,
    meta.expiresAtMs,
    meta.absoluteExpiresAtMs ?? null,
    meta.dropAtMs,
    meta.fields,
    meta.bytes,
    meta.appended,
    meta.capacity,
    meta.dimension,
    meta.floorMs,
    meta.oldestWriterMs,
  ];
}

/** The meta, or what is wrong with the row. */
export function decodeMeta(row: Record<string, SQLOutputValue>): RecordMeta | { corrupt: string } {
  if (row.format !== FORMAT_VERSION) return { corrupt: `format ${row.format} is not known` };
  try {
    return decodeColumns(row);
  } catch (error) {
    if (error instanceof ColumnError) return { corrupt: error.message };
    throw error;
  }
}

function decodeColumns(row: Record<string, SQLOutputValue>): RecordMeta {
  const text = (column: MetaColumn) => expect(column, row[column], isString);
  const time = (column: MetaColumn) => expect(column, row[column], isNumber);
  const count = (column: MetaColumn) => expect(column, row[column], isCount);
  const state = expect("state", row.state, isState);
  return {
    format: FORMAT_VERSION,
    state,
    reason: expect("reason", row.reason, isReason),
    moving: state === "moving" ? { nonce: text("moving_nonce"), to: text("moving_to") } : undefined,
    incarnation: text("incarnation"),
    incarnationAtMs: time("incarnation_at_ms"),
    createdAtMs: time("created_at_ms"),
    version: count("version"),
    tag: text("tag"),
    expiresAtMs: time("expires_at_ms"),
    absoluteExpiresAtMs: row.absolute_expires_at_ms === null
      ? undefined
      : time("absolute_expires_at_ms"),
    dropAtMs: time("drop_at_ms"),
    holders: [],
    fields: count("fields"),
    bytes: count("bytes"),
    appended: count("appended"),
    capacity: count("capacity"),
    dimension: count("dimension"),
    floorMs: time("floor_ms"),
    oldestWriterMs: time("oldest_writer_ms"),
  };
}

class ColumnError extends Error {}

function expect<Value extends SQLOutputValue>(
  column: string,
  value: SQLOutputValue | undefined,
  is: (value: SQLOutputValue | undefined) => value is Value,
): Value {
  if (is(value)) return value;
  throw new ColumnError(`column ${column} cannot be read`);
}

type Column = SQLOutputValue | undefined;

const isString = (value: Column): value is string => typeof value === "string";
const isNumber = (value: Column): value is number => typeof value === "number";
const isCount = (value: Column): value is number => isNumber(value) && value >= 0;
const isState = (value: Column): value is RecordMeta["state"] & string =>
  value === "live" || value === "moving" || value === "tombstone";
const isReason = (value: Column): value is RecordMeta["reason"] & string =>
  value === "destroyed" || value === "expired" || value === "rotated";
