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

// What waits for an answer is made by classes, and not written down as literals. Where V8 finds that a hundred objects of
// one literal have outlived a collection of the young, as those of calls that are under way together do, it makes all
// later ones of that literal among the old, and each keeps what it points to until the next full collection.

/** Reads the session; undefined when there is none. */
export class ReadCall {
  readonly kind = "read";
  /** Past the cache. */
  readonly fresh: boolean;
  readonly answer: Answerable<Copy | undefined>;

  constructor(fresh: boolean, answer: Answerable<Copy | undefined>) {
    this.fresh = fresh;
    this.answer = answer;
  }
}

/** Creates the session unless it exists. */
export class CreateCall {
  readonly kind = "create";
  readonly context: readonly ContextEntry[];
  readonly answer: Answerable<Copy>;

  constructor(context: readonly ContextEntry[], answer: Answerable<Copy>) {
    this.context = context;
    this.answer = answer;
  }
}

/** What a write may be answered with. Which is wanted decides what has to be known afterwards. */
interface Wanted {
  readonly copy: Copy;
  readonly number: number;
  readonly presence: boolean;
}

/** Applies operations. */
export class Write<Wants extends keyof Wanted> {
  readonly kind = "write";
  readonly wants: Wants;
  readonly operations: readonly Operation[];
  readonly answer: Answerable<Wanted[Wants]>;

  constructor(
    wants: Wants,
    operations: readonly Operation[],
    answer: Answerable<Wanted[Wants]>,
  ) {
    this.wants = wants;
    this.operations = operations;
    this.answer = answer;
  }
}

/** Any write. */
export type WriteCall = Write<"copy"> | Write<"number"> | Write<"presence">;

/** Reads, changes and writes back (rule 19). */
export class UpdateCall {
  readonly kind = "update";
  /** Makes a patch of the context; may run more than once. */
  readonly patch: (context: AnyContext) => readonly Operation[];
  readonly answer: Answerable<Copy>;

  constructor(
    patch: (context: AnyContext) => readonly Operation[],
    answer: Answerable<Copy>,
  ) {
    this.patch = patch;
    this.answer = answer;
  }
}

/** Destroys whatever lives. */
export class DestroyCall {
  readonly kind = "destroy";
  readonly answer: Answerable<boolean>;

  constructor(answer: Answerable<boolean>) {
    this.answer = answer;
  }
}

/** Moves the session to another id. */
export class RotateCall {
  readonly kind = "rotate";
  readonly to: SessionKey;
  /** Answers the incarnation that the session became. */
  readonly answer: Answerable<string>;

  constructor(to: SessionKey, answer: Answerable<string>) {
    this.to = to;
    this.answer = answer;
  }
}

/** Anything that waits in a lane. */
export type Call = ReadCall | CreateCall | WriteCall | UpdateCall | DestroyCall | RotateCall;
