/**
 * A world: a few calls on a few pods, and the faults that may meet them, small enough for all its interleavings to be
 * run.
 *
 * @module
 */

import type { CaseSettings } from "../case.ts";
import type { CallKind } from "../history.ts";

/** One call of a client. */
export interface WorldCall {
  readonly kind: CallKind;
  /** Index of the session. @default 0 */
  readonly session?: number;
  /** Whether a read asks the store. @default false */
  readonly fresh?: boolean;
  /** As in a case: the parts of an `apply`, whether a set deletes (0), where a rotation leads. @default 1 */
  readonly variant?: number;
}

/** Calls that follow one another on one pod: each is made when the one before has been answered, or its pod died. */
export interface WorldClient {
  /** Index of the pod. */
  readonly pod: number;
  readonly calls: readonly WorldCall[];
}

/** What may happen besides, each so many times at most. */
export interface WorldFaults {
  /**
   * A pod is told that its connection is cut: before the command was executed (which then may happen at any later
   * moment, or never), or after.
   */
  readonly cuts?: number;
  /** A pod dies; its next call is made by its next life, which takes over its journal where that is durable. */
  readonly kills?: number;
  /** The store is killed, and is back with its data later, or at the end. */
  readonly outages?: number;
  /** The store is killed and is back at once with nothing, or, in a world with a snapshot, with what it held then. */
  readonly losses?: number;
  /** So much time passes that what was not renewed has expired. */
  readonly expiries?: number;
  /** Half as much time passes: twice, and what was sent in between is still under way. */
  readonly halves?: number;
  /** A pod dies, and its journal is damaged on the disk. */
  readonly damages?: number;
}

/** A world. */
export interface World {
  /** As `--world` takes it. */
  readonly name: string;
  /** What it is there for, in a few words. */
  readonly about: string;
  readonly pods: number;
  /** Ids of one tenant. */
  readonly sessions: number;
  /** Made before anything else, one after the other, each answered. `pod` is the first one where it is not said. */
  readonly before?: readonly (WorldCall & { readonly pod?: number })[];
  readonly clients: readonly WorldClient[];
  readonly faults: WorldFaults;
  /** What a loss leads back to. @default nothing */
  readonly snapshot?: "after-before" | "none";
  readonly settings?: Partial<CaseSettings>;
}

/** Calls of its clients and faults: by this worlds are put in order. */
export function sizeOf({ clients, faults, pods }: World): number {
  const calls = clients.reduce((sum, client) => sum + client.calls.length, 0);
  const struck = Object.values(faults).reduce((sum, times) => sum + times, 0);
  return calls + 2 * struck + pods - 2;
}
