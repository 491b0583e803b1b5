/**
 * What the three Redis clients have in common, as small as it can be: everything else is in `store.ts`.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import type { Endpoint } from "./endpoint.ts";
import type { Argument } from "./layout.ts";

/** A reply with every bulk string as bytes. A map may come as a `Map` or as names and values in turn. */
export type RedisReply =
  | null
  | undefined
  | number
  | bigint
  | boolean
  | string
  | Uint8Array
  | readonly RedisReply[]
  | ReadonlyMap<RedisReply, RedisReply>;

/** A command and its arguments. */
export type RedisCommand = readonly [name: string, ...args: Argument[]];

/**
 * How many commands of one turn are sent together, at most. Callers who were answered together ask again together: in one
 * piece, the server would stand still while the commands are made, and the pod while they are carried out. Fewer are a
 * write to the socket too many; measured in docs/performance.md.
 */
export const PORTION = 16;

/** What is heard on the channels of a subscription. */
export interface ChannelListener {
  onMessage(message: string): void;
  /** Messages may have been lost. */
  onGap(): void;
}

/** Sends commands through one client. */
export interface RedisDriver {
  /** The backend's name, e.g. `ioredis`. */
  readonly name: string;
  /** Where connections of our own lead; undefined with a client of the caller's. */
  readonly endpoint?: Endpoint | undefined;
  /** Loads the client's package, where a connection of our own is to be made. */
  prepare(): Promise<void>;
  /** Loads what was not prepared, and resolves when commands can be sent. Can be called again. */
  connect(timeoutMs: number): Promise<void>;
  /**
   * Sends one command, once. Commands of one turn reach the server in the order in which they were sent.
   * Rejects with the client's own error, or with {@linkcode NotConnectedError} when nothing was sent.
   */
  send(command: RedisCommand): Promise<RedisReply>;
  /** Nothing has come back for as long as a command may take: a connection of our own is replaced. */
  recycle(): void;
  /** Listens, on a second connection; resolves once the server has confirmed it. */
  subscribe?(channels: readonly string[], listener: ChannelListener): Promise<() => Promise<void>>;
  /** Ends every connection made here, whatever state the server is in. */
  close(): Promise<void>;
}

/** There is no connection, and so nothing was sent. */
export class NotConnectedError extends Error {
  override readonly name = "NotConnectedError";
}

/** No answer came in time; the command may have been executed, or may yet be. */
export class NoAnswerError extends Error {
  override readonly name = "NoAnswerError";
}

/** Rejects with {@linkcode NoAnswerError} unless `promise` settles in time; what comes later is dropped. */
export function inTime<Value>(
  promise: Promise<Value>,
  timeoutMs: number,
): Promise<Value> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new NoAnswerError(`no answer within ${timeoutMs} ms`));
    }, timeoutMs);
    promise.then((value) => {
      clearTimeout(timer);
      resolve(value);
    }, (error) => {
      clearTimeout(timer);
      reject(error);
    });
  });
}

/** Bytes as the clients take them: they know no `Uint8Array` that is no `Buffer`. Nothing is copied. */
export function toArgument(argument: Argument): string | Buffer {
  if (typeof argument === "string") return argument;
  return Buffer.from(argument.buffer, argument.byteOffset, argument.byteLength);
}
