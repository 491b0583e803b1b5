/**
 * The pod processes of a run: started ahead of need, few at a time, and gone with the run.
 *
 * @module
 */

import { availableParallelism } from "node:os";
import { Keeper } from "./keeper.ts";
import type { AdapterChoice } from "./pod_messages.ts";
import { type PodListener, PodProcess } from "./pod_process.ts";

/** Processes that wait for a pod to die, for each adapter. */
const AHEAD = 2;

type Urgency = "now" | "ahead";

/** Starts pod processes for all lanes of a run. */
export class PodProcesses {
  /** Whether the pods' failpoints are armed, so that they can die inside of core. */
  readonly isArmed: boolean;
  readonly #options: readonly string[];
  /** Ends what this process leaves behind. */
  readonly keeper: Keeper = new Keeper();
  readonly #spares = new Map<string, Promise<PodProcess>[]>();
  readonly #living = new Set<PodProcess>();
  /** To start one costs a core for a while, which the pods that run need too. */
  #slots: number = 2 * availableParallelism();
  /** Who waits for a slot: whoever needs a pod now is before those that are made ahead. */
  readonly #queues: Readonly<Record<Urgency, (() => void)[]>> = { now: [], ahead: [] };
  #isStopped = false;

  /** `armed` are the runtime's options for the build whose failpoints are armed. @default the plain build */
  constructor(armed?: readonly string[]) {
    this.isArmed = armed !== undefined;
    this.#options = armed ?? [];
  }

  /** A process that has loaded the adapter's code, for whoever listens. */
  async take(adapter: AdapterChoice, listener: PodListener): Promise<PodProcess> {
    const key = JSON.stringify(adapter);
    const spares = this.#spares.get(key) ?? [];
    this.#spares.set(key, spares);
    const pod = await (spares.shift() ?? this.#start(adapter, "now"));
    while (spares.length < AHEAD) {
      const spare = this.#start(adapter, "ahead");
      // Whoever takes it hears of it.
      spare.catch(() => {});
      spares.push(spare);
    }
    if (pod.isDead) return await this.take(adapter, listener);
    pod.adopt(listener);
    return pod;
  }

  /** Kills all of them. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    for (const queue of Object.values(this.#queues)) {
      for (const proceed of queue.splice(0)) proceed();
    }
    await Promise.all([...this.#living].map((pod) => pod.kill()));
    await this.keeper.end();
  }

  async #start(adapter: AdapterChoice, urgency: Urgency): Promise<PodProcess> {
    if (this.#slots > 0) this.#slots--;
    else await new Promise<void>((resolve) => this.#queues[urgency].push(resolve));
    try {
      if (this.#isStopped) throw new Error("the run was stopped");
      const pod = new PodProcess(this.#options);
      this.#living.add(pod);
      const { pid } = pod;
      if (pid !== undefined) this.keeper.watch(pid);
      void pod.ended.then(() => {
        this.#living.delete(pod);
        if (pid !== undefined) this.keeper.forget(pid);
      });
      await pod.prepare(adapter);
      return pod;
    } finally {
      const next = this.#queues.now.shift() ?? this.#queues.ahead.shift();
      if (next) next();
      else this.#slots++;
    }
  }
}
