/**
 * Raw calls through node-redis.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { createClient } from "@redis/client";
import type { RawArgument, RawClient } from "./raw_client.ts";

// RESP_TYPES.BLOB_STRING: the byte "$" that begins such a reply.
const AS_BYTES = { typeMapping: { 36: Buffer } };

/** Connects. */
export async function nodeRedisRaw(url: string): Promise<RawClient> {
  // As the adapter's own: a limit of the client's would be most of what a command costs.
  const client = createClient({ url, commandOptions: { timeout: 0 } });
  await client.connect();
  const send = (name: string, ...args: RawArgument[]) =>
    client.sendCommand([name, ...args.map(toBuffer)]);
  const hgetall = (key: string) => client.sendCommand(["HGETALL", key], AS_BYTES);
  return {
    scriptLoad: (text) => client.scriptLoad(text),
    evalsha: (hash, key, args) => send("EVALSHA", hash, "1", key, ...args),
    hgetall,
    // What is sent in one turn of the event loop is one pipeline.
    hgetallMany: (keys) => Promise.all(keys.map(hgetall)),
    get: (key) => client.get(key),
    set: (key, value) => client.set(key, value),
    incr: (key) => client.incr(key),
    send,
    [Symbol.asyncDispose]() {
      client.destroy();
      return Promise.resolve();
    },
  };
}

function toBuffer(argument: RawArgument): string | Buffer {
  return typeof argument === "string"
    ? argument
    : Buffer.from(argument.buffer, argument.byteOffset, argument.byteLength);
}
