/**
 * Sending commands and scripts through a driver, and no longer waiting for each answer than it was given.
 *
 * @module
 */

import { systemClock } from "../../core/clock.ts";
import { Deadlines } from "../../core/deadlines.ts";
import { NoAnswerError, type RedisCommand, type RedisDriver, type RedisReply } from "./driver.ts";
import { replyCode } from "./errors.ts";
import type { Argument } from "./layout.ts";
import { toText } from "./replies.ts";
import { CHECK, COMMIT, HEAL, HEARTBEAT, LOAD, OPEN, OPEN_UPKEEP, type Script } from "./scripts.ts";

/** A driver's connection. */
export class Wire {
  readonly #driver: RedisDriver;
  readonly #hashes = new Map<Script, string>();
  readonly #deadlines = new Deadlines(systemClock);

  constructor(driver: RedisDriver) {
    this.#driver = driver;
  }

  /** Works out under which names the server knows the scripts. */
  async hashScripts(): Promise<void> {
    for (const script of [COMMIT, LOAD, HEAL, HEARTBEAT, OPEN, OPEN_UPKEEP, CHECK]) {
      this.#hashes.set(script, await sha1(script.text));
    }
  }

  /** Runs a script on a key; the answer is its line. */
  evaluate(
    script: Script,
    key: string,
    args: readonly Argument[],
    timeoutMs: number,
  ): Promise<string> {
    const hash = this.#hashes.get(script);
    const teach = () => this.send(["EVAL", script.text, "1", key, ...args], timeoutMs).then(toText);
    if (hash === undefined) return teach();
    return this.send(["EVALSHA", hash, "1", key, ...args], timeoutMs).then(toText, (error) => {
      // The script surely did not run: the server does not know it yet, or no longer.
      if (replyCode(error) !== "NOSCRIPT") throw error;
      return teach();
    });
  }

  /** Sends a command. */
  send(command: RedisCommand, timeoutMs: number): Promise<RedisReply> {
    return this.inTime(this.enqueue(command), timeoutMs);
  }

  /** Waits for an answer; where none came to anybody meanwhile, the connection is given up. */
  inTime<Value>(answer: Promise<Value>, timeoutMs: number): Promise<Value> {
    return this.#deadlines.limit(answer, timeoutMs, (isSilent) => {
      if (isSilent) this.#driver.recycle();
      return new NoAnswerError(`no answer within ${Math.round(timeoutMs)} ms`);
    });
  }

  /** Sends a command that somebody else waits for. */
  enqueue(command: RedisCommand): Promise<RedisReply> {
    return this.#driver.send(command);
  }
}

async function sha1(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-1", new TextEncoder().encode(text));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
