/**
 * Runs a case in one process: pods, network and store on one virtual clock, all randomness from the case's
 * seed. The same case gives the same history, byte for byte.
 *
 * @module
 */

import type { Clock } from "../mod.ts";
import { CallPlan } from "./call_plan.ts";
import { callsAround, callsInOutage } from "./caller_faults.ts";
import type { CaseFault, CaseOp, ChaosCase } from "./case.ts";
import { toCommandFault } from "./command_faults.ts";
import { DoomedPods, onFailpoint, outerPhase } from "./failpoints.ts";
import { FaultPlan, type FaultSpans, faultSpans, lostAfterwardsMs } from "./fault_plan.ts";
import { losesMemory, rollsBack } from "./fault_kinds.ts";
import { type CommandFault, FaultyAdapter } from "./faulty_adapter.ts";
import { storeKeyOf } from "./hashed_id.ts";
import type { Call, History, SessionName } from "./history.ts";
import { historySettings } from "./history_settings.ts";
import { JournalPlace } from "./journal_place.ts";
import { keyOf } from "./model.ts";
import type { OutageKind } from "./outage_kinds.ts";
import { seededRandom } from "./random.ts";
import { Recorder } from "./recorder.ts";
import { ReplayKills } from "./replay_kills.ts";
import { Replies } from "./replies.ts";
import type { RunOutcome } from "./runner.ts";
import { SimulatedEnding } from "./simulated_ending.ts";
import { SimulatedFaults } from "./simulated_faults.ts";
import { SimulatedOutages } from "./simulated_outages.ts";
import { PodClock, SimulatedPod } from "./simulated_pod.ts";
import { type SimulatedStore, storeInMemory } from "./simulated_store.ts";
import { StorePower } from "./store_power.ts";
import { VirtualClock } from "./virtual_clock.ts";

export type { SimulatedStore } from "./simulated_store.ts";

/** Options of {@linkcode runSimulated}. */
export interface SimulatedRunOptions {
  /** Makes the store of one run on the simulation's clock. @default a store in memory */
  readonly store?: (clock: Clock) => SimulatedStore;
}

const TOLERANCE_MS = 2;
/** A share of the invalidations is lost: they are hints only. */
const INVALIDATION_LOSS = 0.2;

/** Runs a case. */
export async function runSimulated(
  chaosCase: ChaosCase,
  options: SimulatedRunOptions = {},
): Promise<RunOutcome> {
  const clock = new VirtualClock();
  return await new Simulation(chaosCase, clock, (options.store ?? storeInMemory)(clock)).run();
}

class Simulation {
  readonly #case: ChaosCase;
  readonly #clock: VirtualClock;
  readonly #store: SimulatedStore;
  readonly #random: () => number;
  readonly #plan: FaultPlan;
  readonly #calls: CallPlan;
  readonly #spans: FaultSpans;
  readonly #recorder: Recorder;
  readonly #power = new StorePower();
  readonly #outages: SimulatedOutages;
  readonly #faults: SimulatedFaults;
  readonly #ending: SimulatedEnding;
  readonly #replies = new Replies();
  readonly #pods: SimulatedPod[] = [];
  readonly #places: JournalPlace[];
  readonly #replays = new ReplayKills();
  readonly #doomed: DoomedPods;
  readonly #deafen: (() => void)[] = [];
  readonly #lives: number[];
  readonly #names = new Map<string, SessionName>();
  #recoveredAtMs: number | undefined;

