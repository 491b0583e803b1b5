/**
 * Searches its share of the small worlds, a slice of time each, until all are complete or the time is up.
 *
 * @module
 */

import {
  type BadSchedule,
  Explorer,
  type Progress,
  shrink,
} from "../../chaos/exhaustive/explorer.ts";
import { WORLDS } from "../../chaos/exhaustive/worlds.ts";

/** What a worker is told, once. */
export interface ToWorker {
  /** Names of its worlds, the smallest first. */
  readonly worlds: readonly string[];
  readonly seed: number;
  readonly timeLimitMs: number;
}

/** What a worker says. */
export type FromWorker =
  | { readonly type: "progress"; readonly progress: Progress }
  | { readonly type: "bad"; readonly bad: BadSchedule }
  | { readonly type: "done" };

/** A world is left for another one after so long, and come back to. */
const SLICE_MS = 1_000;

const worker = self as unknown as {
  onmessage: (event: MessageEvent<ToWorker>) => void;
  postMessage(message: FromWorker): void;
};

worker.onmessage = ({ data }) => void search(data);

async function search({ worlds, seed, timeLimitMs }: ToWorker): Promise<void> {
  // Most errors here are cut connections: nobody reads where they came from.
  Error.stackTraceLimit = 0;
  const endsAtMs = performance.now() + timeLimitMs;
  let open = WORLDS.filter(({ name }) => worlds.includes(name))
    .map((world) => new Explorer(world, { seed }));
  for (let sliceMs = SLICE_MS; open.length > 0 && performance.now() < endsAtMs; sliceMs *= 2) {
    for (const explorer of open) {
      const untilMs = Math.min(endsAtMs, performance.now() + sliceMs);
      const bad = await explorer.search(() => performance.now() >= untilMs);
      worker.postMessage({ type: "progress", progress: explorer.progress });
      if (!bad) continue;
      worker.postMessage({ type: "bad", bad: await shrink(explorer.world, bad, { seed }) });
      return;
    }
    open = open.filter(({ progress }) => !progress.isComplete);
  }
  worker.postMessage({ type: "done" });
}
