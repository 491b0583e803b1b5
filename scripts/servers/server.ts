import { isExecutable, type ServerBinary, type ServerExecutable } from "./binary.ts";
import { removeIfThere } from "./cache.ts";
import { FakeClock } from "./fake_clock.ts";
import { isPortFree, pickPort } from "./ports.ts";
import { processState } from "./process_state.ts";
import { serverVariable } from "./provision.ts";
import { ReplyError, sendCommand } from "./resp.ts";
import { serverArguments, type ServerPlaces, type StartServerOptions } from "./server_arguments.ts";
import { Watchdog } from "./watchdog.ts";

export type { StartServerOptions } from "./server_arguments.ts";

export interface RunningServer extends AsyncDisposable {
  readonly kind: ServerExecutable["kind"];
  readonly version: string;
  readonly host: string;
  /** Without TLS, even when there is a `tlsPort`. */
  readonly port: number;
  readonly tlsPort: number | undefined;
  /** `rediss://…` with TLS, `redis://…` without. */
  readonly url: string;
  /** Of the process started last. */
  readonly pid: number;
  readonly isRunning: boolean;
  readonly dir: string;
  readonly logPath: string;
  /** SIGKILL; resolves when the process is gone. A frozen server dies without having run again. */
  kill(): Promise<void>;
  /** SIGSTOP; resolves when the process has stopped. */
  freeze(): Promise<void>;
  /** SIGCONT. */
  resume(): void;
  /** Kills it if it runs and starts it on the same port, with its data or with none. */
  restart(options?: { readonly empty?: boolean }): Promise<void>;
  /** Ends the server and removes its folder. May be called again. */
  stop(): Promise<void>;
  /** Sets its clock forth by so many milliseconds, or back, where it has one of its own (`fakeClock`). */
  readonly jumpClock: ((byMs: number) => Promise<void>) | undefined;
  /** Sends one command over a connection of its own, as a user that may do everything. */
  command(...args: string[]): Promise<unknown>;
}

const HOST = "127.0.0.1";
const CONTROL_USER = "hakgal-control";
const START_TIMEOUT_MS = 20_000;
const COMMAND_TIMEOUT_MS = 10_000;
const GRACE_MS = 2_000;
const POLL_MS = 5;
const PORT_ATTEMPTS = 10;

class PortTaken extends Error {}

/** Starts a server on 127.0.0.1 and waits until it answers. */
export async function startServer(
  binary: ServerBinary,
  options: StartServerOptions = {},
): Promise<RunningServer> {
  if (!isExecutable(binary)) {
    throw new Error(
      `a ${binary.kind} server known only by its URL cannot be started or killed; set ` +
        `${serverVariable(binary.kind)} to the path of a server program instead`,
    );
  }
  for (let attempt = 1;; attempt++) {
    const server = await Server.create(binary, options);
    try {
      await server.launch();
      return server;
    } catch (error) {
      await server.stop();
      if (!(error instanceof PortTaken)) throw error;
      if (options.port !== undefined) {
        throw new Error(
          `port ${options.port} is taken; end what listens there, or leave out \`port\``,
          { cause: error },
        );
      }
      if (attempt === PORT_ATTEMPTS) throw new Error(error.message, { cause: error });
    }
  }
}

class Server implements RunningServer {
  readonly kind: ServerExecutable["kind"];
  readonly version: string;
  readonly host = HOST;
  readonly port: number;
  readonly tlsPort: number | undefined;
  readonly dir: string;
  readonly logPath: string;
  readonly jumpClock: RunningServer["jumpClock"];
  readonly #clock: FakeClock | undefined;
  readonly #binary: ServerExecutable;
  readonly #options: StartServerOptions;
  readonly #ownsDir: boolean;
  readonly #password = crypto.randomUUID();
  #process: Deno.ChildProcess | undefined;
  #watchdog: Watchdog | undefined;
  #pid = 0;
  #isStopped = false;

