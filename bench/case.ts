/**
 * What a case of the benchmark is.
 *
 * @module
 */

import type { Backend, OpenOptions, SessionManager } from "../mod.ts";
import type { RunningServer } from "../scripts/servers/server.ts";
import type { Peer } from "./peer.ts";
import type { Contestant, Race, Standing } from "./rounds.ts";
import type { CallersOptions, Work } from "./turns.ts";
import type { Quantity, Verdict } from "./verdict.ts";

/** Where a case is run; `none` for one that needs no store. */
export type CaseBackend = Backend | "none";

/** The backends of the Redis family. */
export const REDIS_CLIENTS = ["ioredis", "node-redis", "valkey-glide"] as const;

/** One of the clients of the Redis family. */
export type RedisClientName = typeof REDIS_CLIENTS[number];

/** One piece of work that is measured. */
export interface BenchCase {
  /** As it is given on the command line. */
  readonly name: string;
  /** What is done, in a line. */
  readonly title: string;
  /** Every backend that it is for. */
  readonly backends: readonly CaseBackend[];
  /** Whether its ratios are stable enough for the regression guard. */
  readonly isGuarded?: true;
  /** Does it once, on one backend. Rejects when it cannot be done. */
  run(bench: Bench): Promise<Findings>;
}

/** What a case found on one backend. */
export interface Findings {
  /** Its contests; the figures of all are written down. */
  readonly races: readonly Race[];
  readonly verdicts: readonly Verdict[];
  /** Figures without a target, by what they are. */
  readonly figures?: Readonly<Record<string, Quantity>>;
  /** What is to be known of how it was measured. */
  readonly notes?: readonly string[];
}

/** How long and how often is measured. */
export interface BenchSettings {
  /** Length of one turn of one contestant; whatever takes longer is a multiple of it. */
  readonly turnMs: number;
  readonly rounds: number;
  readonly repeats: number;
  /** Whether other libraries take part. */
  readonly withPeers: boolean;
  /** Whether the longest cases are run in full. */
  readonly isFull: boolean;
  /** Most sessions that a store is filled with to see how cost grows. */
  readonly mostSessions: number;
}

/** What a case works with: a server of its own, and means to race. */
export interface Bench {
  readonly backend: CaseBackend;
  readonly settings: BenchSettings;
  /** Begun for this case, and empty. Throws on a backend that has none. */
  readonly server: RunningServer;
  /** Begins another server, until the case ends. */
  startServer(): Promise<RunningServer>;
  /** A folder of this case's own. */
  readonly folder: string;
  /** Opens a pod on the backend; it is closed when the case ends, if not before. */
  open(options?: Partial<OpenOptions>): Promise<SessionManager>;
  /** Keeps something until the case ends. */
  use<Resource extends AsyncDisposable>(resource: Resource): Resource;
  /** The other libraries, where they take part. */
  peers(): Promise<readonly Peer[]>;
  /** A contestant whose callers make one call after the other. */
  callers(
    name: string,
    work: Work,
    options: Pick<CallersOptions, "callers" | "isTimed">,
  ): Contestant;
  /** Lets contestants take turns, as often as the settings say. */
  race(contestants: readonly Contestant[]): Promise<Race>;
}

/** What is written down of a contestant. */
export type { Standing };
