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

/** A store in memory, on the simulation's clock. */
export function storeInMemory(clock: Clock): SimulatedStore {
  const store = new MemoryStore({ clock });
  return Object.assign(() => memoryAdapter({ store }), {
    forget: () => store.forget(),
    remove: (key: string) => store.remove(key),
    snapshot: () => store.snapshot(),
  });
}
