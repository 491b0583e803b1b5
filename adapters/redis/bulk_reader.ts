/**
 * Reading many records at once: what is asked for in one turn shares one look at the server's clock, and
 * nothing is registered, so that no script runs.
 *
 * @module
 */

import { setImmediate } from "node:timers";
import type { RedisReply } from "./driver.ts";

/** A record's fields, and the server's clock just before they were read. */
export interface TimedRead {
  readonly time: RedisReply;
  readonly fields: RedisReply;
}

interface Wanted {
  readonly key: string;
  readonly timeoutMs: number;
  readonly resolve: (read: TimedRead) => void;
  readonly reject: (error: unknown) => void;
}

/** Sends a command. */
export type Send = (
  command: readonly [string, ...string[]],
  timeoutMs: number,
) => Promise<RedisReply>;

/** Collects what is wanted within a turn. */
export class BulkReader {
  readonly #send: Send;
  #wanted: Wanted[] = [];

  constructor(send: Send) {
    this.#send = send;
  }

  read(key: string, timeoutMs: number): Promise<TimedRead> {
    return new Promise((resolve, reject) => {
      if (this.#wanted.length === 0) setImmediate(() => this.#flush());
      this.#wanted.push({ key, timeoutMs, resolve, reject });
    });
  }

  #flush(): void {
    const wanted = this.#wanted;
    this.#wanted = [];
    // The clock is read first: what is left of a session is rather counted too short than too long.
    const time = this.#send(["TIME"], wanted[0]!.timeoutMs);
    for (const { key, timeoutMs, resolve, reject } of wanted) {
      const fields = this.#send(["HGETALL", key], timeoutMs);
      Promise.all([time, fields]).then(([time, fields]) => resolve({ time, fields }), reject);
    }
  }
}
