/**
 * What callers want of a session, as it waits in the session's lane.
 *
 * @module
 */

import type { SessionKey } from "./key_space.ts";
import type { Served } from "./observers.ts";
import type { AnyContext, Copy } from "./session.ts";
import type { ContextEntry, Operation } from "./storage_adapter.ts";

/** A promise to a caller. Settled once; what comes later finds nobody. */
export class Answerable<Result> {
  readonly promise: Promise<Result>;
  #settled = false;
  #resolve!: (result: Result) => void;
  #reject!: (error: unknown) => void;
  #stopListening: (() => void) | undefined;
  readonly #served: Served | undefined;

  constructor(signal?: AbortSignal, served?: Served) {
    this.#served = served;
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    if (!signal) return;
    const abort = () => this.reject(signal.reason);
    if (signal.aborted) {
      abort();
      return;
    }
    signal.addEventListener("abort", abort, { once: true });
    this.#stopListening = () => signal.removeEventListener("abort", abort);
  }

  /** Whether the caller has been answered, or has given up. */
  get settled(): boolean {
    return this.#settled;
  }

  /** It is answered without the store; `degraded` when that is because the store is away. */
  serveFromMemory({ degraded }: { readonly degraded: boolean }): void {
    if (!this.#served) return;
    this.#served.source = "memory";
    this.#served.degraded = degraded;
  }

  resolve(result: Result): void {
    if (this.#settle()) this.#resolve(result);
  }

  reject(error: unknown): void {
    if (this.#settle()) this.#reject(error);
  }

  #settle(): boolean {
    if (this.#settled) return false;
    this.#settled = true;
    this.#stopListening?.();
    return true;
  }
}

/** Reads the session; undefined when there is none. */
export interface ReadCall {
  readonly kind: "read";
  /** Past the cache. */
  readonly fresh: boolean;
  readonly answer: Answerable<Copy | undefined>;
}

/** Creates the session unless it exists. */
export interface CreateCall {
  readonly kind: "create";
  readonly context: readonly ContextEntry[];
  readonly answer: Answerable<Copy>;
}

/** Applies operations. Which answer is wanted decides what has to be known afterwards. */
export type WriteCall =
  & { readonly kind: "write"; readonly operations: readonly Operation[] }
  & (
    | { readonly wants: "copy"; readonly answer: Answerable<Copy> }
    | { readonly wants: "number"; readonly answer: Answerable<number> }
    | { readonly wants: "presence"; readonly answer: Answerable<boolean> }
  );

/** Reads, changes and writes back (rule 19). */
export interface UpdateCall {
  readonly kind: "update";
  /** Makes a patch of the context; may run more than once. */
  readonly patch: (context: AnyContext) => readonly Operation[];
  readonly answer: Answerable<Copy>;
}

/** Destroys whatever lives. */
export interface DestroyCall {
  readonly kind: "destroy";
  readonly answer: Answerable<boolean>;
}

/** Moves the session to another id. */
export interface RotateCall {
  readonly kind: "rotate";
  readonly to: SessionKey;
  /** Answers the incarnation that the session became. */
  readonly answer: Answerable<string>;
}

/** Anything that waits in a lane. */
export type Call = ReadCall | CreateCall | WriteCall | UpdateCall | DestroyCall | RotateCall;
