/**
 * An adapter with a deliberate bug.
 *
 * @module
 */

import type { CommitBatch, HealRequest, LoadRequest, StorageAdapter } from "../mod.ts";

/** One bug. */
export interface Mutant {
  readonly bug: string;
  /** Name of the case that fails because of it. */
  readonly caughtBy: string;
  /** What is different in the adapter; `memory` is shared by all pods on the store. */
  break(inner: StorageAdapter, memory: Map<string, unknown>): Partial<StorageAdapter>;
}

/** The adapter with some of its methods replaced. */
export function broken(inner: StorageAdapter, bug: Partial<StorageAdapter>): StorageAdapter {
  return {
    name: inner.name,
    open: (options) => inner.open(options),
    commit: (key, batch, options) => inner.commit(key, batch, options),
    load: (key, request, options) => inner.load(key, request, options),
    heal: (key, request, options) => inner.heal!(key, request, options),
    heartbeat: (options) => inner.heartbeat!(options),
    list: (prefix, options) => inner.list(prefix, options),
    subscribe: (holder, listener) => inner.subscribe!(holder, listener),
    close: () => inner.close(),
    ...bug,
  };
}

/** A bug that only changes what is sent. */
export function rewriting(rewrite: (batch: CommitBatch) => CommitBatch): Mutant["break"] {
  return (inner) => ({ commit: (key, batch, call) => inner.commit(key, rewrite(batch), call) });
}

/** A bug that only changes what a load asks. */
export function asking(rewrite: (request: LoadRequest) => LoadRequest): Mutant["break"] {
  return (inner) => ({ load: (key, request, call) => inner.load(key, rewrite(request), call) });
}

/** A bug that only changes what a heal gives back. */
export function giving(rewrite: (request: HealRequest) => HealRequest): Mutant["break"] {
  return (inner) => ({ heal: (key, request, call) => inner.heal!(key, rewrite(request), call) });
}
