/**
 * Outages of real stores, and of the ways to them: each begins, lasts its time, and can be ended before it.
 *
 * @module
 */

import { cp, rename, rm } from "node:fs/promises";
import type { CaseFault } from "../case.ts";
import { JUMPS_IN } from "../clock_jumps.ts";
import { FAULT_KINDS, type FaultKind, isOneLink, losesMemory } from "../fault_kinds.ts";
import type { FaultSpans } from "../fault_plan.ts";
import type { OutageKind } from "../outage_kinds.ts";
import type { Trouble } from "../store_power.ts";
import { Troubles } from "../troubles.ts";
import { HealingTasks } from "./healing_tasks.ts";
import { POD_LOGIN } from "./pod_login.ts";
import { isRedis, type RedisServer, type StoreServer } from "./store_server.ts";

/** The way of one pod to the server. */
export interface PodWay {
  /** What is wrong with it from now on. */
  hinder(trouble: Trouble | undefined): void;
  /** Resets every connection. */
  cutAll(): void;
  /** Leaves every connection open, and lets nothing through. */
  halfOpenAll(): void;
}

const FLAP_MS = 200;
/** A commit takes tens of milliseconds by that. */
const BYTES_PER_MS = 20;
/** Troubles after which a connection is as good as before. */
const LOSE_NOTHING: readonly Trouble["kind"][] = ["deaf", "slicer", "bandwidth"];
/** Troubles under which connections go on. */
const KEEP_LINKS: readonly Trouble["kind"][] = [...LOSE_NOTHING, "loss", "slow"];

/** What is wrong with the ways to the server, by kind; the server itself is well. */
const OF_LINKS: Readonly<Partial<Record<FaultKind, (spans: FaultSpans) => Trouble>>> = {
  "black-hole": () => ({ kind: "loss", of: "both" }),
  "loss-requests": () => ({ kind: "loss", of: "requests" }),
  "loss-replies": () => ({ kind: "loss", of: "replies" }),
  "slow-link": ({ slowMs }) => ({ kind: "slow", extraMs: slowMs }),
  "refused-at-open": () => ({ kind: "refused" }),
  "flapping": () => ({ kind: "refused" }),
  "loading": () => ({ kind: "error", code: "LOADING", hits: "all" }),
  "refused": () => ({ kind: "refused" }),
  "partition": () => ({ kind: "loss", of: "both" }),
  "inbox-cut": () => ({ kind: "deaf" }),
  "slicer": () => ({ kind: "slicer" }),
  "bandwidth": () => ({ kind: "bandwidth", bytesPerMs: BYTES_PER_MS }),
  "noperm": () => ({ kind: "error", code: "NOPERM", hits: "all" }),
};

/** The kinds for which the server need not be one's own, nor be a server. */
export const OUTAGES_OF_LINKS: readonly FaultKind[] = FAULT_KINDS
  .map(({ kind }) => kind)
  .filter((kind) => kind in OF_LINKS || kind === "half-open");

/** The kinds for which a server must be killed and started again, and need not speak any protocol. */
export const OUTAGES_OF_SERVERS: readonly FaultKind[] = [
  ...["store-outage", "store-empty", "pod-kill-outage", "ttl-in-outage"] as const,
  "destroy-in-outage",
];

/** The pods that an outage hits: one whose link fails, or all. */
export function podsHit(fault: CaseFault, pods: number): readonly number[] {
  const isSingle = fault.kind === "refused-at-open" || isOneLink(fault);
  return isSingle ? [fault.pod] : [...Array(pods).keys()];
}

/** Who writes a jump of the store's clock down: it takes place between the two. */
export interface JumpHearer {
  begins(byMs: number): void;
  ends(): void;
}

/** What the store is in when its clock jumps, if it does not run. */
export type Jump = { readonly outage?: OutageKind; readonly lastsMs: number };

/** The outages that can be made on a lane. */
export interface Outages {
  /** Whether the store itself is being worked on: it cannot be frozen while it is dead. */
  readonly isBusy: boolean;
  /** Begins one; how long it lasts, or undefined when it cannot be made now. */
  begin(
    fault: CaseFault & { readonly kind: OutageKind },
    pods: readonly number[],
  ): number | undefined;
  /** Sets the store's clock, in the outage that the fault's phase says; undefined when it cannot be set now. */
  jump?(fault: CaseFault, hearer: JumpHearer): Jump | undefined;
  /** Removes the record under a key; whether there was one. */
  evict(key: string): Promise<boolean>;
  /** Ends all of them; resolves when the store is as it should be. */
  heal(): Promise<void>;
}

