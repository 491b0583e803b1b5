/**
 * What is wrong with a simulated store, or with the way to it.
 *
 * @module
 */

import { type InboxListener, StoreRejectedError, StoreUnavailableError } from "../mod.ts";

/** What is wrong for every command, as long as it lasts. */
export type Trouble =
  /** Connections are refused. */
  | { readonly kind: "refused" }
  /** Requests, replies or both are lost, and nobody is told. */
  | { readonly kind: "loss"; readonly of: "requests" | "replies" | "both" }
  /** What answers nothing is lost: the word of other pods' commits. */
  | { readonly kind: "deaf" }
  /** Replies come in single bytes. */
  | { readonly kind: "slicer" }
  /** So much gets through, either way. */
  | { readonly kind: "bandwidth"; readonly bytesPerMs: number }
  /** Each way takes that much longer. */
  | { readonly kind: "slow"; readonly extraMs: number }
  /** Writes wait for so long, and are given up then. */
  | { readonly kind: "locked"; readonly waitMs: number }
  /** The server answers with an error; `writes` are commits, heals and heartbeats. */
  | {
    readonly kind: "error";
    readonly code: "LOADING" | "READONLY" | "OOM" | "FULL" | "NOPERM" | "WRONGPASS";
    readonly hits: "all" | "writes";
  };

/** Codes after which the server will be right again by itself: to an adapter it is away. */
const PASSING = ["LOADING", "READONLY"];

/** The error that an adapter makes of a server's. */
export function errorOf(code: string): Error {
  const message = `The server answered ${code}.`;
  return PASSING.includes(code)
    ? new StoreUnavailableError(message, { outcome: "not-applied" })
    : new StoreRejectedError(code, message);
}

/** Whether the store is there; shared by all pods. */
export class StorePower {
  #restarts = 0;
  #cuts = 0;
  #outages = 0;
  #freezes = 0;
  #thawed: PromiseWithResolvers<void> | undefined;
  readonly #listeners = new Set<InboxListener>();

  /** Whether commands are refused. */
  get isDown(): boolean {
    return this.#outages > 0;
  }

  /** Resolves when it executes commands again; undefined while it does. */
  get frozen(): Promise<void> | undefined {
    return this.#thawed?.promise;
  }

  /** How often it went down: a reply from before the last time is lost. */
  get restarts(): number {
    return this.#restarts;
  }

  /** How often all connections to it ended: a reply from before the last time is lost. */
  get cuts(): number {
    return this.#cuts;
  }

  /** Ends all connections, and executes what came over them; whoever listened may have missed something. */
  cutAll(): void {
    this.#cuts++;
    this.#tellOfGap();
  }

  /** Takes the store away; of several outages at once, each has its own end. */
  goDown(): void {
    this.#outages++;
    this.#restarts++;
    this.#cuts++;
  }

  /** Brings it back; whoever listened may have missed something. */
  comeBack(): void {
    if (this.#outages === 0 || --this.#outages > 0) return;
    this.#tellOfGap();
  }

  /** It takes commands, and executes none. */
  freeze(): void {
    this.#freezes++;
    this.#thawed ??= Promise.withResolvers();
  }

  /** It executes what it has taken, in its order. */
  thaw(): void {
    if (this.#freezes === 0 || --this.#freezes > 0) return;
    this.#thawed?.resolve();
    this.#thawed = undefined;
  }

  /** Tells `listener` of gaps; the answer ends that. */
  listen(listener: InboxListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #tellOfGap(): void {
    for (const listener of this.#listeners) listener.onGap();
  }
}
