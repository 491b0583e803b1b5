/**
 * Raw calls through Valkey GLIDE.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { Batch, Decoder, GlideClient, Logger } from "@valkey/valkey-glide";
import type { RawArgument, RawClient } from "./raw_client.ts";

const AS_BYTES = { decoder: Decoder.Bytes };

/** Connects. */
export async function valkeyGlideRaw(url: string): Promise<RawClient> {
  const { hostname: host, port } = new URL(url);
  Logger.init("off");
  const client = await GlideClient.createClient({
    addresses: [{ host, port: Number(port) }],
    requestTimeout: 60_000,
  });
  const send = (name: string, ...args: RawArgument[]) =>
    client.customCommand([name, ...args.map(toBuffer)]);
  return {
    scriptLoad: async (text) => String(await send("SCRIPT", "LOAD", text)),
    evalsha: (hash, key, args) => send("EVALSHA", hash, "1", key, ...args),
    hgetall: (key) => client.customCommand(["HGETALL", key], AS_BYTES),
    hgetallMany(keys) {
      const batch = new Batch(false);
      for (const key of keys) batch.customCommand(["HGETALL", key]);
      return client.exec(batch, true, AS_BYTES);
    },
    get: (key) => client.get(key),
    set: (key, value) => client.set(key, value),
    incr: (key) => client.incr(key),
    send,
    [Symbol.asyncDispose]() {
      client.close();
      return Promise.resolve();
    },
  };
}

function toBuffer(argument: RawArgument): string | Buffer {
  return typeof argument === "string"
    ? argument
    : Buffer.from(argument.buffer, argument.byteOffset, argument.byteLength);
}
