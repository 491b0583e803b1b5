/**
 * The work that processes of the bench know.
 *
 * @module
 */

import type { SessionManager } from "../../mod.ts";
import { openRawClient } from "../clients/open.ts";
import { LatencyRecorder } from "../latency.ts";
import { openManager, TENANT } from "../store.ts";
import { callers, type Work } from "../turns.ts";
import type { PodJob, PodJobName, PodOrder, PodTurn } from "./protocol.ts";

/** A job that was begun. */
export interface BegunJob extends AsyncDisposable {
  /** Obeys, and answers what was done. */
  obey(order: PodOrder): Promise<PodTurn>;
}

/** Calls a second of all the pods of `read-shared` together, however many they are. */
const SHARED_READS_PER_SECOND = 500;

/** Begins a job. */
export function begin(job: PodJob): Promise<BegunJob> {
  return JOBS[job.job](job);
}

const JOBS: Record<PodJobName, (job: PodJob) => Promise<BegunJob>> = {
  async increment(job) {
    const manager = await openManager(job.backend, job.url);
    const sessions = manager.tenant(TENANT);
    const work: Work = (caller) => sessions.increment(idOf(job, caller), "n");
    return inTurns(job, work, () => manager.close());
  },
  async "raw-incr"(job) {
    const client = await openRawClient(job.backend, job.url);
    return inTurns(job, (caller) => client.incr(idOf(job, caller)), async () => {
      await client[Symbol.asyncDispose]();
    });
  },
  async get(job) {
    const manager = await openManager(job.backend, job.url);
    const sessions = manager.tenant(TENANT);
    const work: Work = (caller) => {
      // Of a version that it knows it would be told only that it is the same.
      manager.clearCache();
      return sessions.loadFromStore(idOf(job, caller));
    };
    return inTurns(job, work, () => manager.close());
  },
  "read-shared": (job) => Promise.resolve(new SharedReaders(job)),
};

/** Pods that hold the same sessions, and read them now and then. */
class SharedReaders implements BegunJob {
  readonly #job: PodJob;
  readonly #managers: SessionManager[] = [];
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(job: PodJob) {
    this.#job = job;
  }

  async obey(order: PodOrder): Promise<PodTurn> {
    if (!("pods" in order)) throw new TypeError("These pods read by themselves.");
    await this.#stop();
    const { backend, url, ids } = this.#job;
    for (let opened = 0; opened < order.pods; opened++) {
      this.#managers.push(await openManager(backend, url));
    }
    const pods = this.#managers.map((manager) => manager.tenant(TENANT));
    await Promise.all(pods.map((sessions) => Promise.all(ids.map((id) => sessions.get(id)))));
    let turn = 0;
    const read = () => {
      for (let call = 0; call < SHARED_READS_PER_SECOND / 100; call++, turn++) {
        const id = ids[Math.floor(turn / pods.length) % ids.length]!;
        // A pod that is being closed answers no more.
        pods[turn % pods.length]!.get(id).catch(() => undefined);
      }
    };
    if (pods.length > 0) this.#timer = setInterval(read, 10);
    return { pieces: 0, elapsedMs: 0, slowestMs: 0 };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stop();
  }

  async #stop(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#managers.splice(0).map((manager) => manager.close()));
  }
}

function inTurns(job: PodJob, work: Work, close: () => Promise<void>): BegunJob {
  return {
    async obey(order) {
      if (!("turnMs" in order)) throw new TypeError("This process is one pod.");
      const latencies = new LatencyRecorder();
      let pieces = 0;
      const counted: Work = async (caller) => {
        await work(caller);
        pieces++;
      };
      const startedAtMs = performance.now();
      await callers(job.job, counted, { callers: job.callers, turnMs: order.turnMs }).turn(
        latencies,
      );
      const elapsedMs = performance.now() - startedAtMs;
      return { pieces, elapsedMs, slowestMs: latencies.summary()?.maxMs ?? 0 };
    },
    [Symbol.asyncDispose]: close,
  };
}

function idOf({ ids }: PodJob, caller: number): string {
  return ids[caller % ids.length]!;
}
