/**
 * The stored form of a session on the Redis family, and how batches and replies travel.
 *
 * One session is one hash. Its fields:
 *
 * | field | value |
 * | --- | --- |
 * | `i` | identity: format, state, incarnation, absoluteExpiresAtMs, incarnationAtMs, createdAtMs. State is one letter: `L` live, `M` moving, and of a tombstone `D` destroyed, `E` expired, `R` rotated |
 * | `m` | what every commit moves: version, tag, expiresAtMs, dropAtMs |
 * | `s` | what changes with the sizes: fields, bytes, appended, capacity, dimension, floorMs, oldestWriterMs |
 * | `h` | the holders, by commas; absent when there is none |
 * | `r` | of a moving session: the rotation's nonce and the full key of the new place |
 * | `c:<name>` | a context entry's JSON text |
 * | `v:<slot>` | a vector: raw little-endian float32 |
 * | `w:<writer>` | a writer's last batch: seq, incarnation, version, atMs, occupied (0 or 1) |
 *
 * Parts are separated by one space; `-` stands for "none". The key's own TTL ends at `dropAtMs`; whether
 * the session lives is told by `expiresAtMs`. A tombstone has only `i`, `m`, `s` and writers, each of at most
 * 64 bytes with ids of up to 32 characters, so that the server keeps it in its compact form.
 *
 * @module
 */

import { FORMAT_VERSION, stateBytes } from "../../core/record.ts";
import type {
  CommitBatch,
  CommitReply,
  ContextEntry,
  GoneReason,
  HealReply,
  HealRequest,
  HeartbeatReply,
  Invalidation,
  InvalidReason,
  LoadReply,
  LoadRequest,
  Operation,
  RefusedReply,
  SessionState,
  WriterEntry,
} from "../../core/storage_adapter.ts";

/** An argument of a command. */
export type Argument = string | Uint8Array;

// Spaces separate the parts of a record and of a reply, commas the holders.
const ID = /^[^\s,]+$/;
const NONE = "-";
/** The holder where it is the writer, too. */
const SAME = "=";

/** A batch as the arguments of the commit script (see there). */
export function encodeBatch(batch: CommitBatch): Argument[] {
  const { accepted, holder, limits } = batch;
  const { writer, ifVersion } = batch;
  const holding = holder === undefined ? NONE : holder.pod === writer ? SAME : id(holder.pod);
  const header = [
    id(writer),
    batch.seq,
    orNone(batch.incarnation),
    orNone(batch.prev),
    batch.firstSentAtMs,
    orNone(batch.notAfterMs),
    accepted === undefined ? NONE : `${accepted.firstMs},${accepted.lastMs}`,
    batch.ttlMs,
    batch.graceMs,
    batch.tombstoneMs,
    batch.writerRetentionMs,
    // Lua reads no "Infinity".
    Math.min(limits.maxFields, Number.MAX_VALUE),
    Math.min(limits.maxBytes, Number.MAX_VALUE),
    ifVersion === undefined
      ? NONE
      : `${ifVersion.incarnation},${ifVersion.version},${ifVersion.tag}`,
    // What may have spaces comes last.
    holding,
    holder?.inboxPrefix ?? "",
  ];
  // No literal, for the reason that core/calls.ts gives: it waits for the answer, and may hold vectors.
  const args = Array.of<Argument>(header.join(" "));
  for (const operation of batch.operations) encodeOperation(operation, args);
  return args;
}

function encodeOperation(operation: Operation, args: Argument[]): void {
  args.push(operation.kind);
  switch (operation.kind) {
    case "create":
      args.push(id(operation.nonce), String(operation.capacity), orNone(operation.lifetimeMs));
      encodeContext(operation.context, args);
      return;
    case "set":
      args.push(operation.field, operation.json);
      return;
    case "delete":
      args.push(operation.field);
      return;
    case "increment":
      // String(-0) is "0".
      args.push(operation.field, Object.is(operation.by, -0) ? "-0" : String(operation.by));
      return;
    case "append":
      args.push(operation.vector);
      return;
    case "freeze":
      args.push(id(operation.nonce), operation.to);
      return;
    case "finish":
    case "thaw":
      args.push(id(operation.nonce));
      return;
    case "destroy":
      args.push(orNone(operation.incarnationAtMs));
      return;
    case "adopt": {
      const { state } = operation;
      args.push(id(operation.nonce), operation.yields ? "1" : "0");
      args.push(String(state.version), String(state.createdAtMs));
      args.push(String(state.expiresAtMs), orNone(state.absoluteExpiresAtMs));
      args.push(String(state.capacity));
      encodeContext([...state.context], args);
      args.push(String(state.trajectory.length), ...state.trajectory);
    }
  }
}

