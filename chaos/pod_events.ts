/**
 * What a pod tells of itself, as plain data.
 *
 * @module
 */

import { type BaseSessionManager, type SessionEvents, UnkeptWritesError } from "../mod.ts";
import type { Flush, Told } from "./history.ts";

/** As {@linkcode Told}, with the session as the pod names it. */
export interface PodTold extends Omit<Told, "session"> {
  /** The session's tenant, where it is about one. */
  readonly tenant?: string;
  /** The hash of the session's id, where it is about one. */
  readonly hashedId?: string;
}

/** As {@linkcode Flush}, with the sessions as the pod names them. */
export interface PodFlush extends Omit<Flush, "unkept"> {
  /** What could not be kept. */
  readonly unkept?: readonly Omit<PodTold, "name">[];
}

const NAMES = ["degraded", "rejected", "lost", "vanished", "healed", "reconciled"] as const;

/** Hears what a manager tells. */
export function listen(manager: BaseSessionManager, hear: (told: PodTold) => void): void {
  for (const name of NAMES) manager.on(name, (payload) => hear({ name, ...select(payload) }));
}

function select(payload: SessionEvents[typeof NAMES[number]]): Omit<PodTold, "name"> {
  const { tenant, hashedId, operations, reason } = payload as Partial<
    SessionEvents["rejected"] & SessionEvents["reconciled"]
  >;
  return {
    ...(tenant === undefined ? {} : { tenant }),
    ...(hashedId === undefined ? {} : { hashedId }),
    ...(operations === undefined ? {} : { operations }),
    ...(reason === undefined ? {} : { reason }),
  };
}

/** Brings what waits into the store; never rejects. */
export function flush(manager: BaseSessionManager, timeoutMs: number): Promise<PodFlush> {
  const { store, journaled } = manager.status();
  return conclude(manager, manager.flush({ timeoutMs }), store !== "down" && journaled === 0);
}

/** As {@linkcode flush}, at a pod's graceful end. */
export function close(manager: BaseSessionManager, timeoutMs: number): Promise<PodFlush> {
  return conclude(manager, manager.close({ timeoutMs }), true).then((ended) => ({
    ...ended,
    isEnd: true,
  }));
}

async function conclude(
  manager: BaseSessionManager,
  work: Promise<void>,
  hadSettled: boolean,
): Promise<PodFlush> {
  try {
    await work;
    return { outcome: "kept", journaled: manager.status().journaled, hadSettled };
  } catch (error) {
    const { journaled } = manager.status();
    if (!(error instanceof UnkeptWritesError)) {
      return { outcome: "failed", message: String(error), journaled, hadSettled };
    }
    const unkept = error.writes.map(({ tenant, hashedId, operations, reason }) => ({
      ...{ tenant, hashedId, operations, reason },
    }));
    return { outcome: "unkept", unkept, journaled, hadSettled };
  }
}
