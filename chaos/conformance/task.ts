/**
 * The other process's half of the cases with two processes.
 *
 * @module
 */

import type { StorageAdapter } from "../public.ts";
import { ConformanceError } from "./expect.ts";
import { increment } from "./operations.ts";
import type { OtherProcessTask } from "./subject.ts";

const CALL_TIMEOUT_MS = 20_000;

/**
 * Does in this process what a task says, through an adapter that was not opened yet, and closes it.
 * Rejects when an increment is not applied.
 *
 * @example The script of the other process
 * ```ts
 * import { performTask } from "@hakgal/sessions/chaos/conformance";
 * import { memoryAdapter } from "@hakgal/sessions/adapters/memory";
 *
 * // The task comes as JSON, e.g. as the script's first argument.
 * const [json] = typeof Deno === "undefined" ? [] : Deno.args;
 * if (json !== undefined) await performTask(memoryAdapter(), JSON.parse(json));
 * ```
 */
export async function performTask(adapter: StorageAdapter, task: OtherProcessTask): Promise<void> {
  await adapter.open({ podKey: `hakgal:pod:${task.writer}`, timeoutMs: CALL_TIMEOUT_MS });
  try {
    for (let seq = 1; seq <= task.increments; seq++) {
      const reply = await adapter.commit(
        task.key,
        {
          writer: task.writer,
          seq,
          incarnation: task.incarnation,
          firstSentAtMs: task.firstSentAtMs,
          ttlMs: 60_000,
          graceMs: 30_000,
          tombstoneMs: 60_000,
          writerRetentionMs: 4 * 3_600_000,
          limits: { maxFields: 256, maxBytes: 1 << 20 },
          operations: [increment(task.field)],
        },
        { timeoutMs: CALL_TIMEOUT_MS },
      );
      if (reply.outcome !== "applied") {
        throw new ConformanceError(`increment ${seq} was answered ${reply.outcome}`);
      }
    }
  } finally {
    await adapter.close();
  }
}