  static async create(binary: ServerExecutable, options: StartServerOptions): Promise<Server> {
    const port = options.port ?? pickPort();
    let tlsPort: number | undefined;
    if (options.tls !== undefined) {
      do tlsPort = pickPort(); while (tlsPort === port);
    }
    if (options.dir !== undefined) await Deno.mkdir(options.dir, { recursive: true });
    // Resolved, because the server gets the path from another working folder.
    const dir = await Deno.realPath(
      options.dir ?? await Deno.makeTempDir({ prefix: `hakgal-${binary.kind}-` }),
    );
    return new Server(binary, options, dir, port, tlsPort);
  }

  private constructor(
    binary: ServerExecutable,
    options: StartServerOptions,
    dir: string,
    port: number,
    tlsPort: number | undefined,
  ) {
    this.kind = binary.kind;
    this.version = binary.version;
    this.port = port;
    this.tlsPort = tlsPort;
    this.dir = dir;
    this.logPath = `${dir}/server.log`;
    this.#binary = binary;
    this.#options = options;
    this.#ownsDir = options.dir === undefined;
    const clock = options.fakeClock === undefined
      ? undefined
      : new FakeClock(options.fakeClock, dir);
    this.#clock = clock;
    this.jumpClock = clock && ((byMs) => clock.jump(byMs));
  }

  get url(): string {
    return this.tlsPort === undefined
      ? `redis://${HOST}:${this.port}`
      : `rediss://${HOST}:${this.tlsPort}`;
  }

  get pid(): number {
    return this.#pid;
  }

  get isRunning(): boolean {
    return this.#process !== undefined;
  }