function encodeContext(context: readonly ContextEntry[], args: Argument[]): void {
  args.push(String(context.length));
  for (const [field, json] of context) args.push(field, json);
}

function id(text: string): string {
  if (!ID.test(text)) throw new TypeError(`an id must have no space and no comma: "${text}"`);
  return text;
}

function orNone(part: number | string | undefined): string {
  return part === undefined ? NONE : String(part);
}

function noneOr<Text extends string>(text: string | undefined): Text | undefined {
  return text === NONE ? undefined : text as Text;
}

/** The line that the commit script answers. */
export function decodeCommitReply(line: string): CommitReply {
  const parts = line.split(" ");
  const outcome = parts[0]! as CommitReply["outcome"];
  const storeTimeMs = Number(parts[1]);
  switch (outcome) {
    case "applied":
      return {
        outcome,
        storeTimeMs,
        identity: { incarnation: parts[2]!, version: Number(parts[3]), tag: parts[4]! },
        baseTag: noneOr(parts[5]),
        expiresAtMs: Number(parts[6]),
        created: parts[7] === "1",
        found: parts[8] === "1",
        numbers: parts.slice(9).map(Number),
      };
    case "duplicate": {
      const [, , incarnation, version, occupied] = parts;
      return {
        outcome,
        storeTimeMs,
        incarnation: incarnation!,
        version: Number(version),
        occupied: occupied === "1",
      };
    }
    case "gone":
      return {
        outcome,
        storeTimeMs,
        reason: noneOr<GoneReason>(parts[2]),
        alive: noneOr(parts[3]),
        moving: parts[4] === "1",
      };
    case "invalid":
      return {
        outcome,
        storeTimeMs,
        operation: Number(parts[2]),
        reason: parts[3] as InvalidReason,
        size: Number(parts[4]),
        limit: Number(parts[5]),
      };
    case "corrupt":
      return { outcome, storeTimeMs, detail: parts.slice(2).join(" ") };
    default:
      return { outcome: outcome satisfies RefusedReply["outcome"], storeTimeMs };
  }
}

/** The line that the load script answers; `read` says that the state is still to be read. */
export function decodeLoadReply(
  line: string,
): LoadReply | { outcome: "read"; storeTimeMs: number } {
  const [outcome, time, first, second] = line.split(" ");
  const storeTimeMs = Number(time);
  switch (outcome) {
    case "gone":
      return { outcome, storeTimeMs, reason: first as GoneReason, incarnation: second! };
    case "unchanged":
      return { outcome, storeTimeMs, expiresAtMs: Number(first) };
    case "corrupt":
      return { outcome, storeTimeMs, detail: line.split(" ").slice(2).join(" ") };
    default:
      return { outcome: outcome as "missing" | "read", storeTimeMs };
  }
}

/** The meta of a record as far as a reader needs it. */
export interface StoredMeta extends Omit<SessionState, "context" | "trajectory" | "writers"> {
  /** The letter under which the state is stored. */
  readonly state: "L" | "M" | "D" | "E" | "R";
  /** When the record goes, whatever it is. */
  readonly dropAtMs: number;
  readonly fields: number;
  readonly appended: number;
  readonly dimension: number;
}

/** Why a tombstone stands where it stands, by the letter of its state. */
export const GONE_REASONS: Readonly<Partial<Record<StoredMeta["state"], GoneReason>>> = {
  D: "destroyed",
  E: "expired",
  R: "rotated",
};

/** Reads of the field `m` what a pod that knows the rest needs; whatever it cannot read is no number. */
export function decodeMoved(m: string): Pick<StoredMeta, "version" | "tag" | "expiresAtMs"> {
  const [version, tag = "", expires] = m.split(" ");
  return { version: Number(version), tag, expiresAtMs: Number(expires) };
}

/** Reads the fields `i`, `m` and `s`; undefined when they cannot be read. */
export function decodeMeta(i: string, m: string, s: string): StoredMeta | undefined {
  const [format, state, incarnation, absoluteExpiresAtMs, incarnationAtMs, createdAtMs] = i
    .split(" ");
  const moving = m.split(" ");
  const sizes = s.split(" ");
  if (
    format !== String(FORMAT_VERSION) || !/^[LMDER]$/.test(state ?? "") || moving.length !== 4 ||
    sizes.length !== 7
  ) return undefined;
  const meta: StoredMeta = {
    state: state as StoredMeta["state"],
    incarnation: incarnation!,
    incarnationAtMs: Number(incarnationAtMs),
    createdAtMs: Number(createdAtMs),
    version: Number(moving[0]),
    tag: moving[1]!,
    expiresAtMs: Number(moving[2]),
    dropAtMs: Number(moving[3]),
    absoluteExpiresAtMs: absoluteExpiresAtMs === NONE ? undefined : Number(absoluteExpiresAtMs),
    fields: Number(sizes[0]),
    appended: Number(sizes[2]),
    capacity: Number(sizes[3]),
    dimension: Number(sizes[4]),
    floorMs: Number(sizes[5]),
  };
  // Not a number anywhere makes the sum none either.
  const sum = meta.incarnationAtMs + meta.createdAtMs + meta.version + meta.expiresAtMs +
    meta.dropAtMs + (meta.absoluteExpiresAtMs ?? 0) + meta.fields + meta.appended + meta.capacity +
    meta.dimension + meta.floorMs + Number(sizes[1]);
  return Number.isFinite(sum) ? meta : undefined;
}

