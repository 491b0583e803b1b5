/**
 * Raw clients by the name of their backend.
 *
 * @module
 */

import type { CaseBackend } from "../case.ts";
import type { RawClient } from "./raw_client.ts";

export type { RawArgument, RawClient } from "./raw_client.ts";

/** Connects through a backend's client. Throws on a backend that is none of the Redis family. */
export async function openRawClient(backend: CaseBackend, url: string): Promise<RawClient> {
  switch (backend) {
    case "ioredis":
      return await (await import("./ioredis.ts")).ioredisRaw(url);
    case "node-redis":
      return await (await import("./node_redis.ts")).nodeRedisRaw(url);
    case "valkey-glide":
      return await (await import("./valkey_glide.ts")).valkeyGlideRaw(url);
    default:
      throw new RangeError(`"${backend}" is no client of the Redis family.`);
  }
}
