/**
 * Raw calls through ioredis.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { Redis } from "ioredis";
import type { RawArgument, RawClient } from "./raw_client.ts";

/** Connects. With `autoPipelining` the client gathers what is sent in one turn of the event loop. */
export async function ioredisRaw(
  url: string,
  { autoPipelining = false }: { readonly autoPipelining?: boolean } = {},
): Promise<RawClient> {
  const client = new Redis(url, { lazyConnect: true, enableAutoPipelining: autoPipelining });
  await client.connect();
  return {
    scriptLoad: (text) => client.script("LOAD", text) as Promise<string>,
    evalsha: (hash, key, args) => client.evalsha(hash, 1, key, ...args.map(toBuffer)),
    hgetall: (key) => client.hgetallBuffer(key),
    hgetallMany(keys) {
      const pipeline = client.pipeline();
      for (const key of keys) pipeline.hgetallBuffer(key);
      return pipeline.exec();
    },
    get: (key) => client.get(key),
    set: (key, value) => client.set(key, value),
    incr: (key) => client.incr(key),
    send: (name, ...args) => client.call(name, ...args.map(toBuffer)),
    [Symbol.asyncDispose]() {
      client.disconnect();
      return Promise.resolve();
    },
  };
}

function toBuffer(argument: RawArgument): string | Buffer {
  return typeof argument === "string"
    ? argument
    : Buffer.from(argument.buffer, argument.byteOffset, argument.byteLength);
}
