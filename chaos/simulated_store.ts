/**
 * Stores that live in the simulation.
 *
 * @module
 */

import { memoryAdapter, MemoryStore } from "../adapters/memory.ts";
import type { Clock, StorageAdapter } from "../mod.ts";
import type { StoreMemory } from "./simulated_outages.ts";

/** A store that several pods share: makes each its adapter. */
export type SimulatedStore = (() => StorageAdapter) & StoreMemory;

/** A store in memory, on a clock of its own that keeps the simulation's pace. */
export function storeInMemory(clock: Clock): SimulatedStore {
  let aheadMs = 0;
  const store = new MemoryStore({
    clock: { now: () => clock.now() + aheadMs, after: clock.after.bind(clock) },
  });
  return Object.assign(() => memoryAdapter({ store }), {
    forget: () => store.forget(),
    remove: (key: string) => store.remove(key),
    snapshot: () => store.snapshot(),
    jump: (byMs: number) => void (aheadMs += byMs),
  });
}
