/**
 * What sessions take in the memory of Redis or Valkey.
 *
 * Counted as the server counts (`MEMORY USAGE`): a hash that is a table has an object of 16 bytes, a table of 56 and
 * 8 bytes for each of its slots, which are a power of two; each field has an entry of 24 bytes, its name and its
 * value; the key has an entry and its name. Names and values are simple dynamic strings: a header and a final NUL
 * around the bytes (sds.h). Each is rounded up to the next size that jemalloc has: multiples of 16 up to 128, and
 * above that four sizes in each doubling. The small form (listpack) never applies: the field `m` of a live session is
 * longer than its limit of 64 bytes.
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

/** `hakgal:tenant:` + `:session:` + 64 hex digits. */
const KEY_BYTES = 14 + 9 + 64;
/** Lengths of the values of the fields `i`, `m` without holders, `s`, and of a writer's name and value. */
const IDENTITY_BYTES = 46;
const MOVING_BYTES = 63;
const HOLDER_BYTES = 17;
const SIZES_BYTES = 20;
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
  const count = 3 + fields + vectors + writers;
  const field = (name: number, value: number) => ENTRY_BYTES + string(name) + string(value);
  const memoryUsage = OBJECT_BYTES + TABLE_BYTES + SLOT_BYTES * slots(count) +
    field(1, IDENTITY_BYTES) + field(1, MOVING_BYTES + HOLDER_BYTES * holders) +
    field(1, SIZES_BYTES) + fields * field(2 + nameBytes, valueBytes) +
    vectors * field(4, 4 * dimension) + writers * field(WRITER_NAME_BYTES, WRITER_VALUE_BYTES) +
    ENTRY_BYTES + string(KEY_BYTES + tenantBytes);
  return { memoryUsage, total: memoryUsage + EXPIRY_BYTES };
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
