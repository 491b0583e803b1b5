/**
 * The faults that take the store away, by name.
 *
 * @module
 */

import type { FaultDescription, StoreKind } from "./fault_kinds.ts";

/** The kinds that take the store away, or the way to it, for a while. */
export type OutageKind =
  | "store-outage"
  | "store-empty"
  | "store-rollback"
  | "failover"
  | "store-freeze"
  | "refused-at-open"
  | "black-hole"
  | "loss-requests"
  | "loss-replies"
  | "slow-link"
  | "flapping"
  | "loading"
  | "readonly"
  | "oom"
  | "noperm"
  | "wrongpass"
  | "database-locked"
  | "disk-full"
  | "script-flush"
  | "pod-kill-outage"
  | "pod-kill-replay"
  | "ttl-in-outage"
  | "destroy-in-outage"
  | "flush-all"
  | "eviction"
  | "refused"
  | "partition"
  | "inbox-cut"
  | "half-open"
  | "slicer"
  | "bandwidth";

const SERVERS: readonly StoreKind[] = ["redis"];
const FILES: readonly StoreKind[] = ["memory", "sqlite"];
const NOT_SQLITE: readonly StoreKind[] = ["memory", "redis"];

/** The outages, in the order in which they are listed. */
export const OUTAGE_KINDS: readonly (FaultDescription & { readonly kind: OutageKind })[] = [
  {
    kind: "store-outage",
    guarantee: "G8",
    effect: "the store is killed, and is back with its data after several command timeouts",
    stores: NOT_SQLITE,
  },
  {
    kind: "store-empty",
    guarantee: "G10",
    effect: "the store is killed, and is back with nothing",
    stores: NOT_SQLITE,
  },
  {
    kind: "store-rollback",
    guarantee: "G10",
    effect: "the store is killed, and is back from an older snapshot",
    stores: NOT_SQLITE,
  },
  {
    kind: "failover",
    guarantee: "G3",
    effect: "another store takes over at once, without the last writes, and one pod soon loses it",
    stores: NOT_SQLITE,
  },
  {
    kind: "store-freeze",
    guarantee: "G8",
    effect: "the store stands still, and executes what it was sent when it goes on",
    stores: NOT_SQLITE,
  },
  {
    kind: "refused-at-open",
    guarantee: "G8",
    effect: "a pod begins while the store is away",
    stores: NOT_SQLITE,
  },
  {
    kind: "black-hole",
    guarantee: "G8",
    effect: "nothing gets through, either way, and nobody is told",
    stores: NOT_SQLITE,
  },
  {
    kind: "loss-requests",
    guarantee: "G8",
    effect: "no command reaches the store",
    stores: NOT_SQLITE,
  },
  {
    kind: "loss-replies",
    guarantee: "G9",
    effect: "every command is executed, and no reply comes back",
    stores: NOT_SQLITE,
  },
  {
    kind: "slow-link",
    guarantee: "G9",
    effect: "every reply comes after the command timeout",
    stores: NOT_SQLITE,
  },
  {
    kind: "flapping",
    guarantee: "G9",
    effect: "the store goes away and comes back every 200 ms",
    stores: NOT_SQLITE,
  },
  {
    kind: "loading",
    guarantee: "G8",
    effect: "the store answers that it is loading its data",
    stores: NOT_SQLITE,
  },
  {
    kind: "readonly",
    guarantee: "G10",
    effect: "the store is a replica that takes no writes, as during a failover",
    stores: NOT_SQLITE,
  },
  {
    kind: "oom",
    guarantee: "G10",
    effect: "the store is full: it refuses writes, and can be read",
    stores: NOT_SQLITE,
  },
  {
    kind: "noperm",
    guarantee: "G10",
    effect: "the store refuses every command for want of a permission",
    stores: NOT_SQLITE,
  },
  {
    kind: "wrongpass",
    guarantee: "G10",
    effect: "the operator changes the pods' password, and ends their connections",
    stores: NOT_SQLITE,
  },
  {
    kind: "database-locked",
    guarantee: "G8",
    effect: "another connection locks the SQLite file: it can be read, and not written to",
    stores: FILES,
  },
  {
    kind: "disk-full",
    guarantee: "G10",
    effect: "the disk is full: the SQLite file cannot grow",
    stores: FILES,
  },
  {
    kind: "script-flush",
    guarantee: "G8",
    effect: "the server forgets its scripts",
    stores: SERVERS,
  },
  {
    kind: "pod-kill-outage",
    guarantee: "G9",
    effect: "a pod dies while the store is away; the next one has its journal, if it outlives pods",
    stores: NOT_SQLITE,
  },
  {
    kind: "pod-kill-replay",
    guarantee: "G9",
    effect: "a pod dies while it brings its journal into the store",
    stores: NOT_SQLITE,
  },
  {
    kind: "ttl-in-outage",
    guarantee: "G6",
    effect: "a session's time runs out while the store is away",
    stores: NOT_SQLITE,
  },
  {
    kind: "destroy-in-outage",
    guarantee: "G9",
    effect: "while the store is away, one pod destroys a session that another one writes to",
    stores: NOT_SQLITE,
  },
  {
    kind: "flush-all",
    guarantee: "G10",
    effect: "the store is emptied while it runs (FLUSHALL)",
    stores: NOT_SQLITE,
  },
  {
    kind: "eviction",
    guarantee: "G10",
    effect: "one session's record is removed by hand (DEL), or evicted",
    stores: NOT_SQLITE,
  },
  {
    kind: "refused",
    guarantee: "G8",
    effect: "connections to the store are refused, though it runs",
    stores: NOT_SQLITE,
  },
  {
    kind: "partition",
    guarantee: "G5",
    effect: "one pod is cut off, while another one writes to its session and destroys it",
    stores: NOT_SQLITE,
  },
  {
    kind: "inbox-cut",
    guarantee: "G5",
    effect: "no word of other pods' commits comes through; commands do",
    stores: NOT_SQLITE,
  },
  {
    kind: "half-open",
    guarantee: "G8",
    effect: "the connections that are there are dead, and nobody is told; new ones work",
    stores: SERVERS,
  },
  {
    kind: "slicer",
    guarantee: "G3",
    effect: "replies come in single bytes",
    stores: SERVERS,
  },
  {
    kind: "bandwidth",
    guarantee: "G8",
    effect: "a few kilobytes a second get through",
    stores: SERVERS,
  },
];
