/**
 * Processes that work for the bench.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import { linesOf } from "../../scripts/lines.ts";
import type { PodJob, PodOrder, PodTurn } from "./protocol.ts";

const MAIN = fileURLToPath(new URL("main.ts", import.meta.url));

/** A turn takes seconds, opening many pods on a busy machine longer; more than this is a hang. */
const ANSWER_MS = 180_000;

/** After this a process that was to end is ended. */
const END_MS = 10_000;

/** A process with a job. Ending it is its owner's: by `await using`. */
export class Pod implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  readonly #orders: WritableStreamDefaultWriter<Uint8Array>;
  readonly #answers: AsyncGenerator<string>;

  private constructor(process: Deno.ChildProcess) {
    this.#process = process;
    this.#orders = process.stdin.getWriter();
    this.#answers = linesOf(process.stdout);
  }

  /** Starts a process, and resolves when it can begin to work. */
  static async start(job: PodJob): Promise<Pod> {
    const process = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--quiet", MAIN, JSON.stringify(job)],
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    const pod = new Pod(process);
    try {
      await pod.#answer();
    } catch (error) {
      await pod[Symbol.asyncDispose]();
      throw error;
    }
    return pod;
  }

  /** Gives an order; resolves when it has been obeyed. */
  async obey(order: PodOrder): Promise<PodTurn> {
    await this.#orders.write(new TextEncoder().encode(JSON.stringify(order) + "\n"));
    return JSON.parse(await this.#answer());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Without orders to come it ends by itself; one that has ended already takes no end of them.
    await this.#orders.close().catch(() => undefined);
    const timer = setTimeout(() => this.#process.kill("SIGKILL"), END_MS);
    await this.#process.status;
    clearTimeout(timer);
    // Reads what is left, so that nothing of it stays open; after an answer that did not come too.
    while (!(await this.#answers.next()).done);
  }

  async #answer(): Promise<string> {
    const { value, done } = await within(ANSWER_MS, this.#answers.next());
    if (!done) return value;
    const { code } = await this.#process.status;
    throw new Error(`A process of the bench ended with ${code}; see its message above.`);
  }
}

async function within<Value>(limitMs: number, promise: Promise<Value>): Promise<Value> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    late.reject(new Error(`A process of the bench has not answered for ${limitMs / 1_000} s.`));
  }, limitMs);
  try {
    return await Promise.race([promise, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** Lets processes work at the same time; answers what they did together. */
export async function together(pods: readonly Pod[], turnMs: number): Promise<PodTurn> {
  const turns = await Promise.all(pods.map((pod) => pod.obey({ turnMs })));
  return {
    pieces: turns.reduce((sum, { pieces }) => sum + pieces, 0),
    elapsedMs: Math.max(...turns.map(({ elapsedMs }) => elapsedMs)),
    slowestMs: Math.max(...turns.map(({ slowestMs }) => slowestMs)),
  };
}

/** Pieces of work a second. */
export function perSecond({ pieces, elapsedMs }: PodTurn): number {
  return pieces / elapsedMs * 1_000;
}
