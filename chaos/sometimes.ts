/**
 * What has to be seen at least once in a run, or the run has not proved what it seems to: a guarantee that was never put to
 * the test holds always.
 *
 * @module
 */

import type { FaultKind, StoreKind } from "./fault_kinds.ts";
import type { RunOutcome } from "./runner.ts";
import { Sightings } from "./sightings.ts";

/** Something that has to be seen. */
export interface Sometimes {
  /** What it is called in reports. */
  readonly name: string;
  /** What would reach it. */
  readonly reachedBy: string;
  /** Where it can be seen. */
  readonly stores: readonly StoreKind[];
  /** One of these kinds has to be made. @default none */
  readonly faults?: readonly FaultKind[];
  /** Histories with such faults below which it may be missing. */
  readonly histories: number;
  /** How often it is seen in a history. */
  readonly count: (sightings: Sightings) => number;
}

const ANYWHERE: readonly StoreKind[] = ["memory", "sqlite", "redis"];
const MEMORY: readonly StoreKind[] = ["memory"];
const WITH_REPLIES: readonly StoreKind[] = ["memory", "redis"];

const LOST_ANSWERS: readonly FaultKind[] = ["reply-cut", "late-execution"];
const LOSES_MEMORY: readonly FaultKind[] = ["store-empty", "store-rollback"];
const AWAY: readonly FaultKind[] = [
  ...["store-outage", "store-empty", "store-freeze", "black-hole", "loss-requests"] as const,
  ...["loss-replies", "flapping", "loading", "pod-kill-outage", "ttl-in-outage"] as const,
  "destroy-in-outage",
];

