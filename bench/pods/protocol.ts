/**
 * What the bench and the processes that work for it say to each other: one line of JSON at a time.
 *
 * @module
 */

import type { CaseBackend } from "../case.ts";

/** What a process is to work at. */
export interface PodJob {
  readonly job: PodJobName;
  readonly backend: CaseBackend;
  readonly url: string;
  /** Calls at once. */
  readonly callers: number;
  /** Times every call; left out where a look at the clock costs as much as the call. @default true */
  readonly isTimed?: boolean;
  /** The sessions to work on. */
  readonly ids: readonly string[];
}

/** The work that processes know. */
export type PodJobName = "increment" | "raw-incr" | "get" | "read-shared";

/** What a process did in a turn. */
export interface PodTurn {
  readonly pieces: number;
  readonly elapsedMs: number;
  /** 0 where calls are not timed. */
  readonly slowestMs: number;
}

/** Said to a process: work for so long, or be as many pods as this. */
export type PodOrder = { readonly turnMs: number } | { readonly pods: number };
