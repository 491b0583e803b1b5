/**
 * The context of one case's run.
 *
 * @module
 */

import type { ConformanceContext } from "./case.ts";
import { ConformanceError, expectOutcome } from "./expect.ts";
import { create } from "./operations.ts";
import { Held, type NewSession, Pod } from "./pod.ts";
import { randomId } from "./random.ts";
import type { ConformanceSubject } from "./subject.ts";

const OPEN_TIMEOUT_MS = 20_000;
const WAIT_MS = 5_000;

/** What had to be done before an expiry took longer: nothing is proven, the case starts again. */
export class TooSlowError extends Error {
  override readonly name = "TooSlowError";
}

/** Keys, pods and waiting for one run of one case. */
export class CaseContext implements ConformanceContext {
  readonly subject: ConformanceSubject;
  readonly shortMs: number;
  readonly prefix: string;
  readonly inboxPrefix: string;
  readonly #pods: Pod[] = [];
  #keys = 0;

  constructor(subject: ConformanceSubject, shortMs: number) {
    this.subject = subject;
    this.shortMs = shortMs;
    const tenant = `hakgal:tenant:${randomId("conformance")}`;
    this.prefix = `${tenant}:session:`;
    this.inboxPrefix = `${tenant}:inbox:`;
  }

  key(): string {
    return `${this.prefix}k${++this.#keys}`;
  }

  async pod(): Promise<Pod> {
    const adapter = await this.subject.create();
    const pod = new Pod(adapter, this.inboxPrefix);
    this.#pods.push(pod);
    await adapter.open({ podKey: pod.podKey, timeoutMs: OPEN_TIMEOUT_MS });
    // The pod learns the store's time, without which nothing can be sent.
    await pod.load(`${this.prefix}absent`);
    return pod;
  }

  async session(options: NewSession & { pod?: Pod; key?: string } = {}): Promise<Held> {
    const pod = options.pod ?? await this.pod();
    const key = options.key ?? this.key();
    const reply = await pod.commit(key, [create(options)], options.batch);
    return new Held(key, pod, expectOutcome(reply, "applied", "the create"));
  }

  async passed(storeTimeMs: number): Promise<void> {
    const pod = this.#pods[0] ?? await this.pod();
    await this.until(`the store's clock to pass ${storeTimeMs}`, async () => {
      await pod.load(`${this.prefix}absent`);
      const leftMs = storeTimeMs - pod.storeTimeMs;
      if (leftMs > 0) await delay(leftMs);
      return leftMs < 0;
    });
  }

  async until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
    const endMs = performance.now() + Math.max(WAIT_MS, 10 * this.shortMs);
    while (!await condition()) {
      if (performance.now() > endMs) throw new ConformanceError(`waited in vain for ${what}`);
      await delay(2);
    }
  }

  turn(): Promise<void> {
    return delay(0);
  }

  async inTime<Result>(run: () => Promise<Result>): Promise<Result> {
    const startMs = performance.now();
    try {
      return await run();
    } finally {
      const tookMs = performance.now() - startMs;
      if (tookMs > 0.8 * this.shortMs) {
        // deno-lint-ignore no-unsafe-finally -- whatever the outcome, it says nothing about the store
        throw new TooSlowError(`took ${Math.ceil(tookMs)} ms of ${this.shortMs} ms`);
      }
    }
  }

  /** Closes every pod. */
  async close(): Promise<void> {
    const ends = await Promise.allSettled(this.#pods.map((pod) => pod.adapter.close()));
    const failed = ends.find((end) => end.status === "rejected");
    if (failed) throw new ConformanceError("a pod cannot be closed", { cause: failed.reason });
  }
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
