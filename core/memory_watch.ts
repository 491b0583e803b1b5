/**
 * Rule 13: how a pod notices that its store lost its memory. Each heartbeat counts a key of the pod's own up, and tells
 * the name of the store's present memory (its epoch).
 *
 * @module
 */

import type { HeartbeatReply } from "./storage_adapter.ts";

/** Compares each heartbeat with the one before. */
export class MemoryWatch {
  readonly #keepMs: number;
  #last: (Pick<HeartbeatReply, "counter" | "epoch"> & { readonly atMs: number }) | undefined;

  /** `keepMs`: how long the pod's key outlives its last heartbeat. */
  constructor(keepMs: number) {
    this.#keepMs = keepMs;
  }

  /** Whether the store names its memory: a loss is noticed then however short after it the next heartbeat comes. */
  get hasEpoch(): boolean {
    return this.#last?.epoch !== undefined;
  }

  /** Takes the answer of a heartbeat sent at `sentAt` by the pod's clock; whether the store lost its memory. */
  take({ counter, epoch }: HeartbeatReply, sentAt: number): boolean {
    const last = this.#last;
    this.#last = { counter, epoch: epoch ?? last?.epoch, atMs: sentAt };
    if (!last) return false;
    const isOther = epoch !== undefined && last.epoch !== undefined && epoch !== last.epoch;
    // A key that merely expired, after a long partition, is no sign.
    const wentBack = counter <= last.counter && sentAt - last.atMs < this.#keepMs;
    return isOther || wentBack;
  }
}
