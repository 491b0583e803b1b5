/**
 * What a record that was read whole answers to a load.
 *
 * @module
 */

import type { LoadReply } from "../../core/storage_adapter.ts";
import type { RedisReply } from "./driver.ts";
import { replyCode } from "./errors.ts";
import { GONE_REASONS } from "./layout.ts";
import { decodeRecord, isEmpty } from "./record_reader.ts";

/** One of many records read together; undefined when it has run out, or is no record. */
export function readTogether(
  record: PromiseSettledResult<RedisReply>,
  storeTimeMs: number,
): LoadReply | undefined {
  if (record.status === "rejected") {
    if (replyCode(record.reason) === "WRONGTYPE") return undefined;
    throw record.reason;
  }
  return isEmpty(record.value)
    ? { outcome: "missing", storeTimeMs }
    : toLoadReply(decodeRecord(record.value), storeTimeMs);
}

/**
 * What a record read at a time says; undefined when it is not there, or has run out and no operation was accepted
 * before that.
 */
export function toLoadReply(
  record: ReturnType<typeof decodeRecord>,
  storeTimeMs: number,
  acceptedMs = Infinity,
): LoadReply | undefined {
  if (!record) return undefined;
  if ("corrupt" in record) return { outcome: "corrupt", storeTimeMs, detail: record.corrupt };
  const { meta, state, moving } = record;
  // The server keeps a key to the end of the millisecond in which it is to go.
  if (meta.dropAtMs <= storeTimeMs) return undefined;
  const reason = GONE_REASONS[meta.state];
  if (reason) return { outcome: "gone", storeTimeMs, reason, incarnation: meta.incarnation };
  const isAccepted = meta.state === "L" && acceptedMs < meta.expiresAtMs;
  if (meta.expiresAtMs <= storeTimeMs && !isAccepted) return undefined;
  return moving
    ? { outcome: "moving", storeTimeMs, moving: { ...moving, state } }
    : { outcome: "found", storeTimeMs, state };
}
