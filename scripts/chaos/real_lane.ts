import { CallPlan } from "../../chaos/call_plan.ts";
import { type CaseFault, type CaseOp, type ChaosCase, REAL_SETTINGS } from "../../chaos/case.ts";
import { FaultPlan, faultSpans } from "../../chaos/fault_plan.ts";
import type { Call, SessionName } from "../../chaos/history.ts";
import { keyOf } from "../../chaos/model.ts";
import type { ProxyFault } from "../../chaos/proxy.ts";
import { Recorder } from "../../chaos/recorder.ts";
import type { RunOutcome } from "../../chaos/runner.ts";
import type { BackendName } from "./arguments.ts";
import { PodProcess } from "./pod_process.ts";
import { type RealStore, toProxyFault } from "./real_store.ts";

const CAPACITY = 10;
/** The two clocks, of the pods and of the server, and the rounding of both. */
const TOLERANCE_MS = 40;
/** A call that takes longer has lost its answer. */
const PATIENCE_MS = 10_000;
const SPANS = faultSpans(REAL_SETTINGS);

/** One store with its pods, kept across histories; runs one history at a time. */
export class RealLane {
  readonly #backend: Exclude<BackendName, "memory">;
  readonly #store: RealStore;
  readonly #prefix: string;
  readonly #pods: (PodProcess | undefined)[] = [];
  #server: string | undefined;
  #histories = 0;
  #run: RealRun | undefined;
  #isStopped = false;

  constructor(backend: Exclude<BackendName, "memory">, store: RealStore, name: string) {
    this.#backend = backend;
    this.#store = store;
    this.#prefix = name;
  }

  /** What the store said that it is. */
  get server(): string | undefined {
    return this.#server;
  }

  /** Starts a pod, so that a store that cannot be used is told before anything is run. */
  async open(): Promise<void> {
    await this.pod(0);
  }

