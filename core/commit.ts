/**
 * The commit primitive as an executable specification: what a batch does to one record.
 * Stores that can run it inside a transaction (memory, SQLite) do; the Redis family's script is held to it
 * by the conformance suite. It reads and writes the record through {@linkcode RecordCursor}, so that a
 * counter update never touches the vectors beside it.
 *
 * @module
 */

import type {
  AppliedReply,
  CommitBatch,
  CommitReply,
  GoneReason,
  GoneReply,
  Identity,
  Operation,
  WriterEntry,
} from "./storage_adapter.ts";
import { Draft } from "./draft.ts";
import {
  addHolder,
  FORMAT_VERSION,
  type RecordCursor,
  type RecordMeta,
  stateBytes,
} from "./record.ts";

/** What a commit answers, and which pods hold a copy that it made stale. */
export interface CommitResult {
  /** The answer to the pod. */
  readonly reply: CommitReply;
  /** Pods to be told, `all` when there are too many to name. */
  readonly notify: readonly string[];
}

/** Applies `batch` to the record behind `cursor`; the store's clock says `nowMs`. */
export function commit(cursor: RecordCursor, batch: CommitBatch, nowMs: number): CommitResult {
  const refused = (reply: CommitReply): CommitResult => ({ reply, notify: [] });
  const meta = cursor.meta();
  if (meta === "corrupt") {
    return refused({ outcome: "corrupt", storeTimeMs: nowMs, detail: cursor.corruption() });
  }

  // Rule 3: dedupe, floor, deadline, target incarnation, prev, ifVersion, apply.
  const entry = meta && cursor.writer(batch.writer);
  if (entry && entry.seq >= batch.seq) {
    return refused({
      outcome: "duplicate",
      storeTimeMs: nowMs,
      incarnation: entry.incarnation,
      version: entry.version,
      occupied: entry.occupied,
    });
  }
  if (meta && !entry && batch.firstSentAtMs <= meta.floorMs) {
    return refused({ outcome: "unknown", storeTimeMs: nowMs });
  }
  if (batch.notAfterMs !== undefined && nowMs > batch.notAfterMs) {
    return refused({ outcome: "late", storeTimeMs: nowMs });
  }
  if (batch.accepted && batch.accepted.lastMs > nowMs) {
    return refused({ outcome: "late", storeTimeMs: nowMs });
  }

  const target = findTarget(cursor, meta, batch, nowMs);
  if ("reply" in target) return refused(target.reply);
  if (batch.prev !== undefined && target.place === "live") {
    const acknowledged = entry?.incarnation === target.meta.incarnation ? entry.seq : 0;
    if (acknowledged < batch.prev) return refused({ outcome: "behind", storeTimeMs: nowMs });
  }
  if (batch.ifVersion && !(target.place === "live" && isSame(target.meta, batch.ifVersion))) {
    return refused({ outcome: "conflict", storeTimeMs: nowMs });
  }
  return new Application(cursor, batch, nowMs).apply(target);
}

/** Whether a live or moving record's time has run out. */
export function isExpired(meta: RecordMeta, nowMs: number): boolean {
  return meta.state !== "tombstone" && nowMs >= meta.expiresAtMs;
}

function isSame(meta: RecordMeta, identity: Identity): boolean {
  return meta.incarnation === identity.incarnation && meta.version === identity.version &&
    meta.tag === identity.tag;
}

/** Where a batch lands: on a live record, on a free place, or on a moving record that it settles. */
type Target =
  | { readonly place: "live"; readonly meta: RecordMeta }
  | { readonly place: "free"; readonly meta: RecordMeta | undefined }
  | { readonly place: "moving"; readonly meta: RecordMeta };

function findTarget(
  cursor: RecordCursor,
  meta: RecordMeta | undefined,
  batch: CommitBatch,
  nowMs: number,
): Target | { reply: CommitReply } {
  const first = batch.operations[0];
  const nonce = first?.kind === "create" || first?.kind === "adopt" ? first.nonce : undefined;
  const settles = first?.kind === "finish" || first?.kind === "thaw" ? first.nonce : undefined;
  const gone = (particulars: Partial<GoneReply>): { reply: GoneReply } => ({
    reply: {
      outcome: "gone",
      storeTimeMs: nowMs,
      reason: undefined,
      alive: undefined,
      moving: false,
      ...particulars,
    },
  });

  if (!meta) {
    // Rule 17: on an absent key a named destroy writes a tombstone.
    if (nonce !== undefined || first?.kind === "destroy") return { place: "free", meta };
    return { reply: { outcome: "missing", storeTimeMs: nowMs } };
  }
  if (isExpired(meta, nowMs)) {
    // Rule 18: accepted before the expiry, by a caller that was answered then. A create would have joined it.
    const inTime = batch.accepted && batch.accepted.firstMs < meta.expiresAtMs;
    const isMeant = first?.kind === "create" || batch.incarnation === meta.incarnation;
    if (inTime && meta.state === "live" && isMeant) return { place: "live", meta };
    if (nonce !== undefined && nonce !== meta.incarnation) return { place: "free", meta };
    bury(cursor, meta, "expired", nowMs + batch.tombstoneMs);
    return gone({ reason: "expired" });
  }
  switch (meta.state) {
    case "tombstone":
      // Rule 4: creating the incarnation that a tombstone names answers gone.
      return nonce !== undefined && nonce !== meta.incarnation
        ? { place: "free", meta }
        : gone({ reason: meta.reason });
    case "moving": {
      const yields = first?.kind === "adopt" && first.yields;
      return yields || (settles !== undefined && settles === meta.moving?.nonce)
        ? { place: "moving", meta }
        : gone({ moving: true });
    }
    case "live":
      return settles === undefined &&
          (nonce !== undefined || batch.incarnation === meta.incarnation)
        ? { place: "live", meta }
        : gone({ alive: meta.incarnation });
  }
}

