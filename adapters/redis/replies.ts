/**
 * Reading replies that come as bytes, whatever client they come through.
 *
 * @module
 */

import type { RedisReply } from "./driver.ts";

/** A reply to an operator's command: its texts and numbers as texts, in lists as they came. */
export type Answer = string | readonly Answer[];

const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

/** A text, or a number as one. */
export function toText(reply: RedisReply): string {
  return reply instanceof Uint8Array ? utf8.decode(reply) : String(reply);
}

/** A list, or a map as names and values in turn. */
export function toList(reply: RedisReply): readonly RedisReply[] {
  if (reply instanceof Map) return [...reply].flat();
  return Array.isArray(reply) ? reply : [];
}

/** A reply as texts. */
export function toAnswer(reply: RedisReply): Answer {
  const isList = reply instanceof Map || Array.isArray(reply);
  return isList ? toList(reply).map(toAnswer) : toText(reply);
}

/** The reply of TIME: seconds, and microseconds within the second. */
export function toMilliseconds(time: RedisReply): number {
  const [seconds, microseconds] = toList(time).map((part) => Number(toText(part)));
  return seconds! * 1000 + Math.floor(microseconds! / 1000);
}
