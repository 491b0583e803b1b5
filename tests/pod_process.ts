// A pod as a process of its own, whose sessions are called from a test.
import type { OpenOptions } from "../mod.ts";
import { linesOf } from "../scripts/lines.ts";

/** What a pod is opened with: what JSON can hold. */
export type PodOptions = Pick<
  OpenOptions,
  "backend" | "url" | "ttlMs" | "maxStalenessMs" | "commandTimeoutMs" | "idSecret" | "journal"
>;

/** A call, as it goes to the process. */
export interface PodCall {
  readonly number: number;
  readonly method: string;
  readonly args: readonly unknown[];
}

/** An answer, as it comes back. */
export interface PodAnswer {
  readonly number: number;
  readonly result?: unknown;
  readonly error?: { readonly message: string; readonly code?: string; readonly reason?: string };
}

/** A session, as it comes back. */
export interface SessionInPod {
  readonly context: Readonly<Record<string, unknown>>;
  readonly version: number;
  readonly expiresInMs: number;
}

/** The library's error, thrown in the pod. */
export class PodError extends Error {
  readonly code: string | undefined;
  readonly reason: string | undefined;

  constructor({ message, code, reason }: NonNullable<PodAnswer["error"]>) {
    super(message);
    this.code = code;
    this.reason = reason;
  }
}

/** A call that hangs is to be named, not waited for. */
const LONGEST_CALL_MS = 30_000;

interface Waiter {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

export class PodProcess implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  readonly #waiters = new Map<number, Waiter>();
  readonly #reading: Promise<void>;
  #calls = 0;

  constructor(options: PodOptions) {
    const script = new URL("./pod_process_main.ts", import.meta.url).href;
    this.#process = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--quiet", "--no-check", script, JSON.stringify(options)],
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    this.#writer = this.#process.stdin.getWriter();
    this.#reading = this.#read();
  }

  /** Calls a method of the pod's sessions; `add` is an `update` that adds 1 to the field `n`. */
  async call<Result = unknown>(method: string, ...args: unknown[]): Promise<Result> {
    const call: PodCall = { number: ++this.#calls, method, args };
    let timer: ReturnType<typeof setTimeout> | undefined;
    const answer = new Promise<unknown>((resolve, reject) => {
      this.#waiters.set(call.number, { resolve, reject });
      const message = `${method}(${args.join(", ")}) has no answer after ${LONGEST_CALL_MS} ms.`;
      timer = setTimeout(() => reject(new Error(message)), LONGEST_CALL_MS);
    });
    const sent = this.#writer.write(new TextEncoder().encode(`${JSON.stringify(call)}\n`));
    try {
      return (await Promise.all([answer, sent]))[0] as Result;
    } finally {
      clearTimeout(timer);
    }
  }

  freeze(): void {
    this.#process.kill("SIGSTOP");
  }

  resume(): void {
    this.#process.kill("SIGCONT");
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.kill();
  }

  /** SIGKILL; resolves when it is gone. */
  async kill(): Promise<void> {
    try {
      this.#process.kill("SIGKILL");
    } catch {
      // It ended by itself.
    }
    await this.#process.status;
    await this.#reading;
    await this.#writer.abort().catch(() => {});
  }

  async #read(): Promise<void> {
    for await (const line of linesOf(this.#process.stdout)) {
      const { number, result, error } = JSON.parse(line) as PodAnswer;
      const waiter = this.#waiters.get(number);
      this.#waiters.delete(number);
      if (error) waiter?.reject(new PodError(error));
      else waiter?.resolve(result);
    }
    for (const { reject } of this.#waiters.values()) reject(new Error("The pod has ended."));
  }
}