  constructor(chaosCase: ChaosCase, clock: VirtualClock, store: SimulatedStore) {
    this.#case = chaosCase;
    this.#clock = clock;
    this.#store = store;
    this.#random = seededRandom(chaosCase.seed);
    this.#plan = new FaultPlan(chaosCase);
    this.#doomed = new DoomedPods(chaosCase);
    this.#calls = new CallPlan(chaosCase);
    this.#spans = faultSpans(chaosCase.settings);
    this.#recorder = new Recorder(() => clock.now());
    this.#lives = Array(chaosCase.pods).fill(0);
    const { pods } = chaosCase;
    this.#outages = new SimulatedOutages({
      ...{ clock, power: this.#power, memory: store, spans: this.#spans, pods },
    });
    this.#ending = new SimulatedEnding({
      ...{ chaosCase, clock, recorder: this.#recorder, calls: this.#calls, spans: this.#spans },
      ...{ pods: this.#pods, lives: this.#lives, names: this.#names },
      ...{ losesMemory: this.#losesMemory, toleranceMs: TOLERANCE_MS },
      pod: (index) => this.#pod(index),
      invoke: (index, call) => this.#invoke(index, call, true),
    });
    this.#faults = new SimulatedFaults({
      ...{ clock, spans: this.#spans, recorder: this.#recorder, pods },
      pod: (index) => this.#pod(index),
      make: (op) => this.#make(op),
      conclude: (name, ending) => this.#ending.conclude(name, ending),
      isQuiet: () => this.#outages.isQuiet && !this.#power.isDown,
      ...{ jump: store.jump, beginOutage: (fault) => this.#outages.begin(fault) },
      isInherited: chaosCase.settings.durable && !this.#losesMemory,
    });
    const delayMs = () => Math.floor(this.#random() * 3);
    this.#places = Array.from({ length: pods + 1 }, () => new JournalPlace(clock, delayMs));
    for (const session of this.#calls.sessions) this.#names.set(keyOf(session), session);
  }

  async run(): Promise<RunOutcome> {
    for (const [index, op] of this.#case.ops.entries()) {
      if (index + 1 === this.#case.healAt) await this.#recover();
      for (const fault of this.#plan.atCall(index + 1)) await this.#inject(fault);
      await this.#make(op);
    }
    await this.#finish();
    const { operations, faults } = this.#recorder;
    return { history: this.#history(), operations, faults, replies: this.#replies.counts };
  }

  async #make(op: CaseOp): Promise<void> {
    const answered = this.#invoke(op.pod % this.#case.pods, this.#calls.call(op));
    if (op.pace === "gap") await this.#clock.advance(op.gapMs);
    else if (op.pace === "answer") {
      // A call of a pod that died is never answered.
      await this.#clock.advanceUntil(answered, 4 * this.#case.settings.commandTimeoutMs);
    }
  }

  /** Makes a call on a pod; the answer tells whether it has ended. */
  #invoke(index: number, call: Call, isFinal = false): () => boolean {
    if (call.to) this.#names.set(keyOf(call.to), call.to);
    const pod = this.#pod(index);
    let isDone = false;
    const run = () => {
      if (pod.isDead) return;
      this.#recorder.invoke(pod.name, call, { isFinal, isAway: pod.isAway });
      pod.call(call).then((result) => {
        isDone = true;
        this.#recorder.answer(call.op, result);
      });
    };
    if (pod.clock.isFrozen) pod.clock.after(0, run);
    else run();
    return () => isDone || pod.isDead;
  }

  /** The pod of that index; a dead one is followed by its next life. */
  #pod(index: number): SimulatedPod {
    const pod = this.#pods[index];
    return pod && !pod.isDead ? pod : this.#pods[index] = this.#start(index);
  }

  #start(index: number): SimulatedPod {
    const lives = this.#lives[index] = (this.#lives[index] ?? 0) + 1;
    const name = lives === 1 ? `p${index + 1}` : `p${index + 1}.${lives}`;
    // Pods' clocks have nothing in common but their pace.
    const clock = new PodClock(
      this.#clock,
      Math.floor(this.#random() * 1e6),
      () => this.#faults.skewMs(index),
    );
    const adapter = new FaultyAdapter(this.#store(), {
      clock: this.#clock,
      podClock: clock,
      power: this.#power,
      trouble: () => this.#outages.troubleOf(index),
      latencyMs: () => Math.floor(this.#random() * 4),
      isDead: () => pod.isDead,
      losesInvalidation: () => this.#random() < INVALIDATION_LOSS,
      onCommit: (batch, reply) => this.#replies.commit(name, batch, reply),
      onInvalidation: () => this.#replies.count("invalidation"),
      faultFor: ({ kind }) => kind === "commit" ? this.#atCommit(index) : undefined,
    });
    const random = seededRandom(Math.floor(this.#random() * 2 ** 32));
    const pod: SimulatedPod = new SimulatedPod(name, clock, {
      ...{ adapter, random, settings: this.#case.settings, place: this.#places[index]! },
      hear: (told) => this.#recorder.told(name, told),
    });
    this.#deafen.push(onFailpoint(pod.id, (place) => this.#reach(place, index, pod)));
    return pod;
  }

  #atCommit(index: number): CommandFault | undefined {
    this.#faults.atCommit(index);
    const pod = this.#pods[index];
    const replay = this.#power.isDown || !pod ? undefined : this.#replays.atCommit(index);
    if (replay && pod) {
      this.#recorder.struck(replay.kind);
      return this.#killAt(replay, index, pod);
    }
    const fault = this.#plan.atCommit(index);
    if (fault === undefined || pod === undefined) return undefined;
    const kill = () => this.#killAt(fault, index, pod);
    const command = toCommandFault(fault, this.#spans, kill);
    const lastsMs = this.#spans.commandMs(fault);
    if (command) {
      const { kind, phase: detail } = fault;
      this.#recorder.fault(kind, pod.name, { detail, ...(lastsMs !== undefined && { lastsMs }) });
    }
    return command;
  }

  #killAt(fault: CaseFault, index: number, pod: SimulatedPod): CommandFault | undefined {
    if (this.#doomed.add(index, fault)) return undefined;
    const phase = outerPhase(fault.phase);
    return { kind: "pod-kill", phase, kill: () => this.#kill(index, pod) };
  }

  /** A pod has come to a place inside of core: one that is to die there is dead from this very statement on. */
  #reach(place: string, index: number, pod: SimulatedPod): void {
    const fault = this.#pods[index] === pod ? this.#doomed.take(index, place) : undefined;
    if (!fault) return;
    // One that waits for a replay was written down when it began to wait.
    if (fault.kind === "pod-kill") {
      this.#recorder.fault(fault.kind, pod.name, { detail: fault.phase });
    }
    this.#kill(index, pod);
  }

  #kill(index: number, pod: SimulatedPod): void {
    if (pod.isDead || this.#pods[index] !== pod) return;
    pod.kill();
    this.#recorder.kill(pod.name);
  }

  /** A fault of time, due before a call. */
  async #inject(fault: CaseFault): Promise<void> {
    if (await this.#faults.inject(fault)) return;
    if (fault.kind === "ttl-expiry") {
      const idleMs = this.#spans.idleMs(fault);
      this.#recorder.fault(fault.kind, "store", { lastsMs: idleMs });
      await this.#clock.advance(idleMs);
    } else if (fault.kind === "server-restart") {
      const downMs = this.#spans.downMs(fault);
      this.#recorder.fault(fault.kind, "store", { lastsMs: downMs });
      this.#power.goDown();
      this.#clock.after(downMs, () => this.#power.comeBack());
    } else if (fault.kind === "slow-pod") {
      const pod = this.#pod(fault.pod);
      if (pod.clock.isFrozen) return;
      const freezeMs = this.#spans.freezeMs(fault);
      this.#recorder.fault(fault.kind, pod.name, { lastsMs: freezeMs });
      pod.clock.freeze();
      this.#clock.after(freezeMs, () => pod.clock.resume());
    } else await this.#beginOutage(fault as CaseFault & { kind: OutageKind });
  }

  async #beginOutage(fault: CaseFault & { readonly kind: OutageKind }): Promise<void> {
    if (fault.kind === "eviction") return this.#evict(fault);
    const lastsMs = this.#outages.begin(fault);
    if (lastsMs === undefined) return;
    const [only, ...others] = this.#outages.podsOf(fault);
    const name = others.length > 0 ? "store" : this.#pod(only!).name;
    const kills = fault.kind === "pod-kill-outage" || fault.kind === "pod-kill-replay";
    this.#recorder[kills ? "window" : "fault"](fault.kind, name, {
      ...{ lastsMs, detail: fault.phase },
      ...(rollsBack(fault.kind) && { downInMs: this.#spans.snapshotMs(fault) }),
    });
    switch (fault.kind) {
      case "pod-kill-outage":
        this.#clock.after(lastsMs * 0.7, () => this.#killNow(fault.pod, fault));
        break;
      case "pod-kill-replay":
        this.#replays.wait(fault);
        break;
      case "refused-at-open":
        this.#killNow(fault.pod);
        this.#pod(fault.pod).connect();
        break;
      case "ttl-in-outage":
        await this.#clock.advance(this.#spans.idleMs(fault) * (fault.phase === "p0" ? 1 : 0.5));
        break;
      case "failover":
        this.#recorder.window("refused", this.#pod(fault.pod).name, {
          lastsMs: lastsMs + lostAfterwardsMs(fault, this.#spans),
        });
        break;
      case "partition":
        for (const op of callsAround(fault, this.#case.pods)) await this.#make(op);
        break;
      case "destroy-in-outage":
        for (const op of callsInOutage(fault, this.#gapMs(fault))) await this.#make(op);
        break;
    }
  }

  /** Removes the record of a session that was called. */
  #evict({ kind, length }: CaseFault): void {
    const session = this.#calls.sessions[length % this.#calls.sessions.length]!;
    const isGone = this.#store.remove?.(storeKeyOf(session)) ?? false;
    if (isGone) this.#recorder.fault(kind, "store", { detail: keyOf(session) });
  }

  #gapMs({ span }: CaseFault): number {
    return Math.round(1 + span * this.#case.settings.commandTimeoutMs);
  }

  #killNow(index: number, cause?: CaseFault): void {
    const pod = this.#pods[index];
    if (!pod || pod.isDead) return;
    if (cause && this.#power.isDown) this.#recorder.struck(cause.kind);
    this.#kill(index, pod);
  }

  /** No faults from now on, and the time that it may take until all is as if there had been none. */
  async #recover(): Promise<void> {
    this.#heal();
    await this.#clock.advance(this.#spans.recoveryMs);
    this.#recoveredAtMs = this.#clock.now();
  }

  #heal(): void {
    this.#plan.heal();
    this.#recorder.healed();
    this.#outages.heal();
    this.#replays.clear();
    this.#doomed.clear();
    while (this.#power.isDown) this.#power.comeBack();
    for (const pod of this.#pods) pod?.clock.resume();
  }

  /** Heals everything, and looks at what is left. */
  async #finish(): Promise<void> {
    this.#heal();
    await this.#ending.run();
    for (const deafen of this.#deafen) deafen();
    this.#recorder.end();
  }

  /** What only a pod holds would go with it then, before the store is given that back. */
  get #losesMemory(): boolean {
    return this.#case.faults.some(({ kind }) => losesMemory(kind));
  }

  #history(): History {
    return this.#recorder.history({
      ...historySettings(this.#case.settings, this.#spans, TOLERANCE_MS),
      ...(this.#recoveredAtMs === undefined ? {} : { recoveredAtMs: this.#recoveredAtMs }),
    });
  }
}
