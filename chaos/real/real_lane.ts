import { mkdtempSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CaseSettings, type ChaosCase, REAL_SETTINGS } from "../case.ts";
import type { RunOutcome } from "../runner.ts";
import type { AdapterChoice } from "./pod_messages.ts";
import type { PodProcess } from "./pod_process.ts";
import type { PodProcesses } from "./pod_processes.ts";
import { RealRun } from "./real_run.ts";
import type { RealStore } from "./real_store.ts";

/** One store with its pods, kept across histories; runs one history at a time. */
export class RealLane {
  readonly settings: CaseSettings;
  readonly #adapter: AdapterChoice;
  readonly #processes: PodProcesses;
  readonly #store: RealStore;
  readonly #prefix: string;
  readonly #pods: (PodProcess | undefined)[] = [];
  /** Where the pods' journals are, which outlive them. */
  readonly #dir = mkdtempSync(join(tmpdir(), "hakgal-chaos-"));
  #server: string | undefined;
  #histories = 0;
  #run: RealRun | undefined;
  #isStopped = false;

  constructor(
    adapter: AdapterChoice,
    store: RealStore,
    processes: PodProcesses,
    name: string,
    failMode: "open" | "closed",
  ) {
    this.settings = { ...REAL_SETTINGS, failMode };
    this.#adapter = adapter;
    this.#processes = processes;
    processes.keeper.folder(this.#dir);
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
    const pod = await this.#processes.take(this.#adapter, {
      onResult: (answer) => this.#run?.recordAnswer(answer),
      onTold: (told) => this.#run?.recordTold(index, told),
      onFault: (fault) => this.#run?.recordFault(index, fault),
      onCommit: () => this.#run?.countCommit(index),
      onExit: () => this.#run?.recordKill(index),
    });
    const server = await pod.open({
      adapter: this.#adapter,
      url,
      settings: this.settings,
      journal: `${this.#dir}/pod-${index}.journal`,
    });
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
    await rm(this.#dir, { recursive: true, force: true });
  }
}
