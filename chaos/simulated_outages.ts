/**
 * Outages of a simulated store: each begins, lasts its time, and can be ended before it.
 *
 * @module
 */

import type { CaseFault } from "./case.ts";
import { isOneLink, losesMemory } from "./fault_kinds.ts";
import type { FaultSpans } from "./fault_plan.ts";
import type { OutageKind } from "./outage_kinds.ts";
import type { StorePower, Trouble } from "./store_power.ts";
import { Troubles } from "./troubles.ts";
import type { VirtualClock } from "./virtual_clock.ts";

/** What a store in this process can be made to do to what it holds. */
export interface StoreMemory {
  /** Forgets everything. */
  readonly forget?: () => void;
  /** Removes the record under a key; whether there was one. */
  readonly remove?: (key: string) => boolean;
  /** What is held now; the answer goes back to it. */
  readonly snapshot?: () => () => void;
  /** Sets its clock forth by so much, or back. */
  readonly jump?: (byMs: number) => void;
}

/** What outages are made of. */
export interface OutageOptions {
  readonly clock: VirtualClock;
  readonly power: StorePower;
  readonly memory: StoreMemory;
  readonly spans: FaultSpans;
  readonly pods: number;
}

const FLAP_MS = 200;
/** How long nobody finds the store: less than a pod waits for an answer. */
const FAILOVER_MS = 20;
/** How often a pod looks whether its store has its memory, and a margin. */
const NOTICED_MS = 2_500;

/** The outages of one run. */
export class SimulatedOutages {
  readonly #options: OutageOptions;
  readonly #troubles = new Troubles();
  /** Ends those that last. */
  readonly #ends = new Set<() => void>();
  /** When pods have noticed the last loss of memory. */
  #noticedAtMs = 0;
  /** When they have noticed the last failover, too, which one of them sees later: until then nothing else is lost. */
  #settledAtMs = 0;

  constructor(options: OutageOptions) {
    this.#options = options;
  }

  /** What is wrong with the way of the pod of that index. */
  troubleOf(pod: number): Trouble | undefined {
    return this.#troubles.of(pod);
  }

  /** Begins one; how long it lasts, or undefined when it cannot be made now. */
  begin(fault: CaseFault & { readonly kind: OutageKind }): number | undefined {
    const { spans, power, clock } = this.#options;
    if (losesMemory(fault.kind) && clock.now() < this.#settledAtMs) return undefined;
    const lastsMs = spans.outageMs(fault);
    const pods = this.podsOf(fault);
    switch (fault.kind) {
      case "store-empty":
        return this.#lose(lastsMs, this.#options.memory.forget);
      case "store-rollback":
        return this.#rollBack(fault, lastsMs);
      case "failover":
        return this.#failOver(fault, lastsMs);
      case "store-freeze":
        // One after the other, or what it was sent would be executed later than anybody reckons with.
        if (power.frozen) return undefined;
        power.freeze();
        return this.#lasting(lastsMs, () => power.thaw());
      case "flush-all":
        return this.#flush();
      case "refused":
        return this.#hinder(pods, { kind: "refused" }, lastsMs);
      case "inbox-cut":
        return this.#hinder(pods, { kind: "deaf" }, lastsMs);
      case "black-hole":
      case "partition":
        return this.#hinder(pods, { kind: "loss", of: "both" }, lastsMs);
      case "loss-requests":
        return this.#hinder(pods, { kind: "loss", of: "requests" }, lastsMs);
      case "loss-replies":
        return this.#hinder(pods, { kind: "loss", of: "replies" }, lastsMs);
      case "slow-link":
        return this.#hinder(pods, { kind: "slow", extraMs: spans.slowMs }, lastsMs);
      case "flapping":
        return this.#flap(lastsMs);
      case "loading":
        return this.#hinder(this.#all, { kind: "error", code: "LOADING", hits: "all" }, lastsMs);
      case "readonly":
        return this.#hinder(
          this.#all,
          { kind: "error", code: "READONLY", hits: "writes" },
          lastsMs,
        );
      case "oom":
        return this.#hinder(this.#all, { kind: "error", code: "OOM", hits: "writes" }, lastsMs);
      case "noperm":
        return this.#hinder(this.#all, { kind: "error", code: "NOPERM", hits: "all" }, lastsMs);
      case "database-locked":
        return this.#hinder(this.#all, { kind: "locked", waitMs: spans.lockMs }, lastsMs);
      case "disk-full":
        return this.#hinder(this.#all, { kind: "error", code: "FULL", hits: "writes" }, lastsMs);
      case "wrongpass":
        return this.#lockOut(lastsMs);
      case "ttl-in-outage":
        return this.#down(spans.idleMs(fault) + lastsMs);
      case "script-flush":
      case "half-open":
      case "slicer":
      case "bandwidth":
      case "eviction":
        return undefined;
      default:
        return this.#down(lastsMs);
    }
  }

