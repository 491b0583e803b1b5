/**
 * A record as a row: text as bytes, under a checksum.
 *
 * @module
 */

import zlib from "node:zlib";

/** A row of the table. Everything is a BLOB, because Deno reads a text only up to its first NUL. */
export interface Row {
  /** Higher with every write: of two rows of one key, the later one counts. */
  readonly id: number;
  readonly key: Uint8Array;
  readonly record: Uint8Array;
  /** CRC-32 over the other three. */
  readonly crc: Uint8Array;
}

/** A row whose checksum holds. */
export interface WholeRow {
  readonly id: number;
  readonly key: string;
  readonly record: string;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Between key and record, where no byte of UTF-8 can be taken for it. */
const SEPARATOR = Uint8Array.of(0xff);

/** The row of a record. */
export function sealRow({ id, key, record }: WholeRow): Row {
  const row = { id, key: encoder.encode(key), record: encoder.encode(record) };
  return { ...row, crc: checksum(row) };
}

/** The record of a row; `undefined` when it is not what was written. */
export function openRow(row: Row): WholeRow | undefined {
  const crc = checksum(row);
  if (row.crc.length !== crc.length || crc.some((byte, index) => byte !== row.crc[index])) {
    return undefined;
  }
  return { id: row.id, key: decoder.decode(row.key), record: decoder.decode(row.record) };
}

function checksum({ id, key, record }: Omit<Row, "crc">): Uint8Array {
  const bytes = new DataView(new ArrayBuffer(8));
  bytes.setFloat64(0, id);
  const sum = [key, SEPARATOR, record].reduce(
    (sum, part) => zlib.crc32(part, sum),
    zlib.crc32(new Uint8Array(bytes.buffer)),
  );
  bytes.setUint32(0, sum);
  return new Uint8Array(bytes.buffer, 0, 4);
}
