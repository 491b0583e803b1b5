/**
 * The store of a module that somebody else has written.
 *
 * @module
 */

import type { AdapterModule, ChaosStore } from "../adapter_module.ts";
import { type FaultKind, faultKindsOf, isOutage } from "../fault_kinds.ts";
import { OUTAGES_OF_LINKS, OUTAGES_OF_SERVERS } from "./real_outages.ts";
import type { RealStore } from "./real_store.ts";
import { Restarts } from "./restarts.ts";
import type { StoreServer } from "./store_server.ts";

/** One lane's store. */
export class ModuleStore implements RealStore {
  readonly faultsInPods = true;
  readonly server?: StoreServer;
  readonly #store: ChaosStore | undefined;
  readonly #restarts: Restarts;

  private constructor(store: ChaosStore | undefined) {
    this.#store = store;
    const server = store && serverOf(store);
    if (server) this.server = server;
    this.#restarts = new Restarts(server);
  }

  static async open(
    { startStore }: AdapterModule,
    options: { readonly store: string; readonly folder: string },
  ): Promise<ModuleStore> {
    return new ModuleStore(await startStore?.(options));
  }

  /** The faults that can be made: those of commands and links in the pods, others as far as the store can do them. */
  get faults(): FaultKind[] {
    const { kill, restart, freeze, resume } = this.#store ?? {};
    const canDie = kill !== undefined && restart !== undefined;
    const canFreeze = freeze !== undefined && resume !== undefined;
    const ofServers = faultKindsOf("redis");
    // What can be made without servers alone is for the simulation; what for servers alone is for a proxy.
    return faultKindsOf("memory").filter((kind) => ofServers.includes(kind)).filter((kind) => {
      if (kind === "server-restart") return canDie;
      if (kind === "store-freeze") return canFreeze;
      if (kind === "store-clock-jump") return false;
      if (!isOutage(kind)) return true;
      return OUTAGES_OF_LINKS.includes(kind) || (canDie && OUTAGES_OF_SERVERS.includes(kind));
    });
  }

  urlFor(): Promise<string | undefined> {
    return Promise.resolve(this.#store?.url);
  }

  restart(downMs: number): Promise<void> {
    return this.#restarts.restart(downMs);
  }

  async stop(): Promise<void> {
    await this.#restarts.end();
    await this.#store?.stop();
  }
}

/** What the store can do, as the runner asks for it: only what `faults` names is asked. */
function serverOf(store: ChaosStore): StoreServer {
  const unable = (what: string) => () => Promise.reject(new Error(`The store cannot ${what}.`));
  return {
    kill: () => (store.kill ?? unable("be killed")).call(store),
    restart: ({ empty = false } = {}) =>
      (store.restart ?? unable("be restarted")).call(store, { empty }),
    freeze: () => (store.freeze ?? unable("be frozen")).call(store),
    resume: () => (store.resume ?? unable("go on")).call(store),
    stop: () => store.stop(),
  };
}
