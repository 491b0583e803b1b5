/**
 * One history on a lane.
 *
 * @module
 */

import { CallPlan } from "../call_plan.ts";
import { callsAround, callsInOutage, callsOnFullDisk } from "../caller_faults.ts";
import type { CaseFault, CaseOp, ChaosCase } from "../case.ts";
import { DoomedPods, failpointOf } from "../failpoints.ts";
import { losesMemory, rollsBack } from "../fault_kinds.ts";
import { FaultPlan, type FaultSpans, faultSpans, lostAfterwardsMs } from "../fault_plan.ts";
import { storeKeyOf } from "../hashed_id.ts";
import { historySettings } from "../history_settings.ts";
import type { Call, SessionName } from "../history.ts";
import { keyOf } from "../model.ts";
import type { OutageKind } from "../outage_kinds.ts";
import type { PodFlush } from "../pod_events.ts";
import type { ProxyFault } from "../proxy.ts";
import { Recorder } from "../recorder.ts";
import { ReplayKills } from "../replay_kills.ts";
import { Replies } from "../replies.ts";
import type { RunOutcome } from "../runner.ts";
import type { FromPod } from "./pod_messages.ts";
import type { PodProcess } from "./pod_process.ts";
import type { RealLane } from "./real_lane.ts";
import { PendingCalls } from "./pending_calls.ts";
import { toProxyFault } from "./proxy_faults.ts";
import { injectRealFault, type RealFaultsOptions } from "./real_faults.ts";
import { RunLag } from "./run_lag.ts";
import { afterwardsMs, type Outages, podsHit } from "./real_outages.ts";

/** The two clocks, of the pods and of the server, and the rounding of both. */
const TOLERANCE_MS = 40;
/** Within which a journal drains by itself, and a pod finds its store. */
const RECONCILED_MS = 9_000;
const FLUSHED_MS = 15_000;
/** How often a pod looks whether its store has its memory, and a margin. */
const NOTICED_MS = 2_000;

const LAST_ATTEMPTS = 5;

/** One history on a lane. */
export class RealRun {
  readonly #lane: RealLane;
  readonly #case: ChaosCase;
  readonly #plan: FaultPlan;
  readonly #spans: FaultSpans;
  readonly #calls: CallPlan;
  readonly #recorder: Recorder;
  /** What the store answered. */
  readonly replies = new Replies();
  readonly #startedAtMs = performance.now();
  readonly #names = new Map<string, SessionName>();
  readonly #pending = new PendingCalls();
  readonly #lives: number[];
  readonly #commits: number[];
  readonly #outages: Outages;
  readonly #faults: RealFaultsOptions;
  /** Pods that were told to end. */
  readonly #ending = new Set<number>();
  readonly #replays = new ReplayKills();
  readonly #doomed: DoomedPods;
  #restarting: Promise<void> = Promise.resolve();
  #quietAtMs = 0;
  #recoveredAtMs: number | undefined;
  #isHealed = false;
  #isRestarting = false;
  #isOver = false;
  readonly #lag = new RunLag();
  /** Calls that the store did not answer. */
  readonly #failed = new Set<number>();

