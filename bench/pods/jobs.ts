/**
 * The work that processes of the bench know.
 *
 * @module
 */

import type { SessionManager } from "../../mod.ts";
import { openRawClient, type RawClient } from "../clients/open.ts";
import { COLD_CACHE, inTurn } from "../sessions.ts";
import { storeKeyOf } from "../keys.ts";
import { LatencyRecorder } from "../latency.ts";
import { openManager, TENANT } from "../store.ts";
import { callAtOnce, type Work } from "../turns.ts";
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
    const manager = await openManager(job.backend, job.url, { cache: COLD_CACHE });
    const sessions = manager.tenant(TENANT);
    const next = inTurn(job.ids);
    return inTurns(job, () => sessions.loadFromStore(next()), () => manager.close());
  },
  "read-shared": (job) => SharedReaders.begin(job),
};

/**
 * Pods that hold the same sessions, and read them now and then. Where there are none, a raw client reads as often: what
 * this process takes of the machine is about the same.
 */
class SharedReaders implements BegunJob {
  readonly #job: PodJob;
  readonly #raw: RawClient;
  readonly #managers: SessionManager[] = [];
  #timer: ReturnType<typeof setInterval> | undefined;

  private constructor(job: PodJob, raw: RawClient) {
    this.#job = job;
    this.#raw = raw;
  }

  static async begin(job: PodJob): Promise<SharedReaders> {
    return new SharedReaders(job, await openRawClient(job.backend, job.url));
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
    const read = (): Promise<unknown> => {
      const id = ids[Math.floor(turn / Math.max(1, pods.length)) % ids.length]!;
      const pod = pods[turn++ % pods.length];
      return pod ? pod.get(id) : this.#raw.hgetall(storeKeyOf(id));
    };
    this.#timer = setInterval(() => {
      for (let call = 0; call < SHARED_READS_PER_SECOND / 100; call++) {
        // A pod that is being closed answers no more.
        read().catch(() => undefined);
      }
    }, 10);
    return { pieces: 0, elapsedMs: 0, slowestMs: 0 };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stop();
    await this.#raw[Symbol.asyncDispose]();
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
      const { callers, isTimed = true } = job;
      const turn = await callAtOnce(work, { callers, isTimed, ...order }, latencies);
      return { ...turn, slowestMs: latencies.summary()?.maxMs ?? 0 };
    },
    [Symbol.asyncDispose]: close,
  };
}

function idOf({ ids }: PodJob, caller: number): string {
  return ids[caller % ids.length]!;
}
