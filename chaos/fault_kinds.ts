/**
 * The faults, by name.
 *
 * @module
 */

import { OUTAGE_KINDS, type OutageKind } from "./outage_kinds.ts";

/** A fault's name, as `--faults` takes it. */
export type FaultKind =
  | "pod-kill"
  | "reply-cut"
  | "request-cut"
  | "late-execution"
  | "ttl-expiry"
  | "server-restart"
  | "latency"
  | "slow-pod"
  | "resend"
  | "limit-data"
  | "near-expiry"
  | "clock-skew"
  | "store-clock-jump"
  | "pod-drain"
  | "rolling-restart"
  | CallerKind
  | OutageKind;

/** The kinds that are calls: what callers do to one another. */
export type CallerKind =
  | "create-race"
  | "destroy-race"
  | "hot-session"
  | "oversize";

/** The kinds of stores, as far as faults are concerned. */
export type StoreKind = "memory" | "sqlite" | "redis";

/** What a fault does, and what it attacks. */
export interface FaultDescription {
  /** The fault's name. */
  readonly kind: FaultKind;
  /** The guarantee that it attacks first. */
  readonly guarantee: string;
  /** What happens, in words. */
  readonly effect: string;
  /** Where it can be made. */
  readonly stores: readonly StoreKind[];
}

const ANYWHERE: readonly StoreKind[] = ["memory", "sqlite", "redis"];
const SERVERS: readonly StoreKind[] = ["redis"];
const SIMULATION: readonly StoreKind[] = ["memory"];
const NOT_SQLITE: readonly StoreKind[] = ["memory", "redis"];

/** Every fault kind, in the order in which they are listed. */
export const FAULT_KINDS: readonly FaultDescription[] = [
  {
    kind: "pod-kill",
    guarantee: "G1",
    effect: "a pod dies before a commit is sent (p0), before it is executed (p1) or after it (p2)",
    stores: ANYWHERE,
  },
  {
    kind: "reply-cut",
    guarantee: "G3",
    effect: "a command is executed and its reply is lost",
    stores: ANYWHERE,
  },
  {
    kind: "request-cut",
    guarantee: "G3",
    effect: "a command is lost before it is executed",
    stores: ANYWHERE,
  },
  {
    kind: "late-execution",
    guarantee: "G4",
    effect: "a command is executed after the pod has given it up",
    stores: ANYWHERE,
  },
  {
    kind: "ttl-expiry",
    guarantee: "G6",
    effect: "a session is left alone until about its TTL",
    stores: ANYWHERE,
  },
  {
    kind: "server-restart",
    guarantee: "G1",
    effect: "the store is killed and comes back with its data",
    stores: NOT_SQLITE,
  },
  {
    kind: "latency",
    guarantee: "G5",
    effect: "commands take long, below or above the command timeout",
    stores: ANYWHERE,
  },
  {
    kind: "slow-pod",
    guarantee: "G4",
    effect: "a pod is frozen beyond every bound, and goes on with the copies that it held",
    stores: ANYWHERE,
  },
  {
    kind: "resend",
    guarantee: "G3",
    effect: "a command that was answered is sent again by whoever had sent it",
    stores: ANYWHERE,
  },
  {
    kind: "limit-data",
    guarantee: "G3",
    effect: "a command is executed, and its connection ends (FIN) inside the reply",
    stores: SERVERS,
  },
  {
    kind: "near-expiry",
    guarantee: "G6",
    effect: "a session is left alone until a moment before, or after, its TTL",
    stores: ANYWHERE,
  },
  {
    kind: "clock-skew",
    guarantee: "G6",
    effect: "the wall clock of a pod's machine jumps by hours, forth or back",
    stores: SIMULATION,
  },
  {
    kind: "store-clock-jump",
    guarantee: "G6",
    effect: "the store's clock jumps, forth or back, while it runs or while it is restarted",
    stores: NOT_SQLITE,
  },
  {
    kind: "pod-drain",
    guarantee: "G1",
    effect: "a pod is told to end (SIGTERM): it closes gracefully, and a new one follows",
    stores: ANYWHERE,
  },
  {
    kind: "rolling-restart",
    guarantee: "G1",
    effect: "one pod after the other is told to end, and followed by a new one",
    stores: ANYWHERE,
  },
  {
    kind: "create-race",
    guarantee: "G2",
    effect: "all pods create one session at once, and write to it",
    stores: ANYWHERE,
  },
  {
    kind: "destroy-race",
    guarantee: "G4",
    effect: "a session is destroyed while other pods update it",
    stores: ANYWHERE,
  },
  {
    kind: "hot-session",
    guarantee: "G2",
    effect: "all pods write to one session, many times at once",
    stores: ANYWHERE,
  },
  {
    kind: "oversize",
    guarantee: "G10",
    effect: "a value that is too large is set",
    stores: ANYWHERE,
  },
  ...OUTAGE_KINDS,
];

/** The kinds that can be made on a kind of store. */
export function faultKindsOf(store: StoreKind): FaultKind[] {
  return FAULT_KINDS.filter((fault) => fault.stores.includes(store)).map((fault) => fault.kind);
}

/** Whether a kind takes the store away, so that pods serve from memory. */
export function isOutage(kind: string): boolean {
  return OUTAGE_KINDS.some((fault) => fault.kind === kind);
}

const CALLERS: readonly string[] = ["create-race", "destroy-race", "hot-session", "oversize"];

/** Whether a fault is of a kind that is made of calls. */
export function isCallers<Fault extends { readonly kind: FaultKind }>(
  fault: Fault,
): fault is Fault & { readonly kind: CallerKind } {
  return CALLERS.includes(fault.kind);
}

const LINKS: readonly FaultKind[] = [
  ...["black-hole", "loss-requests", "loss-replies", "slow-link"] as const,
  ...["refused", "inbox-cut", "half-open", "slicer", "bandwidth"] as const,
];

/** Whether a fault hits the link of its pod alone, and not those of all. */
export function isOneLink({ kind, phase }: { kind: FaultKind; phase: string }): boolean {
  return kind === "partition" || LINKS.includes(kind) && phase !== "p0";
}

/** Whether a store lives on for a while, and is back then as it was. */
export function rollsBack(kind: string): boolean {
  return kind === "store-rollback" || kind === "failover";
}

const LOSES_MEMORY: readonly FaultKind[] = [
  ...["store-empty", "store-rollback", "failover", "flush-all"] as const,
  // Where it comes with a restart.
  "store-clock-jump",
];

/** Whether a fault makes the store lose its memory, or may. */
export function losesMemory(kind: FaultKind): boolean {
  return LOSES_MEMORY.includes(kind);
}
