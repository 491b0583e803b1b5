/**
 * Reads a whole record as HGETALL answers it. Whatever does not fit together is corrupt: a session is given
 * in full or not at all.
 *
 * @module
 */

import { FORMAT_VERSION, slotsByAge } from "../../core/record.ts";
import type { SessionState, WriterEntry } from "../../core/storage_adapter.ts";
import type { RedisReply } from "./driver.ts";
import { decodeMeta, decodeWriter, type StoredMeta } from "./layout.ts";

/** A record that was read. */
export interface StoredRecord {
  readonly meta: StoredMeta;
  readonly state: SessionState;
  /** Where a moving session goes. */
  readonly moving: { readonly nonce: string; readonly to: string } | undefined;
}

// A byte order mark at the start of a name is part of the name.
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Whether HGETALL found nothing. */
export function isEmpty(reply: RedisReply): boolean {
  return reply instanceof Map ? reply.size === 0 : (reply as readonly unknown[]).length === 0;
}

/** Longest text that is rather put together here than handed to the decoder, for which each call is costly. */
const SHORT_BYTES = 80;

/** Text of UTF-8, from a byte to another; throws a TypeError when it is none. */
function toText(bytes: Uint8Array, from = 0, to = bytes.length): string {
  if (to - from > SHORT_BYTES) return utf8.decode(bytes.subarray(from, to));
  const codes = new Array<number>(to - from);
  for (let index = from; index < to; index++) {
    const byte = bytes[index]!;
    if (byte >= 0x80) return utf8.decode(bytes.subarray(from, to));
    codes[index - from] = byte;
  }
  return String.fromCharCode.apply(undefined, codes);
}

const SPACE = 0x20;
const ZERO = 0x30;

/**
 * A writer's entry, straight from its bytes: as a text it would cost as much as the rest of a small record. What is not
 * in the common form is left to the layout's own reader.
 */
function readWriter(bytes: Uint8Array): WriterEntry | undefined {
  let at = 0;
  const number = (): number => {
    let value = 0;
    for (; at < bytes.length && bytes[at] !== SPACE; at++) {
      const digit = bytes[at]! - ZERO;
      if (digit < 0 || digit > 9) return NaN;
      value = value * 10 + digit;
    }
    at++;
    return value;
  };
  const seq = number();
  const from = at;
  while (at < bytes.length && bytes[at] !== SPACE) at++;
  const incarnation = toText(bytes, from, at++);
  const version = number();
  const atMs = number();
  const occupied = number();
  const isCommon = seq > 0 && version > 0 && atMs > 0 && occupied <= 1 && incarnation !== "" &&
    at === bytes.length + 1;
  return isCommon
    ? { seq, incarnation, version, atMs, occupied: occupied === 1 }
    : decodeWriter(toText(bytes));
}

/** The names and values of a reply to HGETALL, in turn. */
function listOf(reply: RedisReply): readonly Uint8Array[] {
  return (reply instanceof Map ? [...reply].flat() : reply) as readonly Uint8Array[];
}

const COLON = 0x3a;

/** Which kind of field a name stands for: a letter, with a colon where what follows names it among its kind. */
function kindOf(name: Uint8Array): string {
  const letter = name.length > 0 ? String.fromCharCode(name[0]!) : "";
  return name.length === 1 ? letter : name[1] === COLON ? `${letter}:` : "";
}

