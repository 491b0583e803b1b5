import type { Call } from "../../chaos/history.ts";
import type { PodFlush } from "../../chaos/pod_events.ts";
import type { FromPod, ToPod } from "./pod_messages.ts";

/** What a pod's owner hears. */
export interface PodListener {
  onResult(answer: FromPod & { type: "result" }): void;
  onTold(told: (FromPod & { type: "told" })["told"]): void;
  onFault(fault: (FromPod & { type: "fault" })["fault"]): void;
  onCommit(): void;
  /** The process has ended, whoever ended it. */
  onExit(): void;
}

const MAIN = new URL("./pod_main.ts", import.meta.url);
const START_TIMEOUT_MS = 30_000;

/** One life of a pod: a child process. */
export class PodProcess {
  readonly #child: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #encoder = new TextEncoder();
  readonly #listener: PodListener;
  #opened = Promise.withResolvers<string | undefined>();
  #flushed = Promise.withResolvers<PodFlush | undefined>();
  #isDead = false;

  private constructor(listener: PodListener) {
    this.#listener = listener;
    this.#child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-check", "--quiet", MAIN.href],
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    this.#writer = this.#child.stdin.getWriter();
    void this.#listen();
    void this.#child.status.then(() => this.#end());
  }

  /** Starts a process and opens its manager. */
  static async start(
    open: Omit<ToPod & { type: "open" }, "type">,
    listener: PodListener,
  ): Promise<{ readonly pod: PodProcess; readonly server: string | undefined }> {
    const pod = new PodProcess(listener);
    return { pod, server: await pod.open(open) };
  }

  /** Opens a manager, in place of the one before. */
  async open(open: Omit<ToPod & { type: "open" }, "type">): Promise<string | undefined> {
    if (this.#isDead) throw new Error("the pod process has ended");
    this.#opened = Promise.withResolvers();
    this.#opened.promise.catch(() => {});
    this.#send({ type: "open", ...open });
    const timer = setTimeout(
      () => this.#opened.reject(new Error(`a pod process did not start in ${START_TIMEOUT_MS} ms`)),
      START_TIMEOUT_MS,
    );
    try {
      return await this.#opened.promise;
    } catch (error) {
      await this.kill();
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Whether the process has ended. */
  get isDead(): boolean {
    return this.#isDead;
  }

  call(call: Call): void {
    this.#send({ type: "call", call });
  }

  /** Faults that the process makes itself, by the number of its commit. */
  plan(faults: (ToPod & { type: "faults" })["faults"], commits: number): void {
    this.#send({ type: "faults", faults, commits });
  }

  /** Brings what waits into the store; undefined when it dies before. */
  flush(settleMs: number, timeoutMs: number): Promise<PodFlush | undefined> {
    this.#flushed = Promise.withResolvers();
    if (this.#isDead) this.#flushed.resolve(undefined);
    this.#send({ type: "flush", settleMs, timeoutMs });
    return this.#flushed.promise;
  }

  /** SIGKILL; resolves when the process is gone. */
  async kill(): Promise<void> {
    this.strike();
    await this.#child.status;
  }

  /** SIGKILL, without waiting. */
  strike(): void {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It had ended by itself.
    }
    this.#end();
  }

  /** Stands still for a while, and goes on by itself, even when its owner has died meanwhile. */
  freeze(spanMs: number): void {
    const { pid } = this.#child;
    const seconds = (spanMs / 1_000).toFixed(3);
    const script = `kill -STOP ${pid} && sleep ${seconds}; kill -CONT ${pid}`;
    const shell = new Deno.Command("sh", {
      args: ["-c", script],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    shell.unref();
  }

  #send(message: ToPod): void {
    if (this.#isDead) return;
    const line = this.#encoder.encode(`${JSON.stringify(message)}\n`);
    this.#writer.write(line).catch(() => this.#end());
  }

  async #listen(): Promise<void> {
    let rest = "";
    for await (const text of this.#child.stdout.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split("\n");
      rest = lines.pop()!;
      for (const line of lines) this.#hear(JSON.parse(line));
    }
  }

  #hear(message: FromPod): void {
    switch (message.type) {
      case "open":
        return this.#opened.resolve(message.server);
      case "failed":
        return this.#opened.reject(new Error(`a pod could not open its store: ${message.message}`));
      case "fault":
        return this.#listener.onFault(message.fault);
      case "commit":
        return this.#listener.onCommit();
      case "result":
        // What a process had said before it died was said.
        return this.#listener.onResult(message);
      case "told":
        return this.#listener.onTold(message.told);
      case "flushed":
        return this.#flushed.resolve(message.flush);
    }
  }

  #end(): void {
    if (this.#isDead) return;
    this.#isDead = true;
    this.#opened.reject(new Error("a pod process ended while it started"));
    this.#flushed.resolve(undefined);
    this.#writer.abort().catch(() => {});
    this.#listener.onExit();
  }
}
