/** Random sequences of what can be done to a store, for comparing it with the executable specification. */

import fc from "fast-check";
import { commits, type Late, loads } from "./redis_batches.ts";
import { heals } from "./redis_heals.ts";
import type { CommitBatch, HealRequest, LoadRequest } from "../core/storage_adapter.ts";

/** A step of a sequence. */
export type Step =
  | { readonly key: number; readonly commit: Late<CommitBatch> }
  | { readonly key: number; readonly load: Late<LoadRequest> }
  | { readonly key: number; readonly heal: Late<HealRequest> }
  /** The store loses the record. */
  | { readonly key: number; readonly loses: true };

const keys = fc.constantFrom(0, 0, 1);

/** Sequences of steps. */
export const sequences: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 10, arbitrary: fc.record({ key: keys, commit: commits }) },
    { weight: 2, arbitrary: fc.record({ key: keys, load: loads }) },
    { weight: 4, arbitrary: fc.record({ key: keys, heal: heals }) },
    { weight: 1, arbitrary: fc.record({ key: keys, loses: fc.constant(true as const) }) },
  ),
  { minLength: 1, maxLength: 25, size: "max" },
);