/** Within which a client that was refused logs in again. */
const LOGIN_MS = 1_000;
/** How often a pod looks whether its store has its memory, and a margin. */
const NOTICED_MS = 2_500;
/** What a server takes to die, and to come back: only then it has lost its memory for good. */
const RESTART_MS = 200;

/** How long an outage's effects may outlast it. */
export function afterwardsMs(kind: OutageKind): number {
  if (kind === "wrongpass") return LOGIN_MS;
  return losesMemory(kind) ? RESTART_MS : 0;
}

/** Outages of a server of our own, and of the ways to it. */
export class RealOutages implements Outages {
  readonly #server: StoreServer | undefined;
  readonly #spans: FaultSpans;
  readonly #wayOf: (pod: number) => PodWay;
  readonly #troubles = new Troubles();
  readonly #tasks = new HealingTasks();
  #isServing = false;
  /** When pods have noticed the last loss of memory. */
  #noticedAt = 0;
  /** When they have noticed the last failover, too, which one of them sees later. */
  #settledAt = 0;

  constructor(
    server: StoreServer | undefined,
    spans: FaultSpans,
    wayOf: (pod: number) => PodWay,
  ) {
    this.#server = server;
    this.#spans = spans;
    this.#wayOf = wayOf;
  }

  get isBusy(): boolean {
    return this.#isServing;
  }

