/**
 * A pod as its owner sees it: a child process that is told what to do, line by line.
 *
 * @module
 */

import { type ChildProcessByStdio, spawn } from "node:child_process";
import process from "node:process";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import type { CaseFault } from "../case.ts";
import type { Call } from "../history.ts";
import type { PodFlush } from "../pod_events.ts";
import type { Trouble } from "../store_power.ts";
import { LastBytes } from "./last_bytes.ts";
import type { AdapterChoice, FromPod, ToPod } from "./pod_messages.ts";

/** What a pod's owner hears. */
export interface PodListener {
  onResult(answer: FromPod & { type: "result" }): void;
  onTold(told: (FromPod & { type: "told" })["told"]): void;
  onFault(fault: (FromPod & { type: "fault" })["fault"]): void;
  onCommit(): void;
  /** It has come to the place inside of core where it was to die. */
  onReached(fault: CaseFault): void;
  /** The process has ended, whoever ended it. */
  onExit(): void;
}

/** As it is called in this package: TypeScript from JSR or a working tree, JavaScript from npm. */
const MAIN = new URL(
  import.meta.url.endsWith(".ts") ? "./pod_main.ts" : "./pod_main.js",
  import.meta.url,
);
const START_TIMEOUT_MS = 30_000;
/** Bytes of a pod's standard error that are kept. */
const MOST_COMPLAINTS_BYTES = 64 * 1_024;

/** One life of a pod: a child process. */
export class PodProcess {
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #ended: Promise<void>;
  readonly #complaints = new LastBytes(MOST_COMPLAINTS_BYTES);
  #listener: PodListener | undefined;
  #opened = Promise.withResolvers<string | undefined>();
  #doomed = Promise.withResolvers<void>();
  #flushed = Promise.withResolvers<PodFlush | undefined>();
  #isDead = false;

  /** `options` are the runtime's, as for a build whose failpoints are armed. */
  constructor(options: readonly string[] = []) {
    const [program, ...args] = podCommand(options);
    this.#child = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"] });
    this.#ended = new Promise((resolve) => {
      const end = () => {
        this.#end();
        resolve();
      };
      // `close` comes when all that it had said was read.
      this.#child.once("close", end).once("error", end);
    });
    // A pod that was killed reads nothing any more.
    this.#child.stdin.on("error", () => {});
    this.#child.stderr.on("data", (chunk: Uint8Array) => this.#complaints.add(chunk));
    createInterface({ input: this.#child.stdout })
      .on("line", (line) => this.#hear(JSON.parse(line)));
  }

  /** Undefined when it could not be started. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** The last that it wrote to its standard error. */
  get complaints(): Uint8Array {
    return this.#complaints.bytes;
  }

  /** Resolves when the process is gone, and all that it said was heard. */
  get ended(): Promise<void> {
    return this.#ended;
  }

  /** Whose pod it is from now on. */
  adopt(listener: PodListener): void {
    this.#listener = listener;
  }

  /** Loads the adapter's code. */
  async prepare(adapter: AdapterChoice): Promise<void> {
    await this.#ask({ type: "prepare", adapter });
  }

  /** Opens a manager, in place of the one before. */
  async open(open: Omit<ToPod & { type: "open" }, "type">): Promise<string | undefined> {
    return await this.#ask({ type: "open", ...open });
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

  /** Tells it where inside of core to die; resolves when it knows, or has ended. */
  doom(fault: CaseFault | undefined): Promise<void> {
    this.#doomed = Promise.withResolvers();
    if (this.#isDead) this.#doomed.resolve();
    this.#send({ type: "doom", fault: fault ?? null });
    return this.#doomed.promise;
  }

  /** What is wrong with its way to the store. */
  hinder(trouble: Trouble | undefined): void {
    this.#send({ type: "trouble", trouble: trouble ?? null });
  }

  /** Whether its disk is full from now on. */
  fillDisk(isFull: boolean): void {
    this.#send({ type: "disk", isFull });
  }

  /** Brings what waits into the store; undefined when it dies before. */
  flush(settleMs: number, timeoutMs: number): Promise<PodFlush | undefined> {
    this.#flushed = Promise.withResolvers();
    if (this.#isDead) this.#flushed.resolve(undefined);
    this.#send({ type: "flush", settleMs, timeoutMs });
    return this.#flushed.promise;
  }

  /** SIGTERM: it ends gracefully; what came of it, or undefined when it died before. */
  async terminate(): Promise<PodFlush | undefined> {
    this.#flushed = Promise.withResolvers();
    if (this.#isDead) return undefined;
    // By the way that calls come, so that those made before it are heard before it.
    this.#send({ type: "terminate" });
    const flush = await this.#flushed.promise;
    await this.#ended;
    return flush;
  }

  /** SIGKILL; resolves when the process is gone. */
  async kill(): Promise<void> {
    this.strike();
    await this.#ended;
  }

  /** SIGKILL, without waiting. */
  strike(): void {
    this.#child.kill("SIGKILL");
    this.#end();
  }

  /** Stands still for a while, and goes on by itself, even when its owner has died meanwhile. */
  freeze(spanMs: number): void {
    const { pid } = this.#child;
    const seconds = (spanMs / 1_000).toFixed(3);
    const script = `kill -STOP ${pid} && sleep ${seconds}; kill -CONT ${pid}`;
    spawn("sh", ["-c", script], { stdio: "ignore" }).unref();
  }

  /** What the process answers first; when that is a failure, it is of no use. */
  async #ask(message: ToPod): Promise<string | undefined> {
    if (this.#isDead) throw new Error("the pod process has ended");
    this.#opened = Promise.withResolvers();
    this.#opened.promise.catch(() => {});
    this.#send(message);
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

  #send(message: ToPod): void {
    if (!this.#isDead) this.#child.stdin.write(`${JSON.stringify(message)}\n`);
  }

  #hear(message: FromPod): void {
    switch (message.type) {
      case "ready":
        return this.#opened.resolve(undefined);
      case "open":
        return this.#opened.resolve(message.server);
      case "failed":
        return this.#opened.reject(new Error(`a pod could not open its store: ${message.message}`));
      case "fault":
        return this.#listener?.onFault(message.fault);
      case "commit":
        return this.#listener?.onCommit();
      case "doomed":
        return this.#doomed.resolve();
      case "reached":
        return this.#listener?.onReached(message.fault);
      case "result":
        // What a process had said before it died was said.
        return this.#listener?.onResult(message);
      case "told":
        return this.#listener?.onTold(message.told);
      case "flushed":
        return this.#flushed.resolve(message.flush);
    }
  }

  #end(): void {
    if (this.#isDead) return;
    this.#isDead = true;
    this.#opened.reject(new Error("a pod process ended while it started"));
    this.#flushed.resolve(undefined);
    this.#doomed.resolve();
    this.#child.stdin.destroy();
    this.#listener?.onExit();
  }
}

/** How this runtime runs a module in a process of its own. */
function podCommand(options: readonly string[]): readonly [program: string, ...args: string[]] {
  const isDeno = "Deno" in globalThis;
  return [
    process.execPath,
    ...(isDeno
      ? ["run", "-A", "--no-check", "--quiet", ...options, MAIN.href]
      : [fileURLToPath(MAIN)]),
  ];
}