  async run(chaosCase: ChaosCase): Promise<RunOutcome> {
    const run = new RealRun(this, this.#store, chaosCase, `${this.#prefix}-${++this.#histories}-`);
    this.#run = run;
    return await run.run();
  }

  /** The living pod of that index. */
  async pod(index: number): Promise<PodProcess> {
    const known = this.#pods[index];
    if (known && !known.isDead) return known;
    // A history that its campaign gave up goes on for a while: it gets no more processes.
    if (this.#isStopped) throw new Error("the lane was stopped");
    const url = await this.#store.urlFor(index, () => this.#run?.atCommit(index));
    const { pod, server } = await PodProcess.start(
      { backend: this.#backend, url, settings: REAL_SETTINGS },
      {
        onResult: (op, result) => this.#run?.recordAnswer(op, result),
        onFault: (fault) => this.#run?.recordFault(index, fault),
        onCommit: () => this.#run?.countCommit(index),
        onExit: () => this.#run?.recordKill(index),
      },
    );
    this.#server ??= server;
    this.#pods[index] = pod;
    if (this.#isStopped) await pod.kill();
    return pod;
  }

  /** The pod of that index, if it lives. */
  living(index: number): PodProcess | undefined {
    const pod = this.#pods[index];
    return pod?.isDead ? undefined : pod;
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#run = undefined;
    await Promise.all(this.#pods.map((pod) => pod?.kill()));
    await this.#store.stop();
  }
}

/** A call that has not been answered. */
interface Waiting {
  readonly pod: number;
  readonly answered: Promise<void>;
  readonly settle: () => void;
}

/** One history. */
class RealRun {
  readonly #lane: RealLane;
  readonly #store: RealStore;
  readonly #case: ChaosCase;
  readonly #plan: FaultPlan;
  readonly #calls: CallPlan;
  readonly #recorder: Recorder;
  readonly #startedAtMs = performance.now();
  readonly #names = new Map<string, SessionName>();
  readonly #waiting = new Map<number, Waiting>();
  readonly #lives: number[];
  readonly #commits: number[];
  #restarting: Promise<void> = Promise.resolve();
  #quietAtMs = 0;
  #isOver = false;

  constructor(lane: RealLane, store: RealStore, chaosCase: ChaosCase, tenantPrefix: string) {
    this.#lane = lane;
    this.#store = store;
    this.#case = chaosCase;
    this.#plan = new FaultPlan(chaosCase);
    this.#calls = new CallPlan(chaosCase, tenantPrefix);
    this.#recorder = new Recorder(() => this.#nowMs());
    this.#lives = Array(chaosCase.pods).fill(1);
    this.#commits = Array(chaosCase.pods).fill(0);
    for (const session of this.#calls.sessions) this.#names.set(keyOf(session), session);
  }

  async run(): Promise<RunOutcome> {
    await Promise.all([...this.#lives.keys()].map(async (index) => {
      this.#tellFaults(index, await this.#prepare(index));
    }));
    for (const [index, op] of this.#case.ops.entries()) {
      for (const fault of this.#plan.atCall(index + 1)) await this.#inject(fault);
      await this.#make(op);
    }
    await this.#finish();
    const { ttlMs, commandTimeoutMs, maxStalenessMs } = REAL_SETTINGS;
    const history = this.#recorder.history({
      ttlMs,
      commandTimeoutMs,
      maxStalenessMs,
      capacity: CAPACITY,
      lateBoundMs: SPANS.lateBoundMs,
      toleranceMs: TOLERANCE_MS,
    });
    const { operations, faults } = this.#recorder;
    return { history, operations, faults };
  }

  /** Asked by a pod's proxy. */
  atCommit(index: number): ProxyFault | undefined {
    const fault = this.#plan.atCommit(index);
    if (fault === undefined) return undefined;
    this.recordFault(index, fault);
    const spans = { lateMs: SPANS.lateMs(fault), latencyMs: SPANS.latencyMs(fault) };
    return toProxyFault(fault, spans, () => this.#lane.living(index)?.strike());
  }

  recordAnswer(op: number, result: Parameters<Recorder["answer"]>[1]): void {
    const waiting = this.#waiting.get(op);
    if (waiting === undefined || this.#isOver) return;
    this.#waiting.delete(op);
    this.#recorder.answer(op, result);
    waiting.settle();
  }

  recordFault(index: number, fault: CaseFault): void {
    if (this.#isOver) return;
    this.#recorder.fault(fault.kind, this.#podName(index), { detail: fault.phase });
    if (fault.kind === "late-execution" || fault.kind === "latency") {
      const lastsMs = Math.max(SPANS.lateMs(fault), SPANS.latencyMs(fault));
      this.#quietAtMs = Math.max(this.#quietAtMs, this.#nowMs() + lastsMs);
    }
  }

  countCommit(index: number): void {
    this.#commits[index] = (this.#commits[index] ?? 0) + 1;
  }

  recordKill(index: number): void {
    if (this.#isOver) return;
    this.#recorder.kill(this.#podName(index));
    this.#lives[index] = (this.#lives[index] ?? 0) + 1;
    for (const { pod, settle } of [...this.#waiting.values()]) if (pod === index) settle();
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
    const { promise: answered, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, PATIENCE_MS);
    const settle = () => {
      clearTimeout(timer);
      resolve();
    };
    this.#waiting.set(call.op, { pod: index, answered, settle });
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
    if (!this.#store.faultsInPods) return;
    pod.plan(this.#plan.commitFaultsOf(index), this.#commits[index] ?? 0);
  }

  async #inject(fault: CaseFault): Promise<void> {
    switch (fault.kind) {
      case "ttl-expiry":
        this.#recorder.fault(fault.kind, "store");
        return await pause(SPANS.idleMs(fault));
      case "server-restart": {
        const downMs = Math.min(SPANS.downMs(fault), 300);
        this.#recorder.fault(fault.kind, "store", { lastsMs: downMs });
        this.#restarting = this.#store.restart(downMs);
        // Whoever needs the store waits for it, and hears of a failure then.
        this.#restarting.catch(() => {});
        return;
      }
      case "slow-pod": {
        const pod = await this.#prepare(fault.pod);
        const lastsMs = Math.round(SPANS.freezeMs(fault) / 2);
        this.#recorder.fault(fault.kind, this.#podName(fault.pod), { lastsMs });
        return pod.freeze(lastsMs);
      }
    }
  }

  /** Heals everything, waits until all is quiet, and looks at what is left. */
  async #finish(): Promise<void> {
    this.#plan.heal();
    for (const index of this.#lives.keys()) {
      const pod = this.#lane.living(index);
      if (pod) this.#tellFaults(index, pod);
    }
    await this.#restarting;
    await Promise.all([...this.#waiting.values()].map(({ answered }) => answered));
    await pause(REAL_SETTINGS.maxStalenessMs + TOLERANCE_MS);
    await this.#readAll(false);
    await this.#readAll(true);
    await pause(Math.max(0, this.#quietAtMs - this.#nowMs()));
    for (const [index, session] of [...this.#names.values()].entries()) {
      await this.#last(index, this.#calls.lastCreate(session));
      await this.#last(index + 1, this.#calls.lastIncrement(session));
    }
    await this.#readAll(true);
    this.#isOver = true;
    this.#recorder.end();
  }

  async #readAll(fresh: boolean): Promise<void> {
    for (const index of this.#lives.keys()) {
      for (const session of this.#names.values()) {
        await this.#last(index, { ...this.#calls.freshRead(session), fresh });
      }
    }
  }

  async #last(index: number, call: Call): Promise<void> {
    await (await this.#invoke(index % this.#case.pods, call, true)).answered;
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