  async launch(): Promise<void> {
    await Deno.mkdir(this.#dataDir, { recursive: true });
    await this.#writeAcl();
    await this.#clock?.jump(0);
    for (const port of [this.port, this.tlsPort]) {
      if (port !== undefined && !isPortFree(port)) throw new PortTaken(`port ${port} is taken`);
    }
    const logFrom = await this.#logSize();
    // The shell only opens the log; the server takes its place, so the pid is the server's.
    const process = new Deno.Command("sh", {
      args: [
        "-c",
        'log=$1; shift; exec "$@" >>"$log" 2>&1',
        "server",
        this.logPath,
        ...this.#binary.command,
        ...serverArguments(this.#options, this.#places),
      ],
      cwd: this.#dataDir,
      env: { ...this.#binary.env, ...this.#clock?.env },
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    this.#process = process;
    this.#pid = process.pid;
    const watchdog = new Watchdog(process.pid, this.#ownsDir ? this.dir : undefined);
    this.#watchdog = watchdog;
    let ended: Deno.CommandStatus | undefined;
    // A server that ends by itself is noticed too, so that isRunning tells the truth.
    process.status.then((status) => {
      ended = status;
      if (this.#process === process) this.#process = undefined;
      // From now on the pid may be another process's.
      return watchdog.dismiss();
    });

    const deadline = Date.now() + (this.#options.startTimeoutMs ?? START_TIMEOUT_MS);
    try {
      while (!await this.#answers()) {
        if (ended !== undefined) {
          const said = await this.#logTail(logFrom);
          if (/Address already in use/i.test(said)) {
            throw new PortTaken(`port ${this.port} is taken: ${said}`);
          }
          throw this.#startError(`ended with code ${ended.code}`, said);
        }
        if (Date.now() > deadline) {
          throw this.#startError("did not answer in time", await this.#logTail(logFrom));
        }
        await delay(POLL_MS);
      }
    } catch (error) {
      await this.kill();
      throw error;
    }
  }

  async kill(): Promise<void> {
    await this.#end(() => this.#signal("SIGKILL"));
  }

  async freeze(): Promise<void> {
    const process = this.#mustRun("freeze");
    process.kill("SIGSTOP");
    while (this.#process === process && !await isProcessStopped(process.pid)) {
      await delay(POLL_MS);
    }
  }

  resume(): void {
    this.#mustRun("resume").kill("SIGCONT");
  }

  async restart(options: { readonly empty?: boolean } = {}): Promise<void> {
    if (this.#isStopped) throw new Error("the server was stopped for good; start another one");
    await this.kill();
    if (options.empty) await removeIfThere(this.#dataDir);
    try {
      await this.launch();
    } catch (error) {
      if (!(error instanceof PortTaken)) throw error;
      throw new Error(
        `the server cannot start again: port ${this.port} was taken meanwhile`,
        { cause: error },
      );
    }
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    // Its data is removed anyway, and a server takes up to 100 ms to notice SIGTERM.
    if (this.#ownsDir) await this.kill();
    else await this.#end((status) => this.#terminate(status));
    if (this.#ownsDir) await removeIfThere(this.dir);
  }

  async command(...args: string[]): Promise<unknown> {
    return await this.#send(args, COMMAND_TIMEOUT_MS);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  get #dataDir(): string {
    return `${this.dir}/data`;
  }

  get #aclPath(): string {
    return `${this.dir}/users.acl`;
  }

  get #places(): ServerPlaces {
    const { port, tlsPort } = this;
    return { host: HOST, port, tlsPort, dataDir: this.#dataDir, aclPath: this.#aclPath };
  }

  async #writeAcl(): Promise<void> {
    const { acl } = this.#options;
    if (acl === undefined) return;
    const users = acl.map((line) => line.startsWith("user ") ? line : `user ${line}`);
    users.push(`user ${CONTROL_USER} on >${this.#password} ~* &* +@all`);
    await Deno.writeTextFile(this.#aclPath, `${users.join("\n")}\n`, { mode: 0o600 });
  }

  async #send(args: string[], timeoutMs: number): Promise<unknown> {
    const before = this.#options.acl === undefined ? [] : [["AUTH", CONTROL_USER, this.#password]];
    return await sendCommand(args, { host: HOST, port: this.port, timeoutMs, before });
  }

  /** Whether it is our process that answers on the port, and that has loaded its data. */
  async #answers(): Promise<boolean> {
    try {
      if (await this.#send(["PING"], 1_000) !== "PONG") return false;
      const info = await this.#send(["INFO", "server"], 1_000);
      return new RegExp(`^process_id:${this.#pid}\\r?$`, "m").test(String(info));
    } catch (error) {
      if (error instanceof ReplyError && /^NOAUTH/.test(error.message)) {
        throw new Error(
          "the server asks for a password; name its users by the option `acl` instead of " +
            "--requirepass",
          { cause: error },
        );
      }
      return false;
    }
  }

  async #end(bringAbout: (status: Promise<unknown>) => void | Promise<void>): Promise<void> {
    const status = this.#process?.status;
    if (status !== undefined) {
      await bringAbout(status);
      await status;
    }
    this.#process = undefined;
    const watchdog = this.#watchdog;
    this.#watchdog = undefined;
    await watchdog?.dismiss();
  }

  async #terminate(status: Promise<unknown>): Promise<void> {
    this.#signal("SIGCONT");
    this.#signal("SIGTERM");
    let timer: ReturnType<typeof setTimeout> | undefined;
    const grace = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, GRACE_MS);
    });
    await Promise.race([status, grace]);
    clearTimeout(timer);
    this.#signal("SIGKILL");
  }

  #signal(signal: Deno.Signal): void {
    try {
      this.#process?.kill(signal);
    } catch {
      // It ended by itself meanwhile.
    }
  }

  #mustRun(action: string): Deno.ChildProcess {
    if (this.#process === undefined) {
      throw new Error(`cannot ${action} a ${this.kind} server that is not running; restart() it`);
    }
    return this.#process;
  }

  #startError(what: string, said: string): Error {
    return new Error(
      `the ${this.kind} server (${this.#binary.command.join(" ")}) ${what}. ` +
        `The last it said:\n${said || "(nothing)"}`,
    );
  }

  async #logSize(): Promise<number> {
    try {
      return (await Deno.stat(this.logPath)).size;
    } catch {
      return 0;
    }
  }

  async #logTail(from: number): Promise<string> {
    try {
      const text = (await Deno.readTextFile(this.logPath)).slice(from);
      return text.trimEnd().split("\n").slice(-20).join("\n");
    } catch {
      return "";
    }
  }
}

async function isProcessStopped(pid: number): Promise<boolean> {
  return /^[TtZX]?$/.test(await processState(pid) ?? "");
}

function delay(durationMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, durationMs));
}
