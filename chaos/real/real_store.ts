/**
 * The stores of real runs.
 *
 * @module
 */

import { join } from "node:path";
import type { EvidenceFile } from "../evidence.ts";
import { FaultProxy, type ProxyFault } from "../proxy.ts";
import type { Trouble } from "../store_power.ts";
import { filesIn, tailOf } from "./file_tails.ts";
import { POD_LOGIN } from "./pod_login.ts";
import { isCommit, isInvalidation, outcomeOf } from "./proxy_faults.ts";
import { ProxyTrace } from "./proxy_trace.ts";
import type { PodWay } from "./real_outages.ts";
import { Restarts } from "./restarts.ts";
import { isRedis, type StoreServer } from "./store_server.ts";
import type { TargetStore } from "./target.ts";

/** One lane's store: made when the lane starts, gone when it ends. */
export interface RealStore {
  /**
   * The way to it for the pod of that index; `faultFor` is asked for every commit that a proxy sees, and `hear` told of
   * what it answers.
   */
  urlFor(
    pod: number,
    faultFor: () => ProxyFault | undefined,
    hear: (reply: string) => void,
  ): Promise<string | undefined>;
  /** Whether the pods make the faults of commands, and of the ways to it, themselves. */
  readonly faultsInPods: boolean;
  /** A pod's way to it, where a proxy stands on it. */
  wayOf?(pod: number): PodWay;
  /** The file, where the pods open one themselves that is known. */
  readonly path?: string;
  /** The server, if it is one's own. */
  readonly server?: StoreServer;
  /** What is to be kept of it for a failed case. @default its lane's folder alone */
  evidence?(): Promise<readonly EvidenceFile[]>;
  /** Another history begins: what is kept of the one before is of no use any more. */
  begin?(): void;
  /** Kills it, and starts it again with its data. */
  restart(downMs: number): Promise<void>;
  stop(): Promise<void>;
}

/** Makes the store of one lane; its files are in `folder`. */
export async function openRealStore(
  store: Exclude<TargetStore, { kind: "memory" }>,
  folder: string,
): Promise<RealStore> {
  switch (store.kind) {
    case "sqlite":
      return new SqliteFile(folder);
    case "redis": {
      const server = await store.start();
      return new ProxiedServer(urlOfPods(server.url), server);
    }
    case "redis-url":
      return new ProxiedServer(store.url, undefined);
  }
}

function urlOfPods(server: string): string {
  return Object.assign(new URL(server), POD_LOGIN).href;
}

class SqliteFile implements RealStore {
  readonly faultsInPods = true;
  readonly path: string;

  constructor(folder: string) {
    this.path = join(folder, "sessions.sqlite");
  }

  urlFor(): Promise<string> {
    return Promise.resolve(this.path);
  }

  restart(): Promise<void> {
    return Promise.reject(new Error("SQLite has no server to restart."));
  }

  stop(): Promise<void> {
    return Promise.resolve();
  }
}

class ProxiedServer implements RealStore {
  readonly faultsInPods = false;
  readonly server?: StoreServer;
  readonly #url: string;
  readonly #restarts: Restarts;
  readonly #proxies = new Map<number, FaultProxy>();
  readonly #troubles = new Map<number, Trouble | undefined>();
  readonly #trace = new ProxyTrace();

  constructor(url: string, server: StoreServer | undefined) {
    this.#url = url;
    if (server) this.server = server;
    this.#restarts = new Restarts(server);
  }

  async urlFor(
    pod: number,
    faultFor: () => ProxyFault | undefined,
    hear: (reply: string) => void,
  ): Promise<string> {
    const url = new URL(this.#url);
    const upstream = { host: url.hostname, port: Number(url.port || 6379) };
    const known = this.#proxies.get(pod);
    const proxy = known ?? await FaultProxy.listen({
      upstream,
      faultFor: (words) => isCommit(words) ? faultFor() : undefined,
      trouble: () => this.#troubles.get(pod),
      onReply(words, reply) {
        if (isCommit(words)) hear(`commit ${outcomeOf(reply)}`);
      },
      onPush(bytes) {
        if (isInvalidation(bytes)) hear("invalidation");
      },
      onEvent: (event) => this.#trace.note(`p${pod + 1}`, event),
    });
    this.#proxies.set(pod, proxy);
    url.hostname = "127.0.0.1";
    url.port = String(proxy.port);
    return url.href;
  }

  begin(): void {
    this.#trace.clear();
  }

  async evidence(): Promise<readonly EvidenceFile[]> {
    const { server } = this;
    const about = "what passed the proxies between the pods and the server";
    const trace = { name: "proxy.log", about, bytes: this.#trace.toBytes() };
    if (server === undefined || !isRedis(server)) return [trace];
    return [
      ...await tailOf(server.logPath, "server.log", "the server's log"),
      trace,
      ...await filesIn(join(server.dir, "data"), "data.", "what the server keeps on disk"),
    ];
  }

  wayOf(pod: number): PodWay {
    return {
      hinder: (trouble) => void this.#troubles.set(pod, trouble),
      cutAll: () => this.#proxies.get(pod)?.cutAll(),
      halfOpenAll: () => this.#proxies.get(pod)?.halfOpenAll(),
    };
  }

  restart(downMs: number): Promise<void> {
    return this.#restarts.restart(downMs);
  }

  async stop(): Promise<void> {
    await this.#restarts.end();
    await Promise.all([...this.#proxies.values()].map((proxy) => proxy.close()));
    await this.server?.stop();
  }
}
