/**
 * What it means to a pod that a session is not there, or cannot be read.
 *
 * @module
 */

import { CorruptRecordError, type NotFoundReason, StoreRejectedError } from "./errors.ts";
import type { SessionKey } from "./key_space.ts";
import type { Pod } from "./pod.ts";
import type { CacheEntry } from "./session_cache.ts";
import type { GoneReason } from "./storage_adapter.ts";

/** Rule 17: a destroy that this pod learned of, of the incarnation that it held, is one to repeat. */
export function remember<Context extends object>(
  pod: Pod<Context>,
  { key, stub }: CacheEntry,
  incarnation: string | undefined,
  reason: GoneReason | undefined,
): void {
  const isDestroyed = reason === "destroyed" || reason === "rotated";
  if (!isDestroyed || !stub || stub.incarnation !== incarnation) return;
  pod.destroys.remember(key, stub, pod.link.era);
}

/** Forgets a session that left no trace in the store, and says what that means to this pod. */
export function missing<Context extends object>(
  pod: Pod<Context>,
  entry: CacheEntry,
): NotFoundReason {
  const held = entry.stub;
  entry.forget();
  if (!held) return "unknown";
  if (held.expiresAt <= pod.settings.clock.now()) return "expired";
  const { tenant, hashedId } = entry.key;
  pod.events.emit("vanished", { tenant, hashedId });
  return "vanished";
}

/** Reports that a session which this pod does not hold could not be looked up. */
export function unrecovered<Context extends object>(
  pod: Pod<Context>,
  { tenant, hashedId }: SessionKey,
  error: unknown,
): void {
  const reason = error instanceof CorruptRecordError
    ? "corrupt"
    : error instanceof StoreRejectedError
    ? "rejected"
    : "unavailable";
  pod.events.emit("recoveryFailed", { tenant, hashedId, reason });
}

/** Reports a record that cannot be read; the answer is to be thrown. */
export function corrupt<Context extends object>(
  pod: Pod<Context>,
  entry: CacheEntry,
  detail: string,
): CorruptRecordError {
  const { tenant, hashedId } = entry.key;
  entry.forget();
  pod.events.emit("corrupt", { tenant, hashedId, detail });
  return new CorruptRecordError(tenant, hashedId, detail);
}