/**
 * Turns a record into a tombstone, which keeps the writers' entries (rule 4). One that ran out is final
 * from then on: somebody was told (rule 18).
 */
export function bury(
  cursor: RecordCursor,
  meta: RecordMeta,
  reason: GoneReason,
  untilMs: number,
): void {
  cursor.clearState();
  cursor.setMeta({
    ...meta,
    state: "tombstone",
    reason,
    moving: undefined,
    holders: [],
    fields: 0,
    bytes: 0,
    appended: 0,
    dimension: 0,
    dropAtMs: untilMs,
  });
}

/** One batch being applied: checks everything first, then writes. */
class Application {
  readonly #cursor: RecordCursor;
  readonly #batch: CommitBatch;
  readonly #nowMs: number;
  #baseTag: string | undefined;

  constructor(cursor: RecordCursor, batch: CommitBatch, nowMs: number) {
    this.#cursor = cursor;
    this.#batch = batch;
    this.#nowMs = nowMs;
  }

  apply(target: Target): CommitResult {
    if (target.place === "live") this.#baseTag = target.meta.tag;
    const first = this.#batch.operations[0];
    switch (first?.kind) {
      case "destroy":
        return this.#destroy(target.meta, first.kind, first.incarnationAtMs);
      case "adopt":
        return this.#adopt(target, first);
      case "finish":
        return this.#destroy(target.meta, first.kind);
      case "freeze":
        return this.#relabel({
          ...target.meta!,
          state: "moving",
          moving: { nonce: first.nonce, to: first.to },
        });
      case "thaw":
        return this.#relabel({ ...target.meta!, state: "live", moving: undefined });
      default:
        return this.#edit(target);
    }
  }

  #destroy(
    meta: RecordMeta | undefined,
    kind: "destroy" | "finish",
    incarnationAtMs = this.#nowMs,
  ): CommitResult {
    const untilMs = this.#nowMs + this.#batch.tombstoneMs;
    const buried = meta ?? { ...this.#blank(this.#batch.incarnation!, 0), incarnationAtMs };
    bury(this.#cursor, buried, kind === "finish" ? "rotated" : "destroyed", untilMs);
    const after = { ...this.#read(), version: buried.version + 1, tag: this.#tag() };
    return this.#finish(after, buried.holders, { found: meta !== undefined });
  }

  #relabel(meta: RecordMeta): CommitResult {
    const after = { ...meta, version: meta.version + 1, tag: this.#tag(), holders: [] };
    return this.#finish(after, meta.holders, {});
  }

  #adopt(target: Target, operation: Operation & { kind: "adopt" }): CommitResult {
    if (target.place !== "free") {
      // Occupied is recorded too, or a late adopt would land after the occupant has gone (rule 20).
      return this.#finish(target.meta, [], { found: false, occupied: true });
    }
    const { state } = operation;
    this.#cursor.clearState();
    for (const [field, json] of state.context) this.#cursor.setField(field, json);
    const trajectory = state.trajectory.slice(-state.capacity);
    trajectory.forEach((vector, slot) => this.#cursor.putVector(slot, vector));
    const after: RecordMeta = {
      ...this.#blank(operation.nonce, state.createdAtMs, target.meta),
      version: state.version + 1,
      tag: this.#tag(),
      expiresAtMs: state.expiresAtMs,
      absoluteExpiresAtMs: state.absoluteExpiresAtMs,
      dropAtMs: this.#dropAtMs(target.meta, state.expiresAtMs),
      fields: state.context.size,
      bytes: stateBytes(state.context, trajectory),
      appended: trajectory.length,
      capacity: state.capacity,
      dimension: (trajectory[0]?.length ?? 0) / 4,
    };
    return this.#finish(after, target.meta?.holders ?? [], { created: true });
  }

  /** The ordinary batch: an optional create, then any of set, delete, increment, append, touch. */
  #edit(target: Target): CommitResult {
    const { operations, limits } = this.#batch;
    const first = operations[0];
    const creates = first?.kind === "create" && target.place === "free";
    const base = creates
      ? { ...this.#blank(first.nonce, this.#nowMs, target.meta), capacity: first.capacity }
      : target.meta!;
    const draft = new Draft(creates ? undefined : this.#cursor, base, limits);
    for (const [index, operation] of operations.entries()) {
      const misfit = creates && operation.kind === "create"
        ? draft.setAll(operation.context)
        : draft.run(operation);
      if (misfit) {
        const reply = { outcome: "invalid", storeTimeMs: this.#nowMs, operation: index } as const;
        return { reply: { ...reply, ...misfit }, notify: [] };
      }
    }
    const joinsOnly = !creates && operations.every((operation) => operation.kind === "create");
    if (joinsOnly) return this.#finish(base, [], {});

    const absoluteExpiresAtMs = creates && first.lifetimeMs !== undefined
      ? this.#startMs() + first.lifetimeMs
      : base.absoluteExpiresAtMs;
    const renewedMs = (this.#batch.accepted?.lastMs ?? this.#nowMs) + this.#batch.ttlMs;
    const expiresAtMs = Math.min(
      creates ? renewedMs : Math.max(base.expiresAtMs, renewedMs),
      absoluteExpiresAtMs ?? Infinity,
    );
    const changes = creates || draft.changes;
    if (creates) this.#cursor.clearState();
    draft.write(this.#cursor);
    const after: RecordMeta = {
      ...base,
      ...draft.totals(),
      version: changes ? base.version + 1 : base.version,
      tag: changes ? this.#tag() : base.tag,
      expiresAtMs,
      absoluteExpiresAtMs,
      dropAtMs: this.#dropAtMs(target.meta, expiresAtMs),
      holders: changes ? [] : base.holders,
    };
    const notify = changes ? target.meta?.holders ?? [] : [];
    return this.#finish(after, notify, { created: creates, numbers: draft.numbers });
  }

  /** Writes the record's meta and the writer's entry, and answers. */
  #finish(
    meta: RecordMeta,
    holders: readonly string[],
    result: Partial<Pick<AppliedReply, "created" | "found" | "numbers">> & { occupied?: boolean },
  ): CommitResult {
    const { holder, writer } = this.#batch;
    const holds = holder && meta.state === "live";
    const kept = meta.holders.filter((pod) => pod !== holder?.pod);
    const entry: WriterEntry = {
      seq: this.#batch.seq,
      incarnation: meta.incarnation,
      version: meta.version,
      atMs: this.#nowMs,
      occupied: result.occupied ?? false,
    };
    this.#cursor.setMeta({
      ...meta,
      holders: holds ? addHolder(kept, holder.pod) : meta.holders,
      ...this.#evictWriters(meta),
    });
    this.#cursor.setWriter(writer, entry);
    return {
      reply: {
        outcome: "applied",
        storeTimeMs: this.#nowMs,
        identity: { incarnation: meta.incarnation, version: meta.version, tag: meta.tag },
        baseTag: this.#baseTag,
        expiresAtMs: meta.expiresAtMs,
        created: result.created ?? false,
        found: result.found ?? true,
        numbers: result.numbers ?? [],
      },
      notify: holders.filter((pod) => pod !== holder?.pod),
    };
  }

  /** Rule 3: entries go by age only, and what was dropped raises the floor. */
  #evictWriters(meta: RecordMeta): Pick<RecordMeta, "floorMs" | "oldestWriterMs"> {
    const horizonMs = this.#nowMs - this.#batch.writerRetentionMs;
    if (meta.oldestWriterMs > horizonMs) {
      return { floorMs: meta.floorMs, oldestWriterMs: meta.oldestWriterMs };
    }
    let floorMs = meta.floorMs;
    let oldestWriterMs = this.#nowMs;
    for (const [writer, entry] of this.#cursor.writers()) {
      if (entry.atMs <= horizonMs) {
        this.#cursor.deleteWriter(writer);
        floorMs = Math.max(floorMs, entry.atMs);
      } else oldestWriterMs = Math.min(oldestWriterMs, entry.atMs);
    }
    return { floorMs, oldestWriterMs };
  }

  #blank(incarnation: string, createdAtMs: number, past?: RecordMeta): RecordMeta {
    return {
      format: FORMAT_VERSION,
      state: "live",
      reason: "destroyed",
      moving: undefined,
      incarnation,
      incarnationAtMs: this.#nowMs,
      createdAtMs,
      version: 0,
      tag: "",
      expiresAtMs: this.#nowMs,
      absoluteExpiresAtMs: undefined,
      dropAtMs: this.#nowMs,
      holders: [],
      fields: 0,
      bytes: 0,
      appended: 0,
      capacity: 0,
      dimension: 0,
      floorMs: past?.floorMs ?? 0,
      oldestWriterMs: past?.oldestWriterMs ?? this.#nowMs,
    };
  }

  /** What takes a tombstone's place keeps its writers' entries as long as the tombstone would have. */
  #dropAtMs(past: RecordMeta | undefined, expiresAtMs: number): number {
    return Math.max(past?.dropAtMs ?? 0, expiresAtMs + this.#batch.graceMs);
  }

  #read(): RecordMeta {
    return this.#cursor.meta() as RecordMeta;
  }

  /** Rule 21: the absolute expiry counts from the first acceptance. */
  #startMs(): number {
    return this.#batch.accepted?.firstMs ?? this.#nowMs;
  }

  #tag(): string {
    return `${this.#batch.writer}:${this.#batch.seq}`;
  }
}
