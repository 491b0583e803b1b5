/**
 * Loading many sessions: what a pod does that takes over from another one.
 *
 * @module
 */

import { unrecovered } from "./absence.ts";
import { Answerable, ReadCall } from "./calls.ts";
import { deferred } from "./deferred.ts";
import { CorruptRecordError, ManagerClosedError, StoreUnavailableError } from "./errors.ts";
import type { Lanes } from "./lanes.ts";
import { type Lookup, take } from "./loader.ts";
import type { Pod } from "./pod.ts";
import type { Copy } from "./session.ts";
import type { SessionLane } from "./session_lane.ts";
import { checkId } from "./validation.ts";

/** Sessions read by one command of the store's. */
const GROUP_SIZE = 128;

/** Groups under way at once. */
const GROUPS_AT_ONCE = 4;

/** What to load, and who hears of it. */
export interface Recovery {
  readonly tenant: string;
  readonly ids: readonly string[];
  readonly signal: AbortSignal | undefined;
  /** Hears of each session that is found. */
  readonly onCopy: (id: string, copy: Copy) => void;
}

/**
 * Loads sessions past the cache, and answers those found in the order asked; `onSession` is given each as it comes.
 * Those that cannot be read are told by event.
 */
export async function recoverSessions<Context extends object, Session>(
  pod: Pod<Context>,
  lanes: Lanes<Context>,
  recovery: Omit<Recovery, "onCopy">,
  toSession: (id: string, copy: Copy) => Session,
  onSession: ((session: Session) => void) | undefined,
): Promise<Map<string, Session>> {
  for (const id of recovery.ids) checkId(id, pod.settings.limits);
  const found = new Map<string, Session>();
  const onCopy = (id: string, copy: Copy) => {
    const session = toSession(id, copy);
    found.set(id, session);
    onSession?.(session);
  };
  await recover(pod, lanes, { ...recovery, onCopy });
  return inOrderOf(recovery.ids, found);
}

async function recover<Context extends object>(
  pod: Pod<Context>,
  lanes: Lanes<Context>,
  recovery: Recovery,
): Promise<void> {
  const { ids } = recovery;
  if (lanes.closed) throw new ManagerClosedError();
  if (!pod.link.isUp) {
    tellUnrecovered(pod, recovery);
    const message =
      "The store is away: there is nothing to recover from. Memory still answers get().";
    throw new StoreUnavailableError(message, { outcome: "not-applied" });
  }
  let next = 0;
  const worker = async () => {
    while (next < ids.length) {
      const group = ids.slice(next, next += GROUP_SIZE);
      recovery.signal?.throwIfAborted();
      await loadGroup(pod, lanes, { ...recovery, ids: group });
    }
  };
  try {
    await Promise.all(Array.from({ length: GROUPS_AT_ONCE }, worker));
  } finally {
    next = ids.length; // What failed for one group ends the others too.
  }
}

/** What was found, in the order in which it was asked for. */
function inOrderOf<Found>(
  ids: readonly string[],
  found: ReadonlyMap<string, Found>,
): Map<string, Found> {
  return new Map(ids.filter((id) => found.has(id)).map((id) => [id, found.get(id)!]));
}

/** Nothing is asked: each that is not held stays unknown. */
function tellUnrecovered<Context extends object>(
  pod: Pod<Context>,
  { tenant, ids }: Recovery,
): void {
  for (const id of ids) {
    if (pod.cache.entry(tenant, id)) continue;
    const key = pod.keys.session(tenant, id);
    if (!pod.journal.of(key.storeKey)) unrecovered(pod, key, undefined);
  }
}

async function loadGroup<Context extends object>(
  pod: Pod<Context>,
  lanes: Lanes<Context>,
  { tenant, ids, signal, onCopy }: Recovery,
): Promise<void> {
  const left = pod.link.loadsMany
    ? await loadIdle(pod, lanes, { tenant, ids, signal, onCopy })
    : ids;
  await Promise.all(left.map(async (id) => {
    const answer = new Answerable<Copy | undefined>(signal);
    lanes.enqueue(tenant, id, new ReadCall(true, answer));
    const copy = await answer.promise.catch(ignoreCorrupt);
    if (copy) onCopy(id, copy);
  }));
}

/**
 * Loads the sessions that no call is under way for, in one go: their lanes wait meanwhile, so that no commit of
 * this pod is open (rule 12). The answer is those that are left: busy, or moving.
 */
async function loadIdle<Context extends object>(
  pod: Pod<Context>,
  lanes: Lanes<Context>,
  { tenant, ids, onCopy }: Recovery,
): Promise<string[]> {
  const left: string[] = [];
  const idle: { readonly id: string; readonly lane: SessionLane<Context> }[] = [];
  const end = deferred<void>();
  for (const id of ids) {
    const lane = lanes.lane(tenant, id);
    if (lane.isBusy) {
      left.push(id);
    } else {
      lane.occupy(end.promise);
      idle.push({ id, lane });
    }
  }
  try {
    const keys = idle.map(({ lane }) => lane.entry.key.storeKey);
    const heardBefore = idle.map(({ lane }) => lane.entry.heardCount);
    const request = { tombstoneMs: pod.tombstoneMs };
    const { replies, sentAt } = await pod.attempts().read((timeoutMs) =>
      pod.link.loadMany(keys, request, timeoutMs)
    ).catch((error: unknown) => {
      for (const { lane: { entry } } of idle) {
        if (!entry.stub) unrecovered(pod, entry.key, error);
      }
      throw error;
    });
    for (const [index, { id, lane: { entry } }] of idle.entries()) {
      const reply = replies[index]!;
      // What asks for more than taking it is left to a load of its own.
      if (reply.outcome === "moving" || reply.outcome === "missing" && entry.stub) {
        left.push(id);
        continue;
      }
      const isHeld = entry.stub !== undefined;
      let lookup: Lookup | undefined;
      try {
        lookup = await take(pod, entry, { reply, sentAt }, heardBefore[index]!);
      } catch (error) {
        if (!isHeld) unrecovered(pod, entry.key, error);
        ignoreCorrupt(error);
      }
      if (lookup?.alive) onCopy(id, lookup.copy);
    }
  } finally {
    for (const { lane } of idle) lane.vacate();
    end.resolve();
  }
  return left;
}

function ignoreCorrupt(error: unknown): void {
  if (!(error instanceof CorruptRecordError)) throw error;
}
