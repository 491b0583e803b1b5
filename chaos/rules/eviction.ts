/**
 * What a store that drops one record may lack: that session, from then on, and nothing else.
 *
 * @module
 */

import type { Model } from "../model.ts";
import { OrderIndex } from "./order_index.ts";
import { perName } from "./per_model.ts";

const evictionsOf = perName(({ faults }, key) =>
  new OrderIndex(
    faults.filter(({ kind, detail }) => kind === "eviction" && detail === key),
    "after",
    ({ index }) => index,
    (a, b) => a.index < b.index,
  )
);

/** Whether the record under a key was removed by hand, or evicted, between two indexes. */
export function wasEvicted(
  model: Model,
  key: string,
  afterIndex = -1,
  beforeIndex = Infinity,
): boolean {
  const next = evictionsOf(model, key).after(afterIndex);
  return next !== undefined && next.index < beforeIndex;
}
