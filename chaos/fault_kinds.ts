/**
 * The faults, by name.
 *
 * @module
 */

/** A fault's name, as `--faults` takes it. */
export type FaultKind =
  | "pod-kill"
  | "reply-cut"
  | "request-cut"
  | "late-execution"
  | "ttl-expiry"
  | "server-restart"
  | "latency"
  | "slow-pod";

/** The kinds of stores, as far as faults are concerned. */
export type StoreKind = "memory" | "sqlite" | "redis";

/** What a fault does, and what it attacks. */
export interface FaultDescription {
  readonly kind: FaultKind;
  /** The guarantee that it attacks first. */
  readonly guarantee: string;
  readonly effect: string;
  /** Where it can be made. */
  readonly stores: readonly StoreKind[];
}

/** Every fault kind, in the order in which they are listed. */
export const FAULT_KINDS: readonly FaultDescription[] = [
  {
    kind: "pod-kill",
    guarantee: "G1",
    effect: "a pod dies before a commit is sent (p0), before it is executed (p1) or after it (p2)",
    stores: ["memory", "sqlite", "redis"],
  },
  {
    kind: "reply-cut",
    guarantee: "G3",
    effect: "a command is executed and its reply is lost",
    stores: ["memory", "sqlite", "redis"],
  },
  {
    kind: "request-cut",
    guarantee: "G3",
    effect: "a command is lost before it is executed",
    stores: ["memory", "sqlite", "redis"],
  },
  {
    kind: "late-execution",
    guarantee: "G4",
    effect: "a command is executed after the pod has given it up",
    stores: ["memory", "sqlite", "redis"],
  },
  {
    kind: "ttl-expiry",
    guarantee: "G6",
    effect: "a session is left alone until about its TTL",
    stores: ["memory", "sqlite", "redis"],
  },
  {
    kind: "server-restart",
    guarantee: "G1",
    effect: "the store is killed and comes back with its data",
    stores: ["memory", "redis"],
  },
  {
    kind: "latency",
    guarantee: "G5",
    effect: "commands take long, below or above the command timeout",
    stores: ["memory", "sqlite", "redis"],
  },
  {
    kind: "slow-pod",
    guarantee: "G4",
    effect: "a pod is frozen beyond every bound, and goes on with the copies that it held",
    stores: ["memory", "sqlite", "redis"],
  },
];

/** The kinds that can be made on a kind of store. */
export function faultKindsOf(store: StoreKind): FaultKind[] {
  return FAULT_KINDS.filter((fault) => fault.stores.includes(store)).map((fault) => fault.kind);
}
