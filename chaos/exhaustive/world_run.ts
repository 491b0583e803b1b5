/**
 * One schedule of a small world: whatever could happen in another order, or not at all, is a choice.
 *
 * @module
 */

import { setImmediate } from "node:timers";
import type { Clock } from "../../mod.ts";
import { CallPlan } from "../call_plan.ts";
import type { CaseSettings, ChaosCase } from "../case.ts";
import type { Call, History, SessionName } from "../history.ts";
import { seededRandom } from "../random.ts";
import { Recorder } from "../recorder.ts";
import { type SimulatedStore, storeInMemory } from "../simulated_store.ts";
import { type Choice, choicesOf } from "./choices.ts";
import { finish } from "./ending.ts";
import { Fingerprint } from "./fingerprint.ts";
import { Wire } from "./wire.ts";
import type { World, WorldFaults } from "./world.ts";
import { WorldClock } from "./world_clock.ts";
import { WorldPod } from "./world_pod.ts";

/** Options of a {@linkcode WorldRun}. */
export interface WorldRunOptions {
  /** Of the pods' ids. */
  readonly seed: number;
  /** Makes the store. @default a store in memory */
  readonly store?: (clock: Clock) => SimulatedStore;
}

/**
 * The managers' options where a world says nothing else; short times, as nothing takes any. The checker takes an answer
 * within some 20 ms for one that no command was sent for: a timeout has to be longer.
 */
const SETTINGS: CaseSettings = {
  ttlMs: 600,
  commandTimeoutMs: 40,
  maxStalenessMs: 50,
  graceMs: 600,
  failMode: "open",
  durable: false,
};

/** How far a client has come. */
export interface ClientState {
  readonly pod: number;
  readonly calls: readonly Call[];
  /** Calls made. */
  next: number;
  /** Whether the last one has not been answered, by a pod that lives. */
  isWaiting: boolean;
}

/** One run. */
export class WorldRun {
  readonly world: World;
  readonly settings: CaseSettings;
  readonly clock = new WorldClock();
  readonly wire = new Wire(this.clock);
  readonly store: SimulatedStore;
  readonly pods: WorldPod[];
  readonly clients: readonly ClientState[];
  readonly recorder = new Recorder(() => this.clock.now());
  readonly plan: CallPlan;
  readonly names: readonly SessionName[];
  /** Faults of each kind that have happened. */
  readonly used: Record<keyof WorldFaults, number> = {
    ...{ cuts: 0, kills: 0, outages: 0, losses: 0, expiries: 0, halves: 0, damages: 0 },
  };
  /** The order of what the callers see. */
  readonly #seen = new Fingerprint();
  readonly #before: readonly (readonly [pod: number, call: Call])[];
  #restore: (() => void) | undefined;
  isEnded = false;

