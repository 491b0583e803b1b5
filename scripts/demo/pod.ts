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
  /** Where Prometheus would scrape it. */
  readonly metricsUrl: string;
  readonly #process: Deno.ChildProcess;

  private constructor(
    name: string,
    ports: { readonly requests: string; readonly metrics: string },
    process: Deno.ChildProcess,
  ) {
    this.name = name;
    this.url = `http://127.0.0.1:${ports.requests}`;
    this.metricsUrl = `http://127.0.0.1:${ports.metrics}/metrics`;
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
      const [, requests, metrics] = /^listening (\d+), metrics (\d+)$/.exec(line) ?? [];
      if (requests && metrics) return new DemoPod(name, { requests, metrics }, process);
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
