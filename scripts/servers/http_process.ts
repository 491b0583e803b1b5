import { isPortFree, pickPort } from "./ports.ts";
import { Watchdog } from "./watchdog.ts";

const START_TIMEOUT_MS = 20_000;
const POLL_MS = 20;

export interface HttpProcessOptions {
  readonly program: string;
  /** Its arguments, for the port that it is to listen on. */
  readonly args: (port: number) => readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Answers 200 once the program is ready. */
  readonly readyPath: string;
  /** Where its output goes. */
  readonly logPath: string;
  /** A folder that goes with this process, however it ends. */
  readonly removeDir?: string;
}

/** A program that serves HTTP on 127.0.0.1; it ends with this process at the latest. */
export class HttpProcess implements AsyncDisposable {
  readonly url: string;
  readonly #process: Deno.ChildProcess;
  readonly #watchdog: Watchdog;
  #ended: Deno.CommandStatus | undefined;

  private constructor(options: HttpProcessOptions, port: number) {
    this.url = `http://127.0.0.1:${port}`;
    this.#process = new Deno.Command("sh", {
      // The shell only opens the log; the program takes its place, so the pid is the program's.
      args: [
        "-c",
        'log=$1; shift; exec "$@" >>"$log" 2>&1',
        "server",
        options.logPath,
        options.program,
        ...options.args(port),
      ],
      env: { ...options.env },
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    this.#watchdog = new Watchdog(this.#process.pid, options.removeDir);
    this.#process.status.then((status) => {
      this.#ended = status;
      return this.#watchdog.dismiss();
    });
  }

  /** Starts it on a free port and waits until it is ready. */
  static async start(options: HttpProcessOptions): Promise<HttpProcess> {
    let port;
    do port = pickPort(); while (!isPortFree(port));
    const started = new HttpProcess(options, port);
    try {
      await started.#isReady(options);
      return started;
    } catch (error) {
      await started.stop();
      throw error;
    }
  }

  async #isReady({ program, readyPath, logPath }: HttpProcessOptions): Promise<void> {
    const deadline = Date.now() + START_TIMEOUT_MS;
    while (!await this.#answers(readyPath)) {
      const why = this.#ended
        ? `ended with code ${this.#ended.code}`
        : Date.now() > deadline
        ? "was not ready in time"
        : undefined;
      if (why !== undefined) {
        throw new Error(`${program} ${why}: ${await Deno.readTextFile(logPath).catch(() => "")}`);
      }
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }

  async #answers(path: string): Promise<boolean> {
    try {
      const response = await fetch(this.url + path);
      await response.body?.cancel();
      return response.ok;
    } catch {
      return false;
    }
  }

  /** Kills it; resolves when it is gone. May be called again. */
  async stop(): Promise<void> {
    if (!this.#ended) this.#process.kill("SIGKILL");
    await this.#process.status;
    await this.#watchdog.dismiss();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}
