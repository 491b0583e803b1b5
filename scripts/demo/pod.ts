/**
 * A pod as a process, seen from outside.
 *
 * @module
 */

import { linesOf } from "../lines.ts";

/** A web server that counts requests of sessions, in a process of its own. */
export class DemoPod {
  readonly name: string;
  readonly url: string;
  readonly #process: Deno.ChildProcess;

  private constructor(name: string, url: string, process: Deno.ChildProcess) {
    this.name = name;
    this.url = url;
    this.#process = process;
  }

  get pid(): number {
    return this.#process.pid;
  }

  /** Starts a pod, and waits until it takes requests. */
  static async start(
    name: string,
    keyPrefix: string,
    environment: Readonly<Record<string, string>>,
  ): Promise<DemoPod> {
    const script = new URL("../demo_pod.ts", import.meta.url).href;
    const process = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--quiet", "--no-check", script, keyPrefix],
      env: { ...environment },
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    for await (const line of linesOf(process.stdout)) {
      const [, port] = /^listening (\d+)$/.exec(line) ?? [];
      if (port !== undefined) return new DemoPod(name, `http://127.0.0.1:${port}`, process);
    }
    await process.status;
    throw new Error(`${name} could not start.`);
  }

  /** Sends SIGKILL, at once. */
  kill(): void {
    try {
      this.#process.kill("SIGKILL");
    } catch {
      // It ended by itself; `ended` says so.
    }
  }

  /** Resolves when the process is gone, with the signal that ended it. */
  async ended(): Promise<string | null> {
    return (await this.#process.status).signal;
  }

  /** Asks the process to end, if it still runs: it brings into the store what it can. */
  async stop(): Promise<void> {
    await this.#process.stdin.close().catch(() => {});
    await this.#process.status;
  }
}