/** All of them. */
export const SOMETIMES: readonly Sometimes[] = [
  {
    name: "retry-answered-duplicate",
    reachedBy: "a commit whose reply is lost, and which is sent again",
    ...{ stores: WITH_REPLIES, faults: LOST_ANSWERS, histories: 100 },
    count: ({ replies }) => replies("commit duplicate"),
  },
  {
    name: "late-write-answered-gone",
    reachedBy: "a write to a session that another pod destroyed or rotated meanwhile",
    ...{ stores: WITH_REPLIES, histories: 100 },
    count: ({ replies }) => replies("commit gone"),
  },
  {
    name: "update-run-again-on-conflict",
    reachedBy: "updates of one session by two pods at once",
    ...{ stores: WITH_REPLIES, histories: 100 },
    count: ({ replies }) => replies("commit conflict"),
  },
  {
    name: "create-refused-as-late",
    reachedBy: "a create that is executed after its deadline",
    ...{ stores: MEMORY, faults: ["late-execution", "store-freeze"], histories: 500 },
    count: ({ replies }) => replies("commit late"),
  },
  {
    name: "rollback-seen-by-a-commit",
    reachedBy: "a store that is back from an older snapshot, and a commit to what it lost",
    ...{ stores: MEMORY, faults: ["store-rollback"], histories: 300 },
    count: ({ replies }) => replies("commit behind"),
  },
  {
    name: "cache-invalidated-by-another-pod",
    reachedBy: "a session that one pod holds and another one writes to",
    ...{ stores: WITH_REPLIES, histories: 30 },
    count: ({ replies }) => replies("invalidation"),
  },
  {
    name: "rotation-completed-by-another-pod",
    reachedBy: "a pod that dies, or is cut off, between the steps of a rotation",
    ...{ stores: MEMORY, faults: ["pod-kill", "slow-pod", "latency"], histories: 600 },
    count: ({ replies }) => replies("rotation taken over"),
  },
  {
    name: "read-answered-from-memory",
    reachedBy: "a read of a session that is held while the store is away",
    ...{ stores: ["memory", "redis"], faults: AWAY, histories: 30 },
    count: ({ degraded }) => degraded((kind) => kind === "get"),
  },
  {
    name: "write-journaled",
    reachedBy: "a write while the store is away, with failMode open",
    ...{ stores: ["memory", "redis"], faults: AWAY, histories: 30 },
    count: ({ degraded }) => degraded((kind) => kind !== "get" && kind !== "rotate"),
  },
  {
    name: "write-refused-while-away",
    reachedBy: "a write while the store is away, with failMode closed",
    ...{ stores: MEMORY, faults: AWAY, histories: 100 },
    count: ({ results }) =>
      results((result) => result.kind === "unavailable" && result.outcome === "not-applied"),
  },
  {
    name: "outcome-unknown",
    reachedBy: "a commit whose every try was cut off",
    ...{ stores: MEMORY, faults: ["reply-cut", "late-execution", "latency"], histories: 300 },
    count: ({ results }) =>
      results((result) => result.kind === "unavailable" && result.outcome === "unknown"),
  },
  {
    name: "journal-drained",
    reachedBy: "a journal with writes when the store is back",
    ...{ stores: ["memory", "redis"], faults: AWAY, histories: 30 },
    count: ({ told }) =>
      told(({ name, operations = 0 }) => name === "reconciled" && operations > 0),
  },
  {
    name: "journaled-write-rejected",
    reachedBy: "a write that was journaled for a session that is gone when the store is back",
    ...{ stores: MEMORY, faults: AWAY, histories: 100 },
    count: ({ told }) => told(({ name }) => name === "rejected"),
  },
  {
    name: "dead-pods-journal-taken-over",
    reachedBy: "a pod that dies with writes in a journal that outlives it",
    ...{
      stores: ["memory", "redis"],
      faults: ["pod-kill-outage", "pod-kill-replay"],
      histories: 60,
    },
    count: ({ takeovers }) => takeovers,
  },
  {
    name: "store-healed",
    reachedBy: "a store that lost its memory, and a pod that holds a session from before",
    ...{ stores: ["memory", "redis"], faults: LOSES_MEMORY, histories: 30 },
    count: ({ told }) => told(({ name }) => name === "healed"),
  },
  {
    name: "loss-told",
    reachedBy: "a store that lost its memory, and two pods of which one wrote last",
    ...{ stores: MEMORY, faults: LOSES_MEMORY, histories: 300 },
    count: ({ told }) => told(({ name }) => name === "lost"),
  },
  {
    name: "destroyed-session-named",
    reachedBy: "a call on a session that was destroyed",
    ...{ stores: ANYWHERE, histories: 30 },
    count: ({ results }) =>
      results((result) => result.kind === "not-found" && result.reason === "destroyed"),
  },
  {
    name: "expired-session-named",
    reachedBy: "a write to a session whose time has run out",
    ...{ stores: ANYWHERE, faults: ["ttl-expiry"], histories: 60 },
    count: ({ results }) =>
      results((result) => result.kind === "not-found" && result.reason === "expired"),
  },
  {
    name: "cut-short-by-the-stores-clock",
    reachedBy: "a write to a session that a jump forth of the store's clock has ended",
    ...{ stores: MEMORY, faults: ["store-clock-jump"], histories: 1_500 },
    count: ({ cutShort }) => cutShort,
  },
  {
    name: "prolonged-by-the-stores-clock",
    reachedBy: "a look at a session that was renewed before the store's clock jumped back",
    ...{ stores: MEMORY, faults: ["store-clock-jump"], histories: 100 },
    count: ({ longLived }) => longLived,
  },
  {
    name: "ttl-passed-during-an-outage",
    reachedBy: "a session that is left alone while the store is away for longer than its TTL",
    ...{ stores: ["memory", "redis"], faults: ["ttl-in-outage"], histories: 60 },
    count: ({ expiredWhileAway }) => expiredWhileAway,
  },
  {
    name: "pod-died-with-a-call-under-way",
    reachedBy: "a pod that is killed at a commit",
    ...{ stores: ANYWHERE, faults: ["pod-kill"], histories: 60 },
    count: ({ interrupted }) => interrupted,
  },
  {
    name: "rotation-onto-a-taken-id",
    reachedBy: "a rotation to an id that has a session",
    ...{ stores: ANYWHERE, histories: 100 },
    count: ({ results }) =>
      results((result) => result.kind === "refused" && result.code === undefined),
  },
  {
    name: "journal-full",
    reachedBy: "writes to two sessions while the store is away, and a journal that takes one",
    ...{ stores: MEMORY, faults: AWAY, histories: 300 },
    count: ({ results }) =>
      results((result) => result.kind === "refused" && result.code === "JOURNAL_FULL"),
  },
  {
    name: "one-id-begun-by-two-pods-while-away",
    reachedBy: "two pods that create one session while the store is away",
    ...{ stores: MEMORY, faults: AWAY, histories: 300 },
    count: ({ splitBirths }) => splitBirths,
  },
];

/** How often each was seen in a history; those that were not are left out. */
export function sometimesIn(
  { history, replies = new Map() }: Pick<RunOutcome, "history" | "replies">,
): ReadonlyMap<string, number> {
  const sightings = new Sightings(history, replies);
  const counts = new Map<string, number>();
  for (const { name, count } of SOMETIMES) {
    const seen = count(sightings);
    if (seen > 0) counts.set(name, seen);
  }
  return counts;
}