  constructor(lane: RealLane, chaosCase: ChaosCase, tenantPrefix: string) {
    this.#lane = lane;
    this.#spans = faultSpans(lane.settings);
    this.#outages = lane.outages(this.#spans);
    this.#case = chaosCase;
    this.#plan = new FaultPlan(chaosCase);
    this.#doomed = new DoomedPods(chaosCase, () => lane.isArmed);
    this.#calls = new CallPlan(chaosCase, tenantPrefix);
    this.#recorder = new Recorder(() => this.#nowMs());
    this.#lives = Array(chaosCase.pods).fill(1);
    this.#commits = Array(chaosCase.pods).fill(0);
    this.#faults = {
      ...{ spans: this.#spans, recorder: this.#recorder, pods: chaosCase.pods },
      outages: this.#outages,
      nameOf: (index) => this.#podName(index),
      make: (op) => this.#make(op),
      terminate: (index) => this.#terminate(index),
    };
    for (const session of this.#calls.sessions) this.#names.set(keyOf(session), session);
  }

  async run(): Promise<RunOutcome> {
    this.#lag.start();
    try {
      return await this.#perform();
    } finally {
      this.#lag.stop();
    }
  }

  async #perform(): Promise<RunOutcome> {
    await Promise.all([...this.#lives.keys()].map(async (index) => {
      this.#tellFaults(index, await this.#prepare(index));
    }));
    for (const [index, op] of this.#case.ops.entries()) {
      if (index + 1 === this.#case.healAt) await this.#recover();
      for (const fault of this.#plan.atCall(index + 1)) await this.#inject(fault);
      await this.#make(op);
    }
    await this.#finish();
    this.#lag.note();
    const toleranceMs = TOLERANCE_MS + this.#lag.errorMs;
    // A machine that was too busy to run the pods in time, which it measures, is no reason to call them late.
    const isHeld = this.#recoveredAtMs !== undefined && !this.#lag.hasStalledSinceMark;
    const history = this.#recorder.history({
      ...historySettings(this.#lane.settings, this.#spans, toleranceMs),
      ...(isHeld && { recoveredAtMs: this.#recoveredAtMs! }),
    });
    const { operations, faults } = this.#recorder;
    return { history, operations, faults, replies: this.replies.counts };
  }

  /** Asked by a pod's proxy. */
  atCommit(index: number): ProxyFault | undefined {
    const replay = this.#replays.atCommit(index);
    const fault = replay ?? this.#plan.atCommit(index);
    if (fault === undefined) return undefined;
    if (replay) this.#recorder.struck(replay.kind);
    const pod = this.#lane.living(index);
    const isKill = replay !== undefined || fault.kind === "pod-kill";
    // What kills it inside is the reply: it has to know where by then.
    if (isKill && pod && this.#doomed.add(index, fault)) {
      return { kind: "hold", until: pod.doom(fault) };
    }
    if (!replay) this.recordFault(index, fault);
    return toProxyFault(
      isKill ? { ...fault, kind: "pod-kill" } : fault,
      this.#spans,
      () => pod?.strike(),
    );
  }

  /** A pod dies inside of core. */
  recordReached(index: number, fault: CaseFault): void {
    const place = failpointOf(fault.phase);
    if (place !== undefined) this.#doomed.take(index, place);
    // One that waits for a replay was written down when it began to wait.
    if (fault.kind === "pod-kill") this.recordFault(index, fault);
  }

  recordTold(index: number, told: (FromPod & { type: "told" })["told"]): void {
    if (!this.#isOver) this.#recorder.told(this.#podName(index), told);
  }

  recordAnswer({ op, result, wasAway, lagMs }: FromPod & { type: "result" }): void {
    if (this.#isOver) return;
    const pod = this.#pending.answer(op);
    if (pod === undefined) return;
    this.#lag.note(pod, lagMs);
    this.#recorder.answer(op, result, wasAway);
    if (result.degraded || result.kind === "unavailable") this.#failed.add(op);
  }

  recordFault(index: number, fault: CaseFault): void {
    if (this.#isOver) return;
    const commandMs = this.#spans.commandMs(fault);
    this.#recorder.fault(fault.kind, this.#podName(index), {
      detail: fault.phase,
      ...(commandMs !== undefined && { lastsMs: commandMs }),
    });
    if (fault.kind === "late-execution" || fault.kind === "latency") {
      const lastsMs = Math.max(this.#spans.lateMs(fault), this.#spans.latencyMs(fault));
      this.#quietAtMs = Math.max(this.#quietAtMs, this.#nowMs() + lastsMs);
    }
  }

  countCommit(index: number): void {
    this.#commits[index] = (this.#commits[index] ?? 0) + 1;
  }

  recordKill(index: number): void {
    if (this.#isOver) return;
    if (!this.#ending.delete(index)) this.#recorder.kill(this.#podName(index));
    this.#lives[index] = (this.#lives[index] ?? 0) + 1;
    this.#pending.endOf(index);
  }

  async #make(op: CaseOp): Promise<void> {
    const { answered } = await this.#invoke(op.pod % this.#case.pods, this.#calls.call(op));
    if (op.pace === "gap") await pause(op.gapMs);
    else if (op.pace === "answer") await answered;
  }

  /** Makes a call; `answered` resolves when it has ended, with its pod's life if need be. */
  async #invoke(index: number, call: Call, isFinal = false): Promise<{ answered: Promise<void> }> {
    if (call.to) this.#names.set(keyOf(call.to), call.to);
    const pod = await this.#prepare(index);
    const answered = this.#pending.add(call.op, index);
    this.#recorder.invoke(this.#podName(index), call, { isFinal });
    pod.call(call);
    return { answered };
  }

  async #prepare(index: number): Promise<PodProcess> {
    const living = this.#lane.living(index);
    if (living) return living;
    await this.#restarting;
    const pod = await this.#lane.pod(index);
    this.#tellFaults(index, pod);
    return pod;
  }

  #tellFaults(index: number, pod: PodProcess): void {
    if (this.#lane.isArmed) void pod.doom(this.#doomed.of(index));
    if (!this.#lane.store.faultsInPods) return;
    pod.plan(this.#plan.commitFaultsOf(index), this.#commits[index] ?? 0);
  }

  async #terminate(index: number): Promise<PodFlush | undefined> {
    const pod = this.#lane.living(index);
    if (!pod || this.#isRestarting) return undefined;
    this.#ending.add(index);
    return await pod.terminate();
  }

  async #inject(fault: CaseFault): Promise<void> {
    if (this.#isRestarting && fault.kind === "store-clock-jump") return;
    if (await injectRealFault(fault, this.#faults)) return;
    switch (fault.kind) {
      case "ttl-expiry":
        this.#recorder.fault(fault.kind, "store", { lastsMs: this.#spans.idleMs(fault) });
        return await pause(this.#spans.idleMs(fault));
      case "server-restart": {
        if (this.#outages.isBusy || this.#isRestarting) return;
        const downMs = Math.min(this.#spans.downMs(fault), 300);
        this.#recorder.fault(fault.kind, "store", { lastsMs: downMs });
        this.#restarting = this.#lane.store.restart(downMs);
        // Whoever needs the store waits for it, and hears of a failure then.
        this.#isRestarting = true;
        this.#restarting.catch(() => {}).then(() => this.#isRestarting = false);
        return;
      }
      case "slow-pod": {
        const pod = await this.#prepare(fault.pod);
        const lastsMs = Math.round(this.#spans.freezeMs(fault) / 2);
        this.#recorder.fault(fault.kind, this.#podName(fault.pod), { lastsMs });
        this.#lag.freeze(fault.pod, lastsMs);
        return pod.freeze(lastsMs);
      }
      default:
        return await this.#beginOutage(fault as CaseFault & { kind: OutageKind });
    }
  }

  async #beginOutage(fault: CaseFault & { readonly kind: OutageKind }): Promise<void> {
    if (this.#isRestarting) return;
    if (fault.kind === "eviction") return await this.#evict(fault);
    const hit = podsHit(fault, this.#case.pods);
    const lastsMs = this.#outages.begin(fault, hit);
    if (lastsMs === undefined) return;
    const isKill = fault.kind === "pod-kill-outage" || fault.kind === "pod-kill-replay";
    const name = hit.length > 1 ? "store" : this.#podName(hit[0]!);
    const window = {
      ...{ lastsMs: lastsMs + afterwardsMs(fault.kind), detail: fault.phase },
      ...(rollsBack(fault.kind) && { downInMs: this.#spans.snapshotMs(fault) }),
    };
    this.#recorder[isKill ? "window" : "fault"](fault.kind, name, window);
    switch (fault.kind) {
      case "pod-kill-outage":
        return void setTimeout(() => this.#killNow(fault), lastsMs * 0.7);
      case "pod-kill-replay":
        return this.#replays.wait(fault);
      case "refused-at-open":
        this.#lane.living(fault.pod)?.strike();
        await this.#prepare(fault.pod);
        return;
      case "ttl-in-outage":
        return await pause(this.#spans.idleMs(fault) * (fault.phase === "p0" ? 1 : 0.5));
      case "disk-full":
        for (const op of callsOnFullDisk(fault)) await this.#make(op);
        return;
      case "failover":
        this.#recorder.window("refused", this.#podName(fault.pod), {
          lastsMs: lastsMs + afterwardsMs(fault.kind) + lostAfterwardsMs(fault, this.#spans),
        });
        return;
      case "partition":
        for (const op of callsAround(fault, this.#case.pods)) await this.#make(op);
        return;
      case "destroy-in-outage":
        for (const op of callsInOutage(fault, 20)) await this.#make(op);
        return;
    }
  }

  #killNow({ pod: index, kind }: CaseFault): void {
    const pod = this.#lane.living(index);
    if (!pod || this.#isOver || this.#isHealed) return;
    this.#recorder.struck(kind);
    pod.strike();
  }

  /** Removes the record of a session; from now on it may be gone. */
  async #evict({ kind, length }: CaseFault): Promise<void> {
    if (this.#outages.isBusy) return;
    const session = this.#calls.sessions[length % this.#calls.sessions.length]!;
    this.#recorder.window(kind, "store", { detail: keyOf(session) });
    if (await this.#outages.evict(storeKeyOf(session))) this.#recorder.struck(kind);
  }

  /** No faults from now on, and the time that it may take until all is as if there had been none. */
  async #recover(): Promise<void> {
    await this.#heal();
    await Promise.all([...this.#lives.keys()].map((index) => this.#prepare(index)));
    await this.#lag.recover(this.#spans.recoveryMs, pause);
    this.#recoveredAtMs = this.#nowMs();
  }

  async #heal(): Promise<void> {
    this.#plan.heal();
    this.#recorder.healed();
    this.#isHealed = true;
    this.#replays.clear();
    this.#doomed.clear();
    await this.#outages.heal();
    for (const index of this.#lives.keys()) {
      const pod = this.#lane.living(index);
      if (pod) this.#tellFaults(index, pod);
    }
    await this.#restarting;
  }

  /** Heals everything, waits until all is quiet, and looks at what is left. */
  async #finish(): Promise<void> {
    await this.#heal();
    await this.#pending.ended();
    await pause(this.#lane.settings.maxStalenessMs + TOLERANCE_MS);
    await this.#settle();
    await this.#readAll(false);
    await this.#readAll(true);
    await pause(Math.max(0, this.#quietAtMs - this.#nowMs()));
    for (const [index, session] of [...this.#names.values()].entries()) {
      await this.#last(index, () => this.#calls.lastCreate(session));
      await this.#last(index + 1, () => this.#calls.lastIncrement(session));
    }
    await this.#readAll(true);
    this.#isOver = true;
    this.#recorder.end();
  }

  /** Every pod, the heirs of the dead among them, brings what waits into the store. */
  async #settle(): Promise<void> {
    if (this.#case.faults.some(({ kind }) => losesMemory(kind))) await pause(NOTICED_MS);
    await Promise.all([...this.#lives.keys()].map(async (index) => {
      const pod = await this.#prepare(index);
      const name = this.#podName(index);
      const flush = await pod.flush(RECONCILED_MS, FLUSHED_MS);
      if (flush) this.#recorder.flush(name, flush);
    }));
  }

  async #readAll(fresh: boolean): Promise<void> {
    for (const index of this.#lives.keys()) {
      for (const session of this.#names.values()) {
        await this.#last(index, () => ({ ...this.#calls.freshRead(session), fresh }));
      }
    }
  }

  /**
   * A call that must succeed. On a busy machine a server, or a pod, may miss a timeout with nothing wrong: then it is
   * made again when all is quiet. The simulation, where no time is lost, allows that not once.
   */
  async #last(index: number, make: () => Call): Promise<void> {
    for (let attempt = 1;; attempt++) {
      const call = make();
      await (await this.#invoke(index % this.#case.pods, call, true)).answered;
      if (!this.#failed.has(call.op) || attempt === LAST_ATTEMPTS) return;
      this.#recorder.recall(call.op);
      await this.#settle();
    }
  }

  #podName(index: number): string {
    const life = this.#lives[index] ?? 1;
    return life === 1 ? `p${index + 1}` : `p${index + 1}.${life}`;
  }

  #nowMs(): number {
    return performance.now() - this.#startedAtMs;
  }
}

function pause(delayMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, delayMs));
}
