import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { CaseFault } from "../case.ts";
import { FaultProxy, type ProxyFault } from "../proxy.ts";
import type { FaultSpans } from "../fault_plan.ts";
import type { Trouble } from "../store_power.ts";
import { type PodWay, RealOutages } from "./real_outages.ts";
import type { Keeper } from "./keeper.ts";
import type { StoreServer } from "./store_server.ts";
import type { TargetStore } from "./target.ts";

/** One lane's store: made when the lane starts, gone when it ends. */
export interface RealStore {
  /** The way to it for the pod of that index; `faultFor` is asked for every commit that a proxy sees. */
  urlFor(pod: number, faultFor: () => ProxyFault | undefined): Promise<string>;
  /** The way to it past all faults. */
  readonly directUrl: string;
  /** Whether the pods make the faults of commands themselves. */
  readonly faultsInPods: boolean;
  /** Makes outages, of a server of our own. */
  outages(spans: FaultSpans): RealOutages | undefined;
  /** Kills it, and starts it again with its data. */
  restart(downMs: number): Promise<void>;
  stop(): Promise<void>;
}

/** Makes the store of one lane; `keeper` removes it when nobody else does. */
export async function openRealStore(
  store: Exclude<TargetStore, { kind: "memory" }>,
  keeper: Keeper,
): Promise<RealStore> {
  switch (store.kind) {
    case "sqlite": {
      const dir = await mkdtemp(join(tmpdir(), "hakgal-chaos-"));
      keeper.folder(dir);
      return new SqliteFile(dir);
    }
    case "redis": {
      const server = await store.start();
      return new ProxiedServer(server.url, server);
    }
    case "redis-url":
      return new ProxiedServer(store.url, undefined);
  }
}

class SqliteFile implements RealStore {
  readonly faultsInPods = true;
  readonly #dir: string;

  constructor(dir: string) {
    this.#dir = dir;
  }

  get directUrl(): string {
    return `${this.#dir}/sessions.sqlite`;
  }

  urlFor(): Promise<string> {
    return Promise.resolve(this.directUrl);
  }

  outages(): undefined {}

  restart(): Promise<void> {
    return Promise.reject(new Error("SQLite has no server to restart."));
  }

  async stop(): Promise<void> {
    await rm(this.#dir, { recursive: true, force: true });
  }
}

class ProxiedServer implements RealStore {
  readonly faultsInPods = false;
  readonly directUrl: string;
  readonly #server: StoreServer | undefined;
  readonly #proxies = new Map<number, FaultProxy>();
  readonly #troubles = new Map<number, Trouble | undefined>();
  #restarting: Promise<void> = Promise.resolve();
  #isStopped = false;

  constructor(url: string, server: StoreServer | undefined) {
    this.directUrl = url;
    this.#server = server;
  }

  async urlFor(pod: number, faultFor: () => ProxyFault | undefined): Promise<string> {
    const url = new URL(this.directUrl);
    const upstream = { host: url.hostname, port: Number(url.port || 6379) };
    const known = this.#proxies.get(pod);
    const proxy = known ?? await FaultProxy.listen({
      upstream,
      faultFor: (words) => isCommit(words) ? faultFor() : undefined,
      trouble: () => this.#troubles.get(pod),
    });
    this.#proxies.set(pod, proxy);
    url.hostname = "127.0.0.1";
    url.port = String(proxy.port);
    return url.href;
  }

  outages(spans: FaultSpans): RealOutages | undefined {
    const server = this.#server;
    return server && new RealOutages(server, spans, (pod) => this.#wayOf(pod));
  }

  #wayOf(pod: number): PodWay {
    const troubles = this.#troubles;
    const proxy = this.#proxies.get(pod);
    return {
      get trouble() {
        return troubles.get(pod);
      },
      set trouble(trouble) {
        troubles.set(pod, trouble);
      },
      cutAll: () => proxy?.cutAll(),
    };
  }

  restart(downMs: number): Promise<void> {
    const server = this.#server;
    if (server === undefined) {
      return Promise.reject(new Error("Somebody else's server is not restarted."));
    }
    const restarting = this.#restarting.then(async () => {
      if (this.#isStopped) return;
      await server.kill();
      await new Promise((resolve) => setTimeout(resolve, downMs));
      if (!this.#isStopped) await server.restart();
    });
    this.#restarting = restarting;
    return restarting;
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    // A server that is being started would be left behind.
    await this.#restarting.catch(() => {});
    await Promise.all([...this.#proxies.values()].map((proxy) => proxy.close()));
    await this.#server?.stop();
  }
}

const decoder = new TextDecoder();

/** A script call whose arguments begin with a batch's header. */
function isCommit(words: readonly Uint8Array[]): boolean {
  if (!/^(evalsha|eval|fcall)$/i.test(decoder.decode(words[0]))) return false;
  return words.some((word) =>
    word[0] === "{".charCodeAt(0) && decoder.decode(word).includes('"writer"')
  );
}

/** What a proxy does for a case's fault. */
export function toProxyFault(
  fault: CaseFault,
  spans: { readonly lateMs: number; readonly latencyMs: number },
  strike: () => void,
): ProxyFault | undefined {
  switch (fault.kind) {
    case "pod-kill":
      return { kind: "strike", phase: fault.phase, strike };
    case "reply-cut":
    case "request-cut":
      return { kind: fault.kind };
    case "late-execution":
      return { kind: "late-execution", delayMs: spans.lateMs };
    case "latency": {
      const isRequest = fault.phase === "p1";
      return {
        kind: "latency",
        requestMs: isRequest ? spans.latencyMs : 0,
        replyMs: isRequest ? 0 : spans.latencyMs,
      };
    }
    default:
      return undefined;
  }
}
