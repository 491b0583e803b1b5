/**
 * The sessions that the cases work on.
 *
 * @module
 */

import type { TenantSessions } from "../mod.ts";

/** Dimension of the vectors of a large session. */
export const DIMENSION = 1_536;

/** Vectors of a large session. */
export const VECTORS = 10;

/** Calls at once while sessions are made. */
const AT_ONCE = 500;

/** `count` ids that begin alike. */
export function idsOf(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}-${index}`);
}

/** A vector of numbers that JSON writes in full, as an embedding's are. */
export function embedding(dimension = DIMENSION): Float32Array {
  return Float32Array.from({ length: dimension }, (_, index) => Math.sin(index + 1) / 7);
}

/** Does something for each of many, not all at once. */
export async function forEach<Item>(
  items: readonly Item[],
  work: (item: Item) => Promise<unknown>,
  atOnce = AT_ONCE,
): Promise<void> {
  for (let start = 0; start < items.length; start += atOnce) {
    await Promise.all(items.slice(start, start + atOnce).map(work));
  }
}

/** Makes sessions of ten vectors, so that another one evicts, and a counter. */
export async function makeLarge(sessions: TenantSessions, ids: readonly string[]): Promise<void> {
  const append = Array(VECTORS).fill(embedding());
  await forEach(ids, async (id) => {
    await sessions.getOrCreate(id, { plan: "free" });
    await sessions.apply(id, { append, set: { n: 0 } });
  }, 50);
}

/** Makes sessions of a few fields. */
export async function makeSmall(sessions: TenantSessions, ids: readonly string[]): Promise<void> {
  await forEach(
    ids,
    (id) => sessions.getOrCreate(id, { plan: "free", tx_count_1h: 5, risk: "low" }),
  );
}

/** Holds next to nothing, so that a session that was not asked for just now is read from the store as a whole. */
export const COLD_CACHE = { maxSessions: 1 } as const;

/** Goes round and round: answers one after the other. */
export function inTurn<Item>(items: readonly Item[]): () => Item {
  let next = 0;
  return () => items[next++ % items.length]!;
}
