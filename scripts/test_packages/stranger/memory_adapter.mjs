/** An adapter module for `runChaos`: a store for each name. */
import { memoryAdapter, MemoryStore } from "@hakgal/sessions/adapters/memory";

const stores = new Map();

export function createAdapter({ store, clock }) {
  if (!stores.has(store)) stores.set(store, new MemoryStore({ clock }));
  return memoryAdapter({ store: stores.get(store) });
}
