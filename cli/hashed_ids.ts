/**
 * Sessions by their hashed ids. An operator has no others: neither a listing nor the audit log tells an id.
 *
 * @module
 */

import type { KeySpace } from "../core/key_space.ts";
import type { StorageAdapter } from "../core/storage_adapter.ts";
import { UsageError } from "./usage_error.ts";

/**
 * The same store, in which a manager finds a session by its hashed id in place of its id: what is at the hashed id's key
 * stands at the key that the manager makes of it.
 *
 * @throws UsageError when one of them is no hashed id
 */
export function byHashedIds(
  adapter: StorageAdapter,
  keys: KeySpace,
  tenant: string,
  hashedIds: readonly string[],
): StorageAdapter {
  const prefix = keys.sessionPrefix(tenant);
  const real = new Map(hashedIds.map((hashedId) => {
    if (!/^[0-9a-f]{64}$/.test(hashedId)) {
      throw new UsageError(`A hashed id is 64 hex digits; got ${JSON.stringify(hashedId)}.`);
    }
    return [keys.session(tenant, hashedId).storeKey, prefix + hashedId];
  }));
  const at = (key: string) => real.get(key) ?? key;
  return {
    name: adapter.name,
    ...(adapter.prepare && { prepare: () => adapter.prepare!() }),
    open: (options) => adapter.open(options),
    commit: (key, batch, options) => adapter.commit(at(key), batch, options),
    load: (key, request, options) => adapter.load(at(key), request, options),
    list: (key, options) => adapter.list(key, options),
    ...(adapter.heartbeat && { heartbeat: (options) => adapter.heartbeat!(options) }),
    close: () => adapter.close(),
  };
}