  constructor(world: World, options: WorldRunOptions) {
    this.world = world;
    this.settings = { ...SETTINGS, ...world.settings };
    this.store = (options.store ?? storeInMemory)(this.clock);
    const chaosCase: ChaosCase = {
      ...{ seed: options.seed, pods: world.pods, ops: [], faults: [], settings: this.settings },
      sessions: 2 * world.sessions,
    };
    this.plan = new CallPlan(chaosCase);
    this.#before = (world.before ?? []).map((call) => [call.pod ?? 0, this.#call(call)]);
    this.clients = world.clients.map(({ pod, calls }) => ({
      ...{ pod, next: 0, isWaiting: false, calls: calls.map((call) => this.#call(call)) },
    }));
    this.names = this.#named();
    this.pods = Array.from({ length: world.pods + 1 }, (_, index) => {
      const random = seededRandom(options.seed + 7_919 * index);
      return new WorldPod({
        ...{ index, random, clock: this.clock, wire: this.wire, settings: this.settings },
        adapter: () => this.store(),
        hear: (name, told) => {
          this.#seen.add(TOLD).add(index);
          this.recorder.told(name, told);
        },
      });
    });
  }

  /** Makes the calls that come before everything else. */
  async begin(): Promise<void> {
    for (const [pod, call] of this.#before) {
      this.invoke(pod, call);
      await this.settle();
    }
    this.#restore = this.world.snapshot === "after-before" ? this.store.snapshot?.() : undefined;
    this.wire.isOpen = false;
  }

  /** What may happen now, in an order that depends on nothing else; none when all has happened. */
  choices(): Choice[] {
    return choicesOf(this);
  }

  /** Lets it happen, and all that follows from it without another choice. */
  async choose(choice: Choice): Promise<void> {
    await choice.happen();
    await this.settle();
  }

  /** What has come about, as far as anything that follows, or the checker, may depend on it. */
  fingerprint(): number {
    const all = this.#seen.copy().addTime(this.clock.now());
    for (const { seen } of this.pods) all.addWide(seen.value);
    this.wire.addTo(all);
    return all.value;
  }

  /** Heals all faults, waits until all is quiet, and looks at what is left. */
  async end(): Promise<History> {
    await finish(this);
    return this.recorder.history(this.#bounds());
  }

  /** Makes a call. */
  invoke(index: number, call: Call, isFinal = false): () => boolean {
    const pod = this.pods[index]!;
    const life = pod.begin();
    this.recorder.invoke(life.name, call, { isFinal, isAway: life.isAway });
    this.#seen.add(call.op).addTime(this.clock.now());
    pod.seen.add(call.op).addTime(this.clock.now());
    let isAnswered = false;
    life.call(call).then((result) => {
      isAnswered = true;
      this.#seen.add(-call.op);
      this.recorder.answer(call.op, result);
      const client = this.clients.find(({ calls, next }) => calls[next - 1] === call);
      if (client) client.isWaiting = false;
    });
    return () => isAnswered;
  }

  /** A fault happens. */
  strike(kind: Parameters<Recorder["fault"]>[0], pod: string, lastsMs?: number): void {
    this.#seen.add(FAULT);
    this.recorder.fault(kind, pod, lastsMs === undefined ? {} : { lastsMs });
  }

  /** A pod dies. */
  kill(index: number): void {
    const pod = this.pods[index]!;
    const life = pod.begin();
    this.#seen.add(KILL).add(index);
    this.recorder.kill(life.name);
    pod.kill();
    for (const client of this.clients) if (client.pod === index) client.isWaiting = false;
  }

  /** The store loses its memory. */
  lose(): void {
    if (this.#restore) this.#restore();
    else this.store.forget?.();
    this.wire.forget();
  }

  /** Lets everything run that waits for no choice. */
  settle(): Promise<void> {
    return new Promise((resolve) => setImmediate(resolve));
  }

  /** Lets time pass. */
  async pass(spanMs: number, isDone: () => boolean = () => false): Promise<void> {
    const untilMs = this.clock.now() + spanMs;
    do await this.settle(); while (!isDone() && this.clock.step(untilMs));
    await this.settle();
  }

  #call({ kind, session = 0, fresh = false, variant = 1 }: World["clients"][0]["calls"][0]): Call {
    const { tenant } = this.plan.sessions[0]!;
    const index = this.plan.sessions.findIndex((name) =>
      name.tenant === tenant && name.id === `user-${session + 1}`
    );
    return this.plan.call({
      ...{ pod: 0, session: index, kind, fresh, variant, pace: "burst", gapMs: 0 },
    });
  }

  /** The sessions that calls go to, and those that rotations lead to. */
  #named(): SessionName[] {
    const calls = [
      ...this.#before.map(([, call]) => call),
      ...this.clients.flatMap((c) => c.calls),
    ];
    const names = new Map<string, SessionName>();
    for (const { session, to = session } of calls) names.set(session.id, session).set(to.id, to);
    return [...names.values()];
  }

  #bounds(): History["settings"] {
    const { ttlMs, commandTimeoutMs, maxStalenessMs, failMode, maxLifetimeMs, journalSessions } =
      this.settings;
    return {
      ...{ failMode, ttlMs, commandTimeoutMs, maxStalenessMs },
      ...(maxLifetimeMs === undefined ? {} : { maxLifetimeMs }),
      // What was damaged does not outlive its pod.
      durable: this.settings.durable && !this.world.faults.damages,
      boundsJournal: journalSessions !== undefined,
      capacity: 10,
      lateBoundMs: 6 * commandTimeoutMs + maxStalenessMs + ttlMs,
      toleranceMs: 2,
    };
  }
}

/** What is seen besides calls, by their numbers, and answers, by the negative ones. */
const TOLD = 1 << 20;
const FAULT = TOLD + 1;
const KILL = TOLD + 2;
