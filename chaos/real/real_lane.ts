/**
 * One store with its pods.
 *
 * @module
 */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { CaseSettings, ChaosCase } from "../case.ts";
import type { FaultSpans } from "../fault_plan.ts";
import type { EvidenceFile } from "../evidence.ts";
import type { RunOutcome } from "../runner.ts";
import type { Trouble } from "../store_power.ts";
import { filesIn } from "./file_tails.ts";
import type { AdapterChoice } from "./pod_messages.ts";
import type { PodProcess } from "./pod_process.ts";
import type { PodProcesses } from "./pod_processes.ts";
import { type Outages, type PodWay, RealOutages } from "./real_outages.ts";
import { RealRun } from "./real_run.ts";
import type { RealStore } from "./real_store.ts";
import { SqliteOutages } from "./sqlite_outages.ts";

/** What a lane is made of. */
export interface LaneOptions {
  readonly adapter: AdapterChoice;
  readonly processes: PodProcesses;
  /** A name that no other lane on the same store has. */
  readonly name: string;
  readonly settings: CaseSettings;
  /** How far the pods' wall clocks are off, in milliseconds: one goes right, one is ahead, one behind. @default 0 */
  readonly clockSkewMs?: number;
  /** Makes its store, whose files are in `folder`. */
  readonly openStore: (folder: string) => Promise<RealStore>;
}

const SKEWS = [0, 1, -1];

/** One store with its pods, kept across histories; runs one history at a time. */
export class RealLane {
  readonly store: RealStore;
  readonly #options: LaneOptions;
  /** What outlives the pods: their journals, and a store's files. */
  readonly #folder: string;
  readonly #pods: (PodProcess | undefined)[] = [];
  /** Those that are being opened, by index. */
  readonly #opening = new Map<number, Promise<PodProcess>>();
  /** The processes that were pods of the history, by index. */
  readonly #lives: (readonly [index: number, pod: PodProcess])[] = [];
  readonly #troubles = new Map<number, Trouble | undefined>();
  #isDiskFull = false;
  #server: string | undefined;
  #histories = 0;
  #run: RealRun | undefined;
  #stopping: Promise<void> | undefined;

  private constructor(options: LaneOptions, store: RealStore, folder: string) {
    this.#options = options;
    this.store = store;
    this.#folder = folder;
  }

  /** Makes a lane; it has no pods yet. */
  static async open(options: LaneOptions): Promise<RealLane> {
    const folder = await mkdtemp(join(tmpdir(), "hakgal-chaos-"));
    options.processes.keeper.folder(folder);
    return new RealLane(options, await options.openStore(folder), folder);
  }

  get settings(): CaseSettings {
    return this.#options.settings;
  }

  /** Whether pods can die inside of core. */
  get isArmed(): boolean {
    return this.#options.processes.isArmed;
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
    const run = new RealRun(this, chaosCase, `${this.#options.name}-${++this.#histories}-`);
    this.#run = run;
    this.store.begin?.();
    this.#lives.length = 0;
    for (const index of this.#pods.keys()) {
      const pod = this.living(index);
      if (pod) this.#lives.push([index, pod]);
    }
    const outcome = await run.run();
    return { ...outcome, evidence: () => this.#evidence() };
  }

  /** What the last history has left behind. */
  async #evidence(): Promise<readonly EvidenceFile[]> {
    const lives = new Map<number, number>();
    const complaints = this.#lives.map(([index, pod]) => {
      const life = (lives.get(index) ?? 0) + 1;
      lives.set(index, life);
      const name = `p${index + 1}${life === 1 ? "" : `.${life}`}.stderr.log`;
      return { name, about: "a pod's standard error", bytes: pod.complaints };
    });
    return [
      ...complaints,
      ...await this.store.evidence?.() ?? [],
      ...await filesIn(this.#folder, "", "of the lane's folder: journals, a store's files"),
    ];
  }

  /** The living pod of that index; opened once, whoever asks. */
  pod(index: number): Promise<PodProcess> {
    const known = this.living(index);
    if (known) return Promise.resolve(known);
    let opening = this.#opening.get(index);
    if (!opening) {
      opening = this.#open(index).finally(() => this.#opening.delete(index));
      this.#opening.set(index, opening);
    }
    return opening;
  }

  async #open(index: number): Promise<PodProcess> {
    // One that was struck holds its journal until it is gone, which takes a starved machine a while.
    await this.#pods[index]?.ended;
    // A history that its campaign gave up goes on for a while: it gets no more processes.
    if (this.#stopping) throw new Error("the lane was stopped");
    const { adapter, processes, name, settings, clockSkewMs = 0 } = this.#options;
    const url = await this.store.urlFor(
      index,
      () => this.#run?.atCommit(index),
      (reply) => this.#run?.replies.count(reply),
    );
    const pod = await processes.take(adapter, {
      onResult: (answer) => this.#run?.recordAnswer(answer),
      onTold: (told) => this.#run?.recordTold(index, told),
      onFault: (fault) => this.#run?.recordFault(index, fault),
      onCommit: () => this.#run?.countCommit(index),
      onReached: (fault) => this.#run?.recordReached(index, fault),
      onExit: () => this.#run?.recordKill(index),
    });
    this.#tell(index, pod);
    const server = await pod.open({
      ...{ adapter, settings },
      address: { store: name, folder: this.#folder, ...(url === undefined ? {} : { url }) },
      clockSkewMs: SKEWS[index % SKEWS.length]! * clockSkewMs,
      journal: join(this.#folder, `pod-${index}.journal`),
    });
    this.#server ??= server;
    // What went wrong, or right, since then reached those that were open.
    this.#tell(index, pod);
    this.#pods[index] = pod;
    this.#lives.push([index, pod]);
    if (this.#stopping) await pod.kill();
    return pod;
  }

  /** Tells a pod what is wrong now. */
  #tell(index: number, pod: PodProcess): void {
    pod.hinder(this.#troubles.get(index));
    pod.fillDisk(this.#isDiskFull);
  }

  /** The outages that can be made here. */
  outages(spans: FaultSpans): Outages {
    const { path } = this.store;
    if (path !== undefined) {
      return new SqliteOutages(path, spans, (isFull) => this.#fillDisk(isFull));
    }
    return new RealOutages(this.store.server, spans, (pod) => this.wayOf(pod));
  }

  #fillDisk(isFull: boolean): void {
    this.#isDiskFull = isFull;
    for (const index of this.#pods.keys()) this.living(index)?.fillDisk(isFull);
  }

  /** A pod's way to the store: the proxy on it, or the pod itself makes what is wrong with it. */
  wayOf(index: number): PodWay {
    return this.store.wayOf?.(index) ?? {
      hinder: (trouble) => {
        this.#troubles.set(index, trouble);
        this.living(index)?.hinder(trouble);
      },
      cutAll: () => {},
      halfOpenAll: () => {},
    };
  }

  /** The pod of that index, if it lives. */
  living(index: number): PodProcess | undefined {
    const pod = this.#pods[index];
    return pod?.isDead ? undefined : pod;
  }

  /** Kills its pods, and ends its store. May be called again. */
  stop(): Promise<void> {
    return this.#stopping ??= this.#stop();
  }

  async #stop(): Promise<void> {
    this.#run = undefined;
    await Promise.all(this.#pods.map((pod) => pod?.kill()));
    // One that was being opened is killed as soon as it is; until then it makes its journal.
    await Promise.allSettled(this.#opening.values());
    await this.store.stop();
    await rm(this.#folder, { recursive: true, force: true });
  }
}