  /** Whether there is none now. */
  get isQuiet(): boolean {
    return this.#ends.size === 0;
  }

  /** The pods that an outage hits: one whose link fails, or all. */
  podsOf(fault: CaseFault): readonly number[] {
    return isOneLink(fault) ? [fault.pod] : this.#all;
  }

  /** Ends all of them, and what begins by that. */
  heal(): void {
    for (const end of this.#ends) end();
  }

  get #all(): readonly number[] {
    return [...Array(this.#options.pods).keys()];
  }

  #down(lastsMs: number): number {
    const { power } = this.#options;
    power.goDown();
    return this.#lasting(lastsMs, () => power.comeBack());
  }

  #lose(lastsMs: number, lose: (() => void) | undefined): number | undefined {
    const { power } = this.#options;
    if (!lose) return undefined;
    power.goDown();
    return this.#lasting(lastsMs, () => {
      lose();
      this.#noticedAtMs = this.#options.clock.now() + NOTICED_MS;
      power.comeBack();
    });
  }

  /** A loss is noticed before the next one: the protocol promises nothing for two at once. */
  #flush(): number | undefined {
    const { clock, memory } = this.#options;
    if (!memory.forget || clock.now() < this.#noticedAtMs) return undefined;
    this.#noticedAtMs = clock.now() + NOTICED_MS;
    memory.forget();
    return 0;
  }

  /** What is written between the snapshot and the death is lost. */
  #rollBack(fault: CaseFault, lastsMs: number): number | undefined {
    const restore = this.#options.memory.snapshot?.();
    if (!restore) return undefined;
    const livesMs = this.#options.spans.snapshotMs(fault);
    this.#lasting(livesMs, () => void this.#lose(lastsMs, restore));
    return livesMs + lastsMs;
  }

  /** Pods hardly notice that the store was away; one of them finds it, and loses it again. */
  #failOver(fault: CaseFault, lostMs: number): number | undefined {
    const { clock, spans } = this.#options;
    if (!this.isQuiet || clock.now() < this.#noticedAtMs) return undefined;
    const lastsMs = this.#rollBack(fault, FAILOVER_MS);
    if (lastsMs === undefined) return undefined;
    const foundMs = lastsMs + spans.glimpseMs(fault);
    this.#settledAtMs = clock.now() + foundMs + lostMs + NOTICED_MS;
    this.#lasting(foundMs, () => void this.#hinder([fault.pod], { kind: "refused" }, lostMs));
    return lastsMs;
  }

  /** Whoever is connected is not any more, and is refused at the door. */
  #lockOut(lastsMs: number): number {
    const { power } = this.#options;
    const trouble: Trouble = { kind: "error", code: "WRONGPASS", hits: "all" };
    power.cutAll();
    // The connections that are made afterwards are others.
    return this.#hinder(this.#all, trouble, lastsMs, () => power.cutAll());
  }

  #hinder(
    pods: readonly number[],
    trouble: Trouble,
    lastsMs: number,
    finish: () => void = () => {},
  ): number {
    for (const pod of pods) this.#troubles.begin(pod, trouble);
    return this.#lasting(lastsMs, () => {
      for (const pod of pods) this.#troubles.end(pod, trouble);
      finish();
    });
  }

  #flap(lastsMs: number): number {
    const { power, clock } = this.#options;
    let isDown = false;
    let isOver = false;
    const turn = () => {
      if (isOver) return;
      isDown = !isDown;
      if (isDown) power.goDown();
      else power.comeBack();
      clock.after(FLAP_MS, turn);
    };
    turn();
    return this.#lasting(lastsMs, () => {
      isOver = true;
      if (isDown) power.comeBack();
    });
  }

  #lasting(lastsMs: number, finish: () => void): number {
    const end = () => {
      if (!this.#ends.delete(end)) return;
      timer.cancel();
      finish();
    };
    this.#ends.add(end);
    const timer = this.#options.clock.after(lastsMs, end);
    return lastsMs;
  }
}
