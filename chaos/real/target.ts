/**
 * What a real run is made on.
 *
 * @module
 */

import type { RedisServer } from "./store_server.ts";

/** The backends that pods can be opened on by name. */
export type BackendName = "memory" | "sqlite" | "ioredis" | "node-redis" | "valkey-glide";

/** Those whose pods are processes. */
export type PodBackend = Exclude<BackendName, "memory">;

/** Where a backend's sessions are kept. */
export type TargetStore =
  | { readonly kind: "memory" }
  | { readonly kind: "sqlite" }
  /** A server that is started for the run with the users of {@linkcode POD_ACL}, one a lane, and may be killed. */
  | {
    readonly kind: "redis";
    readonly start: () => Promise<RedisServer>;
    /** Whether its clock can be set. */
    readonly hasClock?: boolean;
  }
  /** A server that somebody else runs: it is not killed. */
  | { readonly kind: "redis-url"; readonly url: string };

/** A backend, and the store that it is tested on. */
export interface Target {
  readonly backend: BackendName;
  readonly store: TargetStore;
  /** As the report names it. */
  readonly server: string | null;
  readonly serverVersion: string | null;
}
