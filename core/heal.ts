/**
 * The heal primitive as an executable specification, beside `commit.ts`: what a copy that is given back to a store
 * that lost its memory does to one record (rules 14 to 16).
 *
 * @module
 */

import {
  addHolder,
  FORMAT_VERSION,
  type RecordCursor,
  type RecordMeta,
  stateBytes,
} from "./record.ts";
import type { HealReply, HealRequest, SessionState } from "./storage_adapter.ts";

/** Puts the copy back behind `cursor` if the store lacks it; the store's clock says `nowMs`. */
export function heal(cursor: RecordCursor, request: HealRequest, nowMs: number): HealReply {
  const { state } = request;
  const meta = cursor.meta();
  const storeTimeMs = nowMs;
  if (meta === "corrupt") return { outcome: "corrupt", storeTimeMs, detail: cursor.corruption() };
  if (nowMs > request.notAfterMs || nowMs >= state.expiresAtMs) {
    return { outcome: "late", storeTimeMs };
  }
  if (meta?.incarnation === state.incarnation) {
    if (meta.state === "tombstone") return { outcome: "gone", storeTimeMs, reason: meta.reason };
    const outcome = compare(cursor, meta, state);
    if (outcome !== "behind") return { outcome, storeTimeMs };
  } else if (meta && meta.incarnationAtMs >= state.incarnationAtMs) {
    // Rule 16: between two incarnations the later made one wins.
    return { outcome: "superseded", storeTimeMs };
  }
  putBack(cursor, meta, request, nowMs);
  const gaveWay = meta && meta.incarnation !== state.incarnation && meta.state !== "tombstone" &&
    nowMs < meta.expiresAtMs;
  return { outcome: "healed", storeTimeMs, displaced: gaveWay ? meta.version : undefined };
}

/**
 * Rule 15: which of the two has what the other has not. A newer version alone does not tell: another pod may have
 * written since the loss.
 */
function compare(
  cursor: RecordCursor,
  meta: RecordMeta,
  state: SessionState,
): "behind" | "intact" | "diverged" {
  const isSame = meta.version === state.version && meta.tag === state.tag;
  let storeLacks = meta.version < state.version;
  for (const [writer, { seq, atMs }] of state.writers) {
    const stored = cursor.writer(writer);
    if (stored ? stored.seq < seq : atMs > meta.floorMs) storeLacks = true;
  }
  // The state is the same one: all that may be lacking is that it was renewed.
  if (!storeLacks || isSame) return "intact";
  if (meta.version >= state.version) return "diverged";
  for (const [writer, { seq, atMs }] of cursor.writers()) {
    const known = state.writers.get(writer);
    if (known ? known.seq < seq : atMs > state.floorMs) return "diverged";
  }
  return "behind";
}

function putBack(
  cursor: RecordCursor,
  past: RecordMeta | undefined,
  { state, graceMs, holder }: HealRequest,
  nowMs: number,
): void {
  cursor.clearState();
  for (const [field, json] of state.context) cursor.setField(field, json);
  const trajectory = state.trajectory.slice(-state.capacity);
  trajectory.forEach((vector, slot) => cursor.putVector(slot, vector));
  let oldestWriterMs = past?.oldestWriterMs ?? nowMs;
  for (const [writer, entry] of state.writers) {
    const stored = cursor.writer(writer);
    if (stored && stored.seq >= entry.seq) continue;
    cursor.setWriter(writer, entry);
    oldestWriterMs = Math.min(oldestWriterMs, entry.atMs);
  }
  cursor.setMeta({
    format: FORMAT_VERSION,
    state: "live",
    reason: "destroyed",
    moving: undefined,
    incarnation: state.incarnation,
    incarnationAtMs: state.incarnationAtMs,
    createdAtMs: state.createdAtMs,
    version: state.version,
    tag: state.tag,
    expiresAtMs: state.expiresAtMs,
    absoluteExpiresAtMs: state.absoluteExpiresAtMs,
    dropAtMs: Math.max(past?.dropAtMs ?? 0, state.expiresAtMs + graceMs),
    holders: holder ? addHolder([], holder.pod) : [],
    fields: state.context.size,
    bytes: stateBytes(state.context, trajectory),
    appended: trajectory.length,
    capacity: state.capacity,
    dimension: (trajectory[0]?.length ?? 0) / 4,
    floorMs: Math.max(past?.floorMs ?? 0, state.floorMs),
    oldestWriterMs,
  });
}
