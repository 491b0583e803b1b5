/**
 * Those who observe a manager, and the calls that they are told of.
 *
 * @module
 */

import type { Clock } from "./clock.ts";
import { SessionError, StoreRejectedError } from "./errors.ts";
import type { Logger } from "./events.ts";
import type { KeySpace } from "./key_space.ts";
import type {
  CallEnd,
  HitCounts,
  ObservedCall,
  ObservedCommand,
  ObservedOperation,
  Observer,
} from "./observer.ts";

/** What became of a call on its way. */
export interface Served {
  source: CallEnd["source"];
  degraded: boolean;
}

/** What a caller asks for. */
export interface CallDescription {
  readonly operation: ObservedOperation;
  readonly tenant: string;
  readonly ids: readonly string[];
  readonly given: readonly unknown[];
}

/** A session as a read answers it. */
interface HeldSession {
  readonly tenant: string;
  readonly id: string;
  readonly degraded: boolean;
}

/** All observers of one manager. */
export class Observers {
  /** Counted whether somebody observes or not: three integers cost less than finding out. */
  readonly hits: { -readonly [Name in keyof HitCounts]: number } = {
    get: 0,
    getOrCreate: 0,
    degraded: 0,
  };
  readonly #clock: Clock;
  readonly #keys: KeySpace;
  readonly #logger: Logger | undefined;
  readonly #all = new Set<{ readonly observer: Observer }>();
  #ofCalls: readonly Observer[] = [];
  #ofHits: readonly Observer[] = [];
  #ofCommands: readonly Observer[] = [];

  constructor(clock: Clock, keys: KeySpace, logger: Logger | undefined) {
    this.#clock = clock;
    this.#keys = keys;
    this.#logger = logger;
  }

  /** Adds an observer; the answer removes it. */
  add(observer: Observer): () => void {
    // Of its own, so that one that is added twice is told twice, and removed once.
    const added = { observer };
    this.#all.add(added);
    this.#sort();
    return () => {
      this.#all.delete(added);
      this.#sort();
    };
  }

  #sort(): void {
    const all = [...this.#all].map(({ observer }) => observer);
    this.#ofCalls = all.filter(({ call, run }) => call ?? run);
    this.#ofHits = all.filter(({ hit }) => hit);
    this.#ofCommands = all.filter(({ command }) => command);
  }

  get hearCommands(): boolean {
    return this.#ofCommands.length > 0;
  }

  get hearCalls(): boolean {
    return this.#ofCalls.length > 0;
  }

  /** Counts a read that memory answered at once: all that it costs where nobody wants to hear of each. */
  hit<Answer extends HeldSession>(
    operation: "get" | "getOrCreate",
    session: Answer,
    isDegraded: boolean,
    initial?: unknown,
  ): Answer {
    if (operation === "get") this.hits.get++;
    else this.hits.getOrCreate++;
    if (isDegraded) this.hits.degraded++;
    if (this.#ofHits.length > 0) this.#tellHit(operation, session, initial);
    return session;
  }

  #tellHit(operation: "get" | "getOrCreate", result: HeldSession, initial: unknown): void {
    const { tenant, id, degraded } = result;
    const given = operation === "get" ? [] : [initial ?? {}];
    const call = new Call({ operation, tenant, ids: [id], given }, this.#keys);
    const end = { outcome: "ok", tookMs: 0, source: "memory", degraded, result } as const;
    for (const observer of this.#ofHits) this.#guard(() => observer.hit!(call, end));
  }

  /** Tells of a command that ended. */
  tellCommand(command: ObservedCommand): void {
    for (const observer of this.#ofCommands) this.#guard(() => observer.command!(command));
  }

  /** Carries a call out, and tells of it if somebody wants to hear. */
  observe<Result>(
    description: CallDescription,
    run: (served?: Served) => Promise<Result>,
  ): Promise<Result> {
    return this.hearCalls ? this.#observe(description, run) : run();
  }

  async #observe<Result>(
    description: CallDescription,
    run: (served: Served) => Promise<Result>,
  ): Promise<Result> {
    const { call, served, end } = this.#begin(description);
    let carryOut = () => run(served);
    for (const observer of this.#ofCalls) {
      if (!observer.run) continue;
      const within = carryOut;
      carryOut = () => observer.run!(call, within);
    }
    try {
      const result = await carryOut();
      end({ outcome: "ok", result });
      return result;
    } catch (error) {
      end({ outcome: outcomeOf(error), error });
      throw error;
    }
  }

  /** Carries out a listing, which answers step by step, and tells of it. */
  async *observeListing<Step>(
    tenant: string,
    run: () => AsyncIterable<Step>,
  ): AsyncGenerator<Step> {
    const { end } = this.#begin({ operation: "list", tenant, ids: [], given: [] });
    let how: Pick<CallEnd, "outcome" | "error"> = { outcome: "ok" };
    try {
      yield* run();
    } catch (error) {
      how = { outcome: outcomeOf(error), error };
      throw error;
    } finally {
      end(how);
    }
  }

  /** Tells that a call begins; `end` tells that it ended. */
  #begin(description: CallDescription): {
    readonly call: ObservedCall;
    readonly served: Served;
    readonly end: (end: Pick<CallEnd, "outcome" | "error" | "result">) => void;
  } {
    const call = new Call(description, this.#keys);
    const served: Served = { source: "store", degraded: false };
    const startedAt = this.#clock.now();
    const listeners = this.#ofCalls.map((observer) => this.#guard(() => observer.call?.(call)));
    return {
      call,
      served,
      end: (end) => {
        const tookMs = this.#clock.now() - startedAt;
        for (const listener of listeners) {
          this.#guard(() => listener?.({ ...end, ...served, tookMs }));
        }
      },
    };
  }

  #guard<Result>(tell: () => Result): Result | undefined {
    try {
      return tell();
    } catch (error) {
      this.#logger?.error("An observer threw", error);
      return undefined;
    }
  }
}

class Call implements ObservedCall {
  readonly #description: CallDescription;
  readonly #keys: KeySpace;

  constructor(description: CallDescription, keys: KeySpace) {
    this.#description = description;
    this.#keys = keys;
  }

  get operation(): ObservedOperation {
    return this.#description.operation;
  }

  get tenant(): string {
    return this.#description.tenant;
  }

  get hashedId(): string | undefined {
    return this.operation === "recover" ? undefined : this.hashedIds[0];
  }

  get hashedIds(): readonly string[] {
    return this.#description.ids
      .filter((id) => typeof id === "string")
      .map((id) => this.#keys.session(this.tenant, id).hashedId);
  }

  get arguments(): readonly unknown[] {
    return this.#description.given;
  }
}

/** What is told of an error: few names, whatever a store or a caller throws. */
function outcomeOf(error: unknown): string {
  if (error instanceof StoreRejectedError) return "STORE_REJECTED";
  if (error instanceof SessionError) return error.code;
  const isAbort = error instanceof Error && /^(AbortError|TimeoutError)$/.test(error.name);
  return isAbort ? "ABORTED" : "ERROR";
}
