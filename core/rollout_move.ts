/**
 * Rotating a session whose new id is on the other side of a rollout.
 *
 * @module
 */

import { SessionExistsError, SessionNotFoundError } from "./errors.ts";
import type { SessionLike, SessionsLike } from "./rollout.ts";
import type { CallSettings, Changes, ContextPatch } from "./session_api.ts";

/** A session's way from one store to the other. */
export interface Move<Context extends object> {
  readonly from: SessionsLike<Context>;
  readonly id: string;
  readonly to: SessionsLike<Context>;
  readonly newId: string;
  /** An id that nobody else knows. */
  readonly parkingId: string;
}

/**
 * Two stores share no commit, so the order of the steps decides what a death in between costs. The state is copied
 * first. Then the old id dies, by being rotated to one that nobody knows: what was written since the copy is seen there,
 * and brought in. Wherever the process dies, what the copy had lives under one of the two ids, or under both.
 */
export async function moveAcross<Context extends object>(
  { from, id, to, newId, parkingId }: Move<Context>,
  settings: CallSettings,
): Promise<SessionLike<Context>> {
  const held = await from.get(id, { ...settings, fresh: true });
  if (!held) throw new SessionNotFoundError("unknown");
  const copy = await copyTo(to, newId, held, settings);
  let parked: SessionLike<Context>;
  try {
    parked = await from.rotate(id, parkingId, settings);
  } catch (error) {
    // What is dead under its old id must not live on under the new one. Any other failure may have come too late.
    if (error instanceof SessionNotFoundError) await to.destroy(newId);
    throw error;
  }
  const missed = changesBetween(held, parked);
  const moved = missed ? await to.apply(newId, missed, settings) : copy;
  // Left behind, it expires by itself, and nobody knows its id: no reason to call the move failed.
  await from.destroy(parkingId).catch(() => {});
  return moved;
}

/** Makes a session with the state of another one, under an id that is not taken. */
async function copyTo<Context extends object>(
  to: SessionsLike<Context>,
  newId: string,
  held: SessionLike<Context>,
  settings: CallSettings,
): Promise<SessionLike<Context>> {
  if (await to.get(newId, { ...settings, fresh: true })) throw new SessionExistsError();
  const created = await to.getOrCreate(newId, held.context, settings);
  // Somebody else's, made since the look.
  const isOurs = created.trajectory.length === 0 && !patchBetween(created.context, held.context);
  if (!isOurs) throw new SessionExistsError();
  if (held.trajectory.length === 0) return created;
  try {
    return await to.apply(newId, { append: held.trajectory }, settings);
  } catch (error) {
    await to.destroy(newId).catch(() => {}); // The old one lives on; the caller hears why.
    throw error;
  }
}

/** What makes the second snapshot of the first, if they differ. */
function changesBetween<Context extends object>(
  before: SessionLike<Context>,
  after: SessionLike<Context>,
): Changes<Context> | undefined {
  const set = patchBetween(before.context, after.context);
  const append = appendedBetween(before.trajectory, after.trajectory);
  if (!set && append.length === 0) return undefined;
  return { ...(set && { set }), ...(append.length > 0 && { append }) };
}

function patchBetween<Context extends object>(
  before: Context,
  after: Context,
): ContextPatch<Context> | undefined {
  const [old, now] = [new Map(Object.entries(before)), new Map(Object.entries(after))];
  const changed = [...now].filter(([field, value]) =>
    JSON.stringify(value) !== JSON.stringify(old.get(field))
  );
  const deleted = [...old.keys()].filter((field) => !now.has(field))
    .map((field) => [field, undefined] as const);
  if (changed.length + deleted.length === 0) return undefined;
  return Object.fromEntries([...changed, ...deleted]) as ContextPatch<Context>;
}

/** The vectors that came in at the end, while as many may have gone at the beginning. */
function appendedBetween(
  before: readonly Float32Array[],
  after: readonly Float32Array[],
): readonly Float32Array[] {
  for (let kept = Math.min(before.length, after.length); kept > 0; kept--) {
    const tail = before.slice(before.length - kept);
    if (tail.every((vector, index) => isSame(vector, after[index]!))) return after.slice(kept);
  }
  return after;
}

function isSame(one: Float32Array, other: Float32Array): boolean {
  return one.length === other.length && one.every((number, index) => number === other[index]);
}