  begin(
    fault: CaseFault & { readonly kind: OutageKind },
    pods: readonly number[],
  ): number | undefined {
    const lastsMs = this.#spans.outageMs(fault);
    if (losesMemory(fault.kind) && !this.#mayLose(fault, lastsMs)) return undefined;
    const trouble = OF_LINKS[fault.kind]?.(this.#spans);
    if (trouble) {
      this.#tasks.track(this.#hinder(fault.kind, trouble, pods, lastsMs));
      return lastsMs;
    }
    if (fault.kind === "half-open") {
      for (const pod of pods) this.#wayOf(pod).halfOpenAll();
      return lastsMs;
    }
    const server = this.#server;
    if (this.#isServing || server === undefined) return undefined;
    if (fault.kind === "store-freeze") {
      return this.#serve(lastsMs, async () => {
        await server.freeze();
        return async () => await server.resume();
      });
    }
    if (OUTAGES_OF_SERVERS.includes(fault.kind)) {
      const downMs = fault.kind === "ttl-in-outage" ? this.#spans.idleMs(fault) : lastsMs;
      return this.#down(server, downMs, fault.kind === "store-empty");
    }
    return isRedis(server) ? this.#beginOnRedis(server, fault, lastsMs) : undefined;
  }

  /** A failover is noticed by all before anything else is lost, and is itself the only outage when it begins. */
  #mayLose(fault: CaseFault, lastsMs: number): boolean {
    const now = performance.now();
    const isFailover = fault.kind === "failover";
    if (this.#isServing || isFailover && (this.#tasks.isBusy || now < this.#noticedAt)) {
      return false;
    }
    if (now < this.#settledAt) return false;
    const { glimpseMs, snapshotMs } = this.#spans;
    this.#noticedAt = now + snapshotMs(fault) + lastsMs + NOTICED_MS;
    if (isFailover) this.#settledAt = this.#noticedAt + glimpseMs(fault);
    return true;
  }

  #beginOnRedis(
    server: RedisServer,
    fault: CaseFault & { readonly kind: OutageKind },
    lastsMs: number,
  ): number {
    switch (fault.kind) {
      case "flush-all":
        return this.#say(server, 0, ["FLUSHALL"], ["PING"]);
      case "store-rollback":
        return this.#rollBack(server, this.#spans.snapshotMs(fault), lastsMs);
      case "failover":
        return this.#failOver(server, fault, lastsMs);
      case "oom":
        return this.#say(
          ...[server, lastsMs] as const,
          ["CONFIG", "SET", "maxmemory", "1"],
          ["CONFIG", "SET", "maxmemory", "0"],
        );
      case "readonly":
        return this.#say(
          ...[server, lastsMs] as const,
          ["REPLICAOF", "127.0.0.1", "1"],
          ["REPLICAOF", "NO", "ONE"],
        );
      case "wrongpass":
        return this.#lockOut(server, lastsMs);
      case "script-flush":
        return this.#say(server, 0, ["SCRIPT", "FLUSH"], ["PING"]);
      default:
        return this.#down(server, lastsMs, false);
    }
  }

  jump(fault: CaseFault, hearer: JumpHearer): Jump | undefined {
    const server = this.#server;
    if (this.#isServing || server === undefined || !isRedis(server)) return undefined;
    const { jumpClock } = server;
    if (!jumpClock) return undefined;
    const byMs = this.#spans.jumpMs(fault);
    const set = async () => {
      hearer.begins(byMs);
      await jumpClock(byMs);
      hearer.ends();
    };
    const outage = JUMPS_IN[fault.phase];
    if (outage === undefined) {
      const lastsMs = this.#serve(0, async () => {
        await set();
        return () => Promise.resolve();
      });
      return { lastsMs };
    }
    const lastsMs = this.#serve(this.#spans.outageMs(fault), async () => {
      if (outage === "store-freeze") await server.freeze();
      else await server.kill();
      await set();
      if (outage === "store-freeze") return async () => await server.resume();
      return () => server.restart({ empty: outage === "store-empty" });
    });
    return { outage, lastsMs };
  }

  async evict(key: string): Promise<boolean> {
    const server = this.#server;
    if (this.#isServing || server === undefined || !isRedis(server)) return false;
    return await server.command("DEL", key) === 1;
  }

  heal(): Promise<void> {
    return this.#tasks.heal();
  }

  async #hinder(
    kind: FaultKind,
    trouble: Trouble,
    pods: readonly number[],
    lastsMs: number,
  ): Promise<void> {
    const periodMs = kind === "flapping" ? FLAP_MS : lastsMs;
    let isHealed = false;
    for (let spentMs = 0; spentMs < lastsMs && !isHealed; spentMs += 2 * periodMs) {
      for (const pod of pods) this.#begin(pod, trouble);
      isHealed = await this.#tasks.wait(periodMs);
      for (const pod of pods) this.#end(pod, trouble);
      if (kind === "flapping" && !isHealed) isHealed = await this.#tasks.wait(periodMs);
    }
  }

  #begin(pod: number, trouble: Trouble): void {
    this.#troubles.begin(pod, trouble);
    const way = this.#wayOf(pod);
    way.hinder(trouble);
    if (!KEEP_LINKS.includes(trouble.kind)) way.cutAll();
  }

  /** A connection on which something was lost is of no use any more. */
  #end(pod: number, trouble: Trouble): void {
    this.#troubles.end(pod, trouble);
    const way = this.#wayOf(pod);
    way.hinder(this.#troubles.of(pod));
    if (!LOSE_NOTHING.includes(trouble.kind)) way.cutAll();
  }

  #down(server: StoreServer, lastsMs: number, empty: boolean): number {
    return this.#serve(lastsMs, async () => {
      await server.kill();
      return () => server.restart({ empty });
    });
  }

  #say(
    server: RedisServer,
    lastsMs: number,
    begin: readonly string[],
    end: readonly string[],
  ): number {
    return this.#serve(lastsMs, async () => {
      await server.command(...begin);
      return async () => void await server.command(...end);
    });
  }

  /** The pods' user gets another password; whoever is connected is not any more. */
  #lockOut(server: RedisServer, lastsMs: number): number {
    const setPassword = (password: string) =>
      server.command("ACL", "SETUSER", POD_LOGIN.username, "resetpass", `>${password}`);
    return this.#serve(lastsMs, async () => {
      await setPassword("another");
      await server.command("CLIENT", "KILL", "USER", POD_LOGIN.username);
      return async () => void await setPassword(POD_LOGIN.password);
    });
  }

  /** What is written between the snapshot and the death is lost; `next` begins when it is back. */
  #rollBack(
    server: RedisServer,
    livesMs: number,
    downMs: number,
    next: () => Promise<void> = () => Promise.resolve(),
  ): number {
    const data = `${server.dir}/data`;
    const snapshot = `${server.dir}/snapshot`;
    return this.#serve(livesMs + downMs, async () => {
      await cp(data, snapshot, { recursive: true, force: true });
      await this.#tasks.wait(livesMs);
      await server.kill();
      return async () => {
        await rm(data, { recursive: true, force: true });
        await rename(snapshot, data);
        await server.restart();
        this.#tasks.track(next());
      };
    });
  }

  /** It is away for as long as it takes to start; one of the pods finds it, and loses it again. */
  #failOver(server: RedisServer, fault: CaseFault, lostMs: number): number {
    const { glimpseMs, snapshotMs } = this.#spans;
    return this.#rollBack(server, snapshotMs(fault), 0, async () => {
      if (await this.#tasks.wait(glimpseMs(fault))) return;
      await this.#hinder("refused", { kind: "refused" }, [fault.pod], lostMs);
    });
  }

  #serve(lastsMs: number, begin: () => Promise<() => Promise<void>>): number {
    this.#isServing = true;
    const endsAt = performance.now() + lastsMs;
    const work = async () => {
      const end = await begin();
      await this.#tasks.wait(endsAt - performance.now());
      await end();
    };
    this.#tasks.track(work().finally(() => this.#isServing = false));
    return lastsMs;
  }
}