const WRITER = /^(\d+) ([^ ]+) (\d+) ([\d.]+) ([01])$/;

/** Reads a field `w:*`; undefined when it cannot be read. */
export function decodeWriter(text: string): WriterEntry | undefined {
  const [, seq, incarnation, version, at, occupied] = WRITER.exec(text) ?? [];
  const atMs = Number(at);
  if (Number.isNaN(atMs)) return undefined;
  return {
    seq: Number(seq),
    incarnation: incarnation!,
    version: Number(version),
    atMs,
    occupied: occupied === "1",
  };
}

function encodeWriter({ seq, incarnation, version, atMs, occupied }: WriterEntry): string {
  const text = `${seq} ${incarnation} ${version} ${atMs} ${occupied ? 1 : 0}`;
  if (!decodeWriter(text)) throw new TypeError(`a writer's entry cannot be "${text}"`);
  return text;
}

/** A load's arguments for the load script (see there). */
export function encodeLoad({ tombstoneMs, holder, known, acceptedMs }: LoadRequest): Argument[] {
  const args = [String(tombstoneMs), holder ? id(holder.pod) : "", orNone(acceptedMs)];
  if (known) args.push(known.incarnation, String(known.version), known.tag);
  return args;
}

/** A copy as the arguments of the heal script (see there). */
export function encodeHeal({ state, notAfterMs, graceMs, holder }: HealRequest): Argument[] {
  const { context, writers } = state;
  const trajectory = state.trajectory.slice(-state.capacity);
  const header = {
    incarnation: id(state.incarnation),
    incarnationAtMs: state.incarnationAtMs,
    createdAtMs: state.createdAtMs,
    version: state.version,
    tag: id(state.tag),
    expiresAtMs: state.expiresAtMs,
    absoluteExpiresAtMs: state.absoluteExpiresAtMs,
    capacity: state.capacity,
    floorMs: state.floorMs,
    notAfterMs,
    graceMs,
    pod: holder && id(holder.pod),
    writers: writers.size,
    fields: context.size,
    bytes: stateBytes(context, trajectory),
    appended: trajectory.length,
    dimension: (trajectory[0]?.length ?? 0) / 4,
  };
  const args: Argument[] = [JSON.stringify(header)];
  for (const [writer, entry] of writers) args.push(`w:${id(writer)}`, encodeWriter(entry));
  for (const [field, json] of context) args.push(`c:${field}`, json);
  for (const [slot, vector] of trajectory.entries()) args.push(`v:${slot}`, vector);
  return args;
}

/** The line that the heal script answers. */
export function decodeHealReply(line: string): HealReply {
  const [outcome, time, ...rest] = line.split(" ");
  const storeTimeMs = Number(time);
  switch (outcome as HealReply["outcome"]) {
    case "gone":
      return { outcome: "gone", storeTimeMs, reason: rest[0] as GoneReason };
    case "corrupt":
      return { outcome: "corrupt", storeTimeMs, detail: rest.join(" ") };
    case "healed": {
      const displaced = noneOr(rest[0]);
      return {
        outcome: "healed",
        storeTimeMs,
        displaced: displaced === undefined ? undefined : Number(displaced),
      };
    }
    default:
      return { outcome: outcome as "intact", storeTimeMs };
  }
}

/** The line that the heartbeat script answers. */
export function decodeHeartbeatReply(line: string): HeartbeatReply {
  const [, time, counter, epoch] = line.split(" ");
  return { storeTimeMs: Number(time), counter: Number(counter), epoch: noneOr(epoch) };
}

/** The message that the commit script publishes: version, incarnation and key. */
export function decodeInvalidation(message: string): Invalidation | undefined {
  const [, version, incarnation, key] = /^(\d+) (\S+) (.*)$/s.exec(message) ?? [];
  if (version === undefined) return undefined;
  return { key: key!, incarnation: incarnation!, version: Number(version) };
}
