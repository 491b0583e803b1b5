/**
 * What a case works with, made when it is first asked for, and taken away at its end.
 *
 * @module
 */

import type { OpenOptions, SessionManager } from "../mod.ts";
import type { ServerBinary } from "../scripts/servers/provision.ts";
import { type RunningServer, startServer } from "../scripts/servers/server.ts";
import type { Bench, BenchSettings, CaseBackend } from "./case.ts";
import type { Peer } from "./peer.ts";
import { type Contestant, type Race, race } from "./rounds.ts";
import { openManager } from "./store.ts";
import { callers, type CallersOptions, type Work } from "./turns.ts";

/** One case's means. */
export class Workbench implements Bench, AsyncDisposable {
  readonly backend: CaseBackend;
  readonly settings: BenchSettings;
  readonly folder: string;
  readonly #binary: ServerBinary | undefined;
  readonly #kept = new AsyncDisposableStack();
  #server: RunningServer | undefined;
  #peers: Promise<readonly Peer[]> | undefined;

  private constructor(
    { backend, settings, binary, folder }: Means & { readonly folder: string },
  ) {
    this.backend = backend;
    this.settings = settings;
    this.folder = folder;
    this.#binary = binary;
  }

  /** Makes its folder, and begins its server where its backend has one. */
  static async open(means: Means): Promise<Workbench> {
    const folder = await Deno.makeTempDir({ prefix: "hakgal-bench-" });
    const bench = new Workbench({ ...means, folder });
    bench.#kept.defer(() => Deno.remove(folder, { recursive: true }));
    try {
      if (means.binary) bench.#server = await bench.startServer();
      return bench;
    } catch (error) {
      await bench[Symbol.asyncDispose]();
      throw error;
    }
  }

  get server(): RunningServer {
    if (!this.#server) throw new TypeError(`The backend "${this.backend}" has no server.`);
    return this.#server;
  }

  async startServer(): Promise<RunningServer> {
    if (!this.#binary) throw new TypeError(`The backend "${this.backend}" has no server.`);
    return this.#kept.use(await startServer(this.#binary));
  }

  async open(options: Partial<OpenOptions> = {}): Promise<SessionManager> {
    return this.#kept.use(await openManager(this.backend, this.#server?.url, options));
  }

  use<Resource extends AsyncDisposable>(resource: Resource): Resource {
    return this.#kept.use(resource);
  }

  peers(): Promise<readonly Peer[]> {
    return this.#peers ??= this.settings.withPeers ? this.#openPeers() : Promise.resolve([]);
  }

  callers(
    name: string,
    work: Work,
    options: Pick<CallersOptions, "callers" | "isTimed">,
  ): Contestant {
    return callers(name, work, { ...options, turnMs: this.settings.turnMs });
  }

  race(contestants: readonly Contestant[]): Promise<Race> {
    return race(contestants, this.settings);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#kept.disposeAsync();
  }

  async #openPeers(): Promise<readonly Peer[]> {
    const { openPeers } = await import("./peers.ts");
    const peers = await openPeers(this.server.url);
    for (const peer of peers) this.#kept.use(peer);
    return peers;
  }
}

/** What a workbench is made of. */
export interface Means {
  readonly backend: CaseBackend;
  readonly settings: BenchSettings;
  /** Undefined where no server is needed. */
  readonly binary: ServerBinary | undefined;
}
