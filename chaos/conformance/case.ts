/**
 * What a case is, and what it is given.
 *
 * @module
 */

import type { Held, NewSession, Pod } from "./pod.ts";
import type { ConformanceSubject, Corruption } from "./subject.ts";

/** What a case needs of its subject beyond `create`. */
export type Need = "inbox" | "heal" | "heartbeat" | "otherProcess" | `corrupt:${Corruption}`;

/** One statement about a store's behaviour. */
export interface ConformanceCase {
  /** The statement. No two cases have the same. */
  readonly name: string;
  /** The rules, guarantees and traces of the protocol that it stands for, e.g. `rule 3, G3`. */
  readonly clause: string;
  /** Without it, or one of them, in the subject, the case is skipped. */
  readonly needs?: Need | readonly Need[];
  /** Rejects when the statement does not hold. */
  run(context: ConformanceContext): Promise<void>;
}

/** What a case works with: keys of its own, and pods on the subject's store. */
export interface ConformanceContext {
  /** The store under test. */
  readonly subject: ConformanceSubject;
  /** A time to live that can be waited for, in milliseconds. */
  readonly shortMs: number;
  /** Prefix of this case's keys, used by no other case. */
  readonly prefix: string;
  /** Prefix of this case's inboxes. */
  readonly inboxPrefix: string;
  /** A key that nobody used before. */
  key(): string;
  /** Opens another pod, closed when the case ends. */
  pod(): Promise<Pod>;
  /** Makes a session under a new key, by a new pod unless one is given. */
  session(options?: NewSession & { pod?: Pod; key?: string }): Promise<Held>;
  /** Resolves once the store's clock has passed `storeTimeMs`; no key of the case is touched meanwhile. */
  passed(storeTimeMs: number): Promise<void>;
  /** Resolves once `condition` holds; rejects with `what` when it does not in time. */
  until(what: string, condition: () => boolean | Promise<boolean>): Promise<void>;
  /** Lets whatever else is ready run: a loop without it would starve a store in this process. */
  turn(): Promise<void>;
  /**
   * Runs what has to be done within {@linkcode shortMs}. When the machine is too slow for that, the case
   * starts again with more time.
   */
  inTime<Result>(run: () => Promise<Result>): Promise<Result>;
}