/** Decodes a reply to HGETALL; `undefined` for a missing key. The bytes are copied, never kept. */
export function decodeRecord(
  reply: RedisReply,
): StoredRecord | { readonly corrupt: string } | undefined {
  if (isEmpty(reply)) return undefined;
  let i: string | undefined, m: string | undefined, s: string | undefined;
  let r: string | undefined;
  const context = new Map<string, string>();
  const vectors: Uint8Array[] = [];
  const writers = new Map<string, WriterEntry>();
  const list = listOf(reply);
  try {
    for (let index = 0; index + 1 < list.length; index += 2) {
      const [name, value] = [list[index]!, list[index + 1]!];
      switch (kindOf(name)) {
        case "c:":
          context.set(toText(name, 2), toText(value));
          break;
        case "v:":
          vectors[Number(toText(name, 2))] = value;
          break;
        case "w:": {
          const entry = readWriter(value);
          if (!entry) return { corrupt: "a writer's entry is unreadable" };
          writers.set(toText(name, 2), entry);
          break;
        }
        case "i":
          i = toText(value);
          break;
        case "m":
          m = toText(value);
          break;
        case "s":
          s = toText(value);
          break;
        case "r":
          r = toText(value);
      }
    }
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return { corrupt: "a text is no UTF-8" };
  }
  if (i === undefined || m === undefined || s === undefined) {
    return { corrupt: "its meta is missing" };
  }
  const format = i.slice(0, i.indexOf(" "));
  if (format !== String(FORMAT_VERSION)) {
    return { corrupt: `format version ${format.slice(0, 16)} is unknown` };
  }
  const meta = decodeMeta(i, m, s);
  if (!meta) return { corrupt: "its meta is unreadable" };
  return assemble(meta, { context, vectors, writers, r });
}

/** What of a record is no meta. */
interface Contents {
  readonly context: ReadonlyMap<string, string>;
  /** By slot. */
  readonly vectors: readonly (Uint8Array | undefined)[];
  readonly writers: ReadonlyMap<string, WriterEntry>;
  readonly r: string | undefined;
}

function assemble(
  meta: StoredMeta,
  { context, vectors, writers, r }: Contents,
): StoredRecord | { readonly corrupt: string } {
  if (context.size !== meta.fields) {
    return { corrupt: `${context.size} context fields where ${meta.fields} are counted` };
  }
  for (const [, json] of context) {
    if (!isJson(json)) return { corrupt: "a context entry is no JSON" };
  }
  const trajectory: Uint8Array[] = [];
  for (const slot of slotsByAge(meta)) {
    const vector = vectors[slot];
    if (!vector) return { corrupt: `the vector in slot ${slot} is missing` };
    if (vector.length !== meta.dimension * 4) {
      return { corrupt: `the vector in slot ${slot} has ${vector.length} bytes` };
    }
    trajectory.push(vector);
  }
  const [nonce, ...to] = r?.split(" ") ?? [];
  if (meta.state === "M" && !nonce) return { corrupt: "its rotation is missing" };
  const { incarnation, incarnationAtMs, createdAtMs, version, tag, capacity, floorMs } = meta;
  const { expiresAtMs, absoluteExpiresAtMs } = meta;
  const identity = { incarnation, version, tag };
  const times = { incarnationAtMs, createdAtMs, expiresAtMs, absoluteExpiresAtMs };
  return {
    meta,
    state: {
      ...{ ...identity, ...times, capacity, context, writers, floorMs },
      trajectory: copied(trajectory),
    },
    moving: nonce === undefined ? undefined : { nonce, to: to.join(" ") },
  };
}

/** Most bytes of vectors that share a buffer, and so stay as long as one of them does. */
const BLOCK_BYTES = 65_536;

/**
 * Copies of vectors of one length: a view would keep the whole reply alive, and stands at an odd offset. A buffer for
 * each costs more than its bytes do.
 */
function copied(vectors: readonly Uint8Array[]): Uint8Array[] {
  const bytes = vectors[0]?.length ?? 0;
  const perBlock = Math.max(1, Math.floor(BLOCK_BYTES / bytes));
  let block = new Uint8Array();
  return vectors.map((vector, index) => {
    const place = index % perBlock;
    if (place === 0) block = new Uint8Array(Math.min(perBlock, vectors.length - index) * bytes);
    const copy = block.subarray(place * bytes, (place + 1) * bytes);
    copy.set(vector);
    return copy;
  });
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
