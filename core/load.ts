/**
 * The read primitive as an executable specification, beside `commit.ts`.
 *
 * @module
 */

import { bury } from "./commit.ts";
import { addHolder, type RecordCursor, type RecordMeta } from "./record.ts";
import type { LoadReply, LoadRequest, SessionState } from "./storage_adapter.ts";

/** A cursor that can also give the whole state away. */
export interface ReadableCursor extends RecordCursor {
  /** Context and trajectory (oldest first), or what is wrong with them. */
  readState(meta: RecordMeta): Pick<SessionState, "context" | "trajectory"> | { corrupt: string };
}

/** Reads the record behind `cursor`; the store's clock says `nowMs`. */
export function load(cursor: ReadableCursor, request: LoadRequest, nowMs: number): LoadReply {
  const meta = cursor.meta();
  if (meta === undefined) return { outcome: "missing", storeTimeMs: nowMs };
  if (meta === "corrupt") {
    return { outcome: "corrupt", storeTimeMs: nowMs, detail: cursor.corruption() };
  }
  const gone = { outcome: "gone", storeTimeMs: nowMs, incarnation: meta.incarnation } as const;
  if (meta.state === "tombstone") return { ...gone, reason: meta.reason };
  const isAccepted = request.acceptedMs !== undefined && meta.state === "live" &&
    request.acceptedMs < meta.expiresAtMs;
  if (nowMs >= meta.expiresAtMs && !isAccepted) {
    bury(cursor, meta, "expired", nowMs + request.tombstoneMs);
    return { ...gone, reason: "expired" };
  }
  const { known } = request;
  const register = () => {
    if (request.holder && meta.state === "live" && !meta.holders.includes(request.holder.pod)) {
      cursor.setMeta({ ...meta, holders: addHolder(meta.holders, request.holder.pod) });
    }
  };
  if (
    known && meta.state === "live" && known.incarnation === meta.incarnation &&
    known.version === meta.version && known.tag === meta.tag
  ) {
    register();
    return { outcome: "unchanged", storeTimeMs: nowMs, expiresAtMs: meta.expiresAtMs };
  }

  const contents = cursor.readState(meta);
  if ("corrupt" in contents) {
    return { outcome: "corrupt", storeTimeMs: nowMs, detail: contents.corrupt };
  }
  register();
  const state: SessionState = {
    incarnation: meta.incarnation,
    version: meta.version,
    tag: meta.tag,
    incarnationAtMs: meta.incarnationAtMs,
    createdAtMs: meta.createdAtMs,
    expiresAtMs: meta.expiresAtMs,
    absoluteExpiresAtMs: meta.absoluteExpiresAtMs,
    capacity: meta.capacity,
    ...contents,
    writers: new Map(cursor.writers()),
    floorMs: meta.floorMs,
  };
  return meta.state === "moving"
    ? { outcome: "moving", storeTimeMs: nowMs, moving: { ...meta.moving!, state } }
    : { outcome: "found", storeTimeMs: nowMs, state };
}
