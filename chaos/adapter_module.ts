/**
 * What a module exports so that chaos can be run over its adapter.
 *
 * @module
 */

import { type Clock, ConfigError, type StorageAdapter } from "../mod.ts";

/** What an adapter is made for. */
export interface AdapterOptions {
  /**
   * Name of the store: whoever is given the same one shares it, from whatever process; each lane of a run has a fresh
   * one, each simulated history too. Letters, digits and hyphens.
   */
  readonly store: string;
  /** An empty folder for the store's files, the same for all of its pods; removed at the end. Absent when simulated. */
  readonly folder?: string;
  /** What `startStore` answered. */
  readonly url?: string;
  /** The time to go by in place of the runtime's, when simulated. */
  readonly clock?: Clock;
}

/** A store that the run controls; what it cannot do is left out, and the faults that need it are not made. */
export interface ChaosStore {
  /** Where it is, for `createAdapter`. */
  readonly url?: string;
  /** Ends it at once, as SIGKILL does. With `restart` it makes the faults that take the store away. */
  kill?(): Promise<void>;
  /** Starts it again where it was, with its data, or with none. */
  restart?(options: { readonly empty: boolean }): Promise<void>;
  /** It takes commands and executes none, as after SIGSTOP. */
  freeze?(): Promise<void>;
  /** It goes on. */
  resume?(): Promise<void>;
  /** Ends it for good. */
  stop(): Promise<void>;
}

/** The exports of a module that `runChaos` is given. */
export interface AdapterModule {
  /** Makes a pod's adapter. Called in the pod's process; when simulated, it must not answer a promise. */
  createAdapter(options: AdapterOptions): StorageAdapter | Promise<StorageAdapter>;
  /** Starts the server of a fresh store. Called in the runner's process. Absent where there is none, or it runs already. */
  startStore?(options: Pick<AdapterOptions, "store" | "folder">): Promise<ChaosStore>;
}

/**
 * Loads one.
 *
 * @throws {ConfigError} when it cannot be loaded, or exports no `createAdapter`.
 */
export async function loadAdapterModule(url: string): Promise<AdapterModule> {
  let exports: Partial<AdapterModule>;
  try {
    exports = await import(url);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ConfigError("adapterModule", `${url} cannot be loaded: ${reason}`, { cause });
  }
  const { createAdapter, startStore } = exports;
  if (typeof createAdapter !== "function") {
    throw new ConfigError("adapterModule", `${url} exports no function createAdapter.`);
  }
  return { createAdapter, ...(startStore === undefined ? {} : { startStore }) };
}
