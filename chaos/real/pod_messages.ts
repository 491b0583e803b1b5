/**
 * What the runner and a pod process tell each other.
 *
 * @module
 */

import type { CaseFault, CaseSettings } from "../case.ts";
import type { Call, Result } from "../history.ts";
import type { PodFlush, PodTold } from "../pod_events.ts";
import type { Trouble } from "../store_power.ts";
import type { PodBackend } from "./target.ts";

/** The code that a pod speaks to its store through. */
export type AdapterChoice =
  /** One of the package's own. */
  | { readonly kind: "built-in"; readonly backend: PodBackend }
  /** A module's: see `AdapterModule`. */
  | { readonly kind: "module"; readonly url: string };

/** A pod's way to its store. */
export interface StoreAddress {
  readonly url?: string;
  /** For a module's adapter: the store's name and its folder. */
  readonly store: string;
  readonly folder: string;
}

/** What a pod process is told, one line of JSON each. */
export type ToPod =
  /** To load the adapter's code, which takes longer than to open it. */
  | { readonly type: "prepare"; readonly adapter: AdapterChoice }
  | {
    readonly type: "open";
    readonly adapter: AdapterChoice;
    readonly address: StoreAddress;
    readonly settings: CaseSettings;
    /** How far its wall clock is off. */
    readonly clockSkewMs: number;
    /** Where its journal is kept. */
    readonly journal: string;
  }
  /** Faults of the next history that the process makes itself; none where a proxy makes them. */
  | { readonly type: "faults"; readonly faults: readonly CaseFault[]; readonly commits: number }
  | { readonly type: "call"; readonly call: Call }
  /** What is wrong with its way to the store from now on, where no proxy makes that. */
  | { readonly type: "trouble"; readonly trouble: Trouble | null }
  /** Whether the disk that its SQLite file is on is full from now on. */
  | { readonly type: "disk"; readonly isFull: boolean }
  /** To die inside of core where that says, and to say then that it came there; null: nowhere. */
  | { readonly type: "doom"; readonly fault: CaseFault | null }
  /** To send itself a SIGTERM. */
  | { readonly type: "terminate" }
  /** To bring what waits into the store, once it has had `settleMs` to do so by itself. */
  | { readonly type: "flush"; readonly settleMs: number; readonly timeoutMs: number };

/** What a pod process says. */
export type FromPod =
  | { readonly type: "ready" }
  /** `server` is undefined when the store was away. */
  | { readonly type: "open"; readonly server: string | undefined }
  | { readonly type: "failed"; readonly message: string }
  | { readonly type: "fault"; readonly fault: CaseFault }
  | { readonly type: "commit" }
  /** It knows where to die. */
  | { readonly type: "doomed" }
  /** It is where it was to die, and does. */
  | { readonly type: "reached"; readonly fault: CaseFault }
  | {
    readonly type: "result";
    readonly op: number;
    readonly result: Result;
    /** Whether it took the store for away when the call began. */
    readonly wasAway: boolean;
    /** How long the process was kept from running while it worked, at most. */
    readonly lagMs: number;
  }
  | { readonly type: "told"; readonly told: PodTold }
  | { readonly type: "flushed"; readonly flush: PodFlush };
