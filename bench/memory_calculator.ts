/**
 * What sessions take in the memory of Redis or Valkey.
 *
 * Counted as the server counts (`MEMORY USAGE`): a hash that is a table has an object of 16 bytes, a table of 56 and
 * 8 bytes for each of its slots, which are a power of two; each field has an entry of 24 bytes, its name and its
 * value; the key has an entry and its name. Names and values are simple dynamic strings: a header and a final NUL
 * around the bytes (sds.h). Each is rounded up to the next size that jemalloc has: multiples of 16 up to 128, and
 * above that four sizes in each doubling. Where no name or value is longer than 64 bytes and there are 512 fields at
 * most, the hash is one block instead (a listpack), in which each costs its bytes and two.
 *
 * @module
 */

/** What a session holds. */
export interface SessionShape {
  /** Vectors in the trajectory. */
  readonly vectors: number;
  /** Numbers in each vector, of 4 bytes. */
  readonly dimension: number;
  /** Entries of the context. @default 5 */
  readonly fields?: number;
  /** Bytes of an entry's name. @default 12 */
  readonly nameBytes?: number;
  /** Bytes of an entry's JSON text. @default 8 */
  readonly valueBytes?: number;
  /** Pods that wrote it within the last hours. @default 2 */
  readonly writers?: number;
  /** Pods that hold it. @default 1 */
  readonly holders?: number;
  /** Bytes of the tenant's name. @default 8 */
  readonly tenantBytes?: number;
}

/** Bytes that a session takes. */
export interface SessionMemory {
  /** What `MEMORY USAGE key SAMPLES 0` says of it. */
  readonly memoryUsage: number;
  /** All of it: `memoryUsage`, and what the server keeps of it outside (its expiry, its slots in two tables). */
  readonly total: number;
}

const OBJECT_BYTES = 16;
const TABLE_BYTES = 56;
const SLOT_BYTES = 8;
const ENTRY_BYTES = 24;
/** An entry and its slot in the table of expiries, and a slot in that of the keys: tables are half full or more. */
const EXPIRY_BYTES = 32 + 3 * SLOT_BYTES;
const LEAST_SLOTS = 4;
const MOST_COMPACT_BYTES = 64;
const MOST_COMPACT_FIELDS = 512;
/** Of a block, and of each name and value in it: its kind and length before, its length again behind. */
const COMPACT_HEADER_BYTES = 7;
const COMPACT_OVERHEAD_BYTES = 2;

/** `hakgal:tenant:` + `:session:` + 64 hex digits. */
const KEY_BYTES = 14 + 9 + 64;
/** Lengths of the values of the fields `i`, `m`, `s`, of a holder in `h`, and of a writer's name and value. */
const IDENTITY_BYTES = 50;
const MOVING_BYTES = 48;
const SIZES_BYTES = 30;
const HOLDER_BYTES = 17;
const WRITER_NAME_BYTES = 18;
const WRITER_VALUE_BYTES = 36;

/**
 * What one session takes.
 *
 * @example
 * ```ts
 * import { sessionMemory } from "./memory_calculator.ts";
 *
 * const { total } = sessionMemory({ vectors: 10, dimension: 1_536 });
 * console.assert(total > 70_000 && total < 75_000);
 * ```
 * @throws RangeError when a number is negative or none
 */
export function sessionMemory(shape: SessionShape): SessionMemory {
  const { fields = 5, nameBytes = 12, valueBytes = 8, writers = 2, holders = 1, tenantBytes = 8 } =
    shape;
  const { vectors, dimension } = shape;
  for (const number of [vectors, dimension, fields, nameBytes, valueBytes, writers, holders]) {
    if (!(number >= 0)) throw new RangeError(`${number} is no number of bytes or things.`);
  }
  const contents: readonly HashFields[] = [
    { count: 1, name: 1, value: IDENTITY_BYTES },
    { count: 1, name: 1, value: MOVING_BYTES },
    { count: 1, name: 1, value: SIZES_BYTES },
    { count: Math.min(1, holders), name: 1, value: HOLDER_BYTES * holders - 1 },
    { count: fields, name: 2 + nameBytes, value: valueBytes },
    { count: vectors, name: 4, value: 4 * dimension },
    { count: writers, name: WRITER_NAME_BYTES, value: WRITER_VALUE_BYTES },
  ].filter(({ count }) => count > 0);
  const memoryUsage = OBJECT_BYTES + (isCompact(contents) ? block(contents) : table(contents)) +
    ENTRY_BYTES + string(KEY_BYTES + tenantBytes);
  return { memoryUsage, total: memoryUsage + EXPIRY_BYTES };
}

/** Fields of one kind, with the bytes of their names and values. */
interface HashFields {
  readonly count: number;
  readonly name: number;
  readonly value: number;
}

/** Whether the server keeps a hash in one block, by its defaults (hash-max-listpack-entries and -value). */
function isCompact(contents: readonly HashFields[]): boolean {
  const isShort = contents.every(({ name, value }) => Math.max(name, value) <= MOST_COMPACT_BYTES);
  return isShort && sum(contents, () => 1) <= MOST_COMPACT_FIELDS;
}

function block(contents: readonly HashFields[]): number {
  const held = sum(contents, ({ name, value }) => name + value + 2 * COMPACT_OVERHEAD_BYTES);
  return allocated(COMPACT_HEADER_BYTES + held);
}

function table(contents: readonly HashFields[]): number {
  const entries = sum(contents, ({ name, value }) => ENTRY_BYTES + string(name) + string(value));
  return TABLE_BYTES + SLOT_BYTES * slots(sum(contents, () => 1)) + entries;
}

function sum(contents: readonly HashFields[], of: (field: HashFields) => number): number {
  return contents.reduce((total, field) => total + field.count * of(field), 0);
}

/** What so many sessions take together, in bytes. */
export function storeMemory(sessions: number, shape: SessionShape): number {
  return sessions * sessionMemory(shape).total;
}

/** A simple dynamic string of `bytes`, as it is allocated. */
function string(bytes: number): number {
  const header = bytes < 32 ? 1 : bytes < 256 ? 3 : bytes < 65_536 ? 5 : 9;
  return allocated(bytes + header + 1);
}

/** The size that jemalloc gives. */
function allocated(bytes: number): number {
  if (bytes <= 8) return 8;
  if (bytes <= 128) return 16 * Math.ceil(bytes / 16);
  const step = 2 ** (Math.ceil(Math.log2(bytes)) - 3);
  return step * Math.ceil(bytes / step);
}

function slots(entries: number): number {
  return Math.max(LEAST_SLOTS, 2 ** Math.ceil(Math.log2(entries)));
}
