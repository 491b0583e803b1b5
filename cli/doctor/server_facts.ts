/**
 * What a server tells of itself, as far as it does: managed ones forbid CONFIG, and some INFO.
 *
 * @module
 */

import type { Answer } from "../../adapters/redis/replies.ts";
import type { RedisStore } from "../../adapters/redis/store.ts";
import { StoreRejectedError } from "../../core/errors.ts";

/** Names and values; undefined when the server does not tell. */
export type Facts = ReadonlyMap<string, string> | undefined;

/** Asks a server about itself. */
export class ServerFacts {
  readonly #store: RedisStore;
  readonly #timeoutMs: number;

  constructor(store: RedisStore, timeoutMs: number) {
    this.#store = store;
    this.#timeoutMs = timeoutMs;
  }

  /** What HELLO answers, which needs no permission. */
  async hello(): Promise<Facts> {
    const answer = await this.#told(["HELLO"]);
    return Array.isArray(answer) ? toPairs(answer) : undefined;
  }

  /** A section of INFO. */
  async info(section: string): Promise<Facts> {
    const text = await this.#told(["INFO", section]);
    if (typeof text !== "string") return undefined;
    const lines = text.split(/\r?\n/).filter((line) => /^[^#:]+:/.test(line));
    if (lines.length === 0) return undefined;
    return new Map(lines.map((line) => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon), line.slice(colon + 1)];
    }));
  }

  /** A setting, by CONFIG GET. */
  async setting(name: string): Promise<string | undefined> {
    const answer = await this.#told(["CONFIG", "GET", name]);
    return Array.isArray(answer) ? toPairs(answer).get(name) : undefined;
  }

  /** The user that is logged in. */
  async user(): Promise<string | undefined> {
    const answer = await this.#told(["ACL", "WHOAMI"]);
    return typeof answer === "string" ? answer : undefined;
  }

  /** Whether the user `default` may do to a key what commits do: as that user an AOF is replayed. */
  async defaultMayWrite(key: string): Promise<boolean | undefined> {
    const writes = [["HSET", key, "f", "v"], ["HDEL", key, "f"], ["DEL", key], [
      "PEXPIREAT",
      key,
      "1",
    ]];
    for (const write of writes) {
      const answer = await this.#told(["ACL", "DRYRUN", "default", ...write]);
      if (answer !== "OK") return answer === undefined ? undefined : false;
    }
    return true;
  }

  /** The server's clock, in milliseconds since the epoch. */
  async timeMs(): Promise<number | undefined> {
    const answer = await this.#told(["TIME"]);
    if (!Array.isArray(answer)) return undefined;
    const [seconds, microseconds] = answer.map(Number);
    return seconds! * 1_000 + microseconds! / 1_000;
  }

  /** The answer; undefined when the server refuses the command. */
  async #told(command: readonly [string, ...string[]]): Promise<Answer | undefined> {
    try {
      return await this.#store.ask(command, { timeoutMs: this.#timeoutMs });
    } catch (error) {
      if (error instanceof StoreRejectedError) return undefined;
      throw error;
    }
  }
}

function toPairs(list: readonly Answer[]): Map<string, string> {
  const pairs = new Map<string, string>();
  for (let index = 0; index + 1 < list.length; index += 2) {
    pairs.set(String(list[index]), String(list[index + 1]));
  }
  return pairs;
}
