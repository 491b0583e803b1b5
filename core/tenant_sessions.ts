/**
 * The sessions of one tenant.
 *
 * @module
 */

import {
  Answerable,
  type Call,
  CreateCall,
  DestroyCall,
  ReadCall,
  RotateCall,
  UpdateCall,
  Write,
} from "./calls.ts";
import { IncrementOperations, operationsBy, operationsOf, orTouch } from "./changes.ts";
import { InvalidInputError, resultUnreadable } from "./errors.ts";
import { HeldSessions } from "./held_sessions.ts";
import type { Lanes } from "./lanes.ts";
import type { ObservedOperation } from "./observer.ts";
import type { Served } from "./observers.ts";
import type { Pod } from "./pod.ts";
import { recoverSessions } from "./recovery.ts";
import { checkSchema } from "./schema.ts";
import type {
  CallSettings,
  Changes,
  ContextPatch,
  GetSettings,
  ListedSession,
  RecoverSettings,
  Vector,
} from "./session_api.ts";
import { type AnyContext, type Copy, isDegraded, Session, type Snapshot } from "./session.ts";
import type { Operation } from "./storage_adapter.ts";
import { checkContext, checkId, checkPatch, checkVector } from "./validation.ts";

/**
 * A handle for the sessions of one tenant. It cannot name another tenant's data, whatever ids contain.
 * Made by `SessionManager.tenant`.
 *
 * Every method rejects with `StoreUnavailableError` when the store does not answer within the command timeout,
 * with `StoreRejectedError` when it refuses, with `CorruptRecordError` when the record cannot be read, and with
 * `InvalidInputError` before anything is written when an argument cannot be taken.
 */
export class TenantSessions<Context extends object = AnyContext> {
  /** The tenant's name. */
  readonly name: string;
  readonly #pod: Pod<Context>;
  readonly #lanes: Lanes<Context>;
  readonly #held: HeldSessions<Context>;
  readonly #increments: IncrementOperations;

  /** Made by the manager. */
  constructor(name: string, pod: Pod<Context>, lanes: Lanes<Context>) {
    this.name = name;
    this.#pod = pod;
    this.#lanes = lanes;
    this.#held = new HeldSessions(name, pod);
    this.#increments = new IncrementOperations(pod.settings.limits);
  }

  /**
   * The session, created with `initial` as its context when there is none. An existing session is given as it
   * is: the initial context is ignored, and its time is not renewed.
   *
   * @example
   * ```ts
   * import { SessionManager } from "@hakgal/sessions";
   *
   * await using manager = await SessionManager.open({ backend: "memory" });
   * const session = await manager.tenant("acme").getOrCreate("user-42", { plan: "free" });
   * console.assert(session.version === 1);
   * ```
   */
  getOrCreate(
    id: string,
    initial?: Context | Record<string, never>,
    settings?: CallSettings,
  ): Promise<Session<Context>> {
    const held = this.#show(id);
    return held ? this.#hit("getOrCreate", held, initial) : this.#create(id, initial, settings);
  }

  /**
   * The session, or undefined when there is none. A held copy is served without asking the store as long as it
   * is fresh (`maxStalenessMs`), unless `fresh` is set.
   */
  get(id: string, settings?: GetSettings): Promise<Session<Context> | undefined> {
    const held = settings?.fresh ? undefined : this.#show(id);
    return held ? this.#hit("get", held) : this.#read("get", id, settings);
  }

  /**
   * Sets the fields of `patch`, and deletes those that are `undefined`. Other fields stay as they are, whoever
   * writes them at the same time. Renews the session's time.
   *
   * @example
   * ```ts
   * import { SessionManager } from "@hakgal/sessions";
   *
   * await using manager = await SessionManager.open({ backend: "memory" });
   * const acme = manager.tenant("acme");
   * await acme.getOrCreate("user-42", { plan: "free", old: 1 });
   * const session = await acme.updateContext("user-42", { risk: "low", old: undefined });
   * console.assert(JSON.stringify(session.context) === '{"plan":"free","risk":"low"}');
   * ```
   * @throws SessionNotFoundError when there is no such session
   */
  updateContext(
    id: string,
    patch: ContextPatch<Context>,
    settings: CallSettings = {},
  ): Promise<Session<Context>> {
    return this.#observed("updateContext", [id], [patch], (served) => {
      const operations = () => checkPatch("patch", patch, this.#pod.settings.limits);
      return this.#write(id, operations, settings, served);
    });
  }

  /**
   * Adds `by` to a counter in IEEE double arithmetic and answers the number after it. An absent field counts as
   * 0. Whole numbers of this pod's callers that wait together are added up and sent as one. When the store's reply was lost
   * and the increment recognised on a retry, the number may include others' increments made in between. Renews the
   * session's time.
   *
   * @throws SessionNotFoundError when there is no such session
   * @throws InvalidInputError when the field is not a number, or would become infinite
   */
  increment(
    id: string,
    field: keyof Context & string,
    by = 1,
    settings?: CallSettings,
  ): Promise<number> {
    return this.#pod.observers.hearCalls
      ? this.#toldIncrement(id, field, by, settings)
      : this.#increment(id, field, by, settings);
  }

  /**
   * Reads, changes and writes back: `change` gets the context and answers a patch, and is run again when
   * another pod wrote in between. It must be synchronous and free of side effects. Updates of one session are
   * serialisable. Renews the session's time.
   *
   * @example
   * ```ts
   * import { SessionManager } from "@hakgal/sessions";
   *
   * await using manager = await SessionManager.open({ backend: "memory" });
   * const acme = manager.tenant("acme");
   * await acme.getOrCreate("user-42", { score: 2 });
   * const session = await acme.update("user-42", ({ score }) => ({ score: score * score }));
   * console.assert(session.context.score === 4);
   * ```
   * @throws SessionNotFoundError when there is no such session
   */
  update(
    id: string,
    change: (context: Context) => ContextPatch<Context>,
    settings: CallSettings = {},
  ): Promise<Session<Context>> {
    return this.#observed("update", [id], [], async (served) => {
      const patch = operationsBy(change, this.#pod.settings.limits);
      const answer = new Answerable<Copy>(settings.signal, served);
      return this.#session(id, await this.#call(id, new UpdateCall(patch, answer)));
    });
  }

  /**
   * Appends a vector to the trajectory; beyond its limit the oldest goes. All vectors of a trajectory have the
   * same length. Renews the session's time.
   *
   * @throws SessionNotFoundError when there is no such session
   * @throws InvalidInputError when the vector's length is another than the trajectory's
   */
  appendTrajectory(
    id: string,
    vector: Vector,
    settings: CallSettings = {},
  ): Promise<Session<Context>> {
    return this.#observed("appendTrajectory", [id], [vector], (served) => {
      const { limits } = this.#pod.settings;
      const append = () => [{ kind: "append", vector: checkVector(vector, limits) }] as const;
      return this.#write(id, append, settings, served);
    });
  }

  /**
   * Applies several changes in one commit: all of them or none. Renews the session's time.
   *
   * @example
   * ```ts
   * import { SessionManager } from "@hakgal/sessions";
   *
   * await using manager = await SessionManager.open({ backend: "memory" });
   * const acme = manager.tenant("acme");
   * await acme.getOrCreate("user-42");
   * const session = await acme.apply("user-42", {
   *   set: { risk: "low" },
   *   increment: { tx_count_1h: 1 },
   *   append: [0.25, 0.5],
   * });
   * console.assert(session.context.tx_count_1h === 1 && session.trajectory.length === 1);
   * ```
   * @throws SessionNotFoundError when there is no such session
   */
  apply(
    id: string,
    changes: Changes<Context>,
    settings: CallSettings = {},
  ): Promise<Session<Context>> {
    return this.#observed("apply", [id], [changes], (served) => {
      const operations = () => operationsOf(changes, this.#pod.settings.limits);
      return this.#write(id, operations, settings, served);
    });
  }

  /** Renews the session's time and changes nothing else; answers whether it was there. */
  touch(id: string, settings: CallSettings = {}): Promise<boolean> {
    return this.#observed("touch", [id], [], async (served) => {
      const answer = new Answerable<boolean>(settings.signal, served);
      return await this.#call(id, new Write("presence", orTouch([]), answer));
    });
  }

  /** Destroys the session for good; answers whether it was there. */
  destroy(id: string, settings: CallSettings = {}): Promise<boolean> {
    return this.#observed("destroy", [id], [], async (served) => {
      return await this.#call(id, new DestroyCall(new Answerable(settings.signal, served)));
    });
  }

  /**
   * Gives the session another id, with the same state; the old id is dead from then on. Against session
   * fixation: call it when a user logs in.
   *
   * @throws SessionNotFoundError when there is no such session
   * @throws SessionExistsError when the new id is taken; the session then lives on under the old one
   */
  rotate(id: string, newId: string, settings: CallSettings = {}): Promise<Session<Context>> {
    return this.#observed("rotate", [id, newId], [], (served) => {
      return this.#rotate(id, newId, settings, served);
    });
  }

  /** The session as the store has it now, past the cache: what a pod does after another one's death. */
  loadFromStore(id: string, settings?: CallSettings): Promise<Session<Context> | undefined> {
    return this.#read("loadFromStore", id, { ...settings, fresh: true });
  }

  /** Loads many sessions; answers those found, in the order asked. What cannot be read is told by the event `corrupt`. */
  async recover(
    ids: Iterable<string>,
    settings: RecoverSettings<Context> = {},
  ): Promise<Map<string, Session<Context>>> {
    const wanted = [...new Set(ids)];
    const recovery = { tenant: this.name, ids: wanted, signal: settings.signal };
    const toSession = (id: string, copy: Copy) => this.#session(id, copy);
    const run = () =>
      recoverSessions(this.#pod, this.#lanes, recovery, toSession, settings.onSession);
    return await this.#observed("recover", wanted, [], run);
  }

  /**
   * All live sessions of the tenant, by hashed id, in any order. One that lives from beginning to end is listed;
   * one may be listed twice. For administration: it reads every key of the store.
   */
  async *list(settings: CallSettings = {}): AsyncGenerator<ListedSession> {
    const prefix = this.#pod.keys.sessionPrefix(this.name);
    const records = this.#pod.observers.observeListing(this.name, () => this.#lanes.list(prefix));
    for await (const { key, version, createdAtMs, expiresInMs } of records) {
      settings.signal?.throwIfAborted();
      const hashedId = key.slice(prefix.length);
      yield { hashedId, version, createdAt: new Date(createdAtMs), expiresInMs };
    }
  }

  #create(
    id: string,
    initial: Context | Record<string, never> = {},
    settings: CallSettings = {},
  ): Promise<Session<Context>> {
    return this.#observed("getOrCreate", [id], [initial], async (served) => {
      const context = checkContext(initial, this.#pod.settings.limits);
      await checkSchema(this.#pod.settings.schema, "initial", new Map(context));
      const answer = new Answerable<Copy>(settings.signal, served);
      return this.#session(id, await this.#call(id, new CreateCall(context, answer)));
    });
  }

  #read(
    operation: "get" | "loadFromStore",
    id: string,
    settings: GetSettings = {},
  ): Promise<Session<Context> | undefined> {
    return this.#observed(operation, [id], [], async (served) => {
      const { signal, fresh = false } = settings;
      const copy = await this.#call(id, new ReadCall(fresh, new Answerable(signal, served)));
      return copy && this.#session(id, copy);
    });
  }

  #toldIncrement(id: string, field: string, by: number, settings?: CallSettings): Promise<number> {
    return this.#observed("increment", [id], [field, by], (served) => {
      return this.#increment(id, field, by, settings, served);
    });
  }

  /** Not async: many calls at once come this way, and each promise more is a good part of what one costs. */
  #increment(
    id: string,
    field: string,
    by: number,
    settings: CallSettings | undefined,
    served?: Served,
  ): Promise<number> {
    const answer = new Answerable<number>(settings?.signal, served);
    try {
      const operations = this.#increments.of(field, by);
      return this.#call(id, new Write("number", operations, answer));
    } catch (error) {
      answer.reject(error);
      return answer.promise;
    }
  }

  async #rotate(
    id: string,
    newId: string,
    settings: CallSettings,
    served: Served | undefined,
  ): Promise<Session<Context>> {
    checkId(newId, this.#pod.settings.limits, "newId");
    if (newId === id) {
      throw new InvalidInputError("newId", "The new id is another one than the old.");
    }
    const to = this.#pod.keys.session(this.name, newId);
    const answer = new Answerable<string>(settings.signal, served);
    const incarnation = await this.#call(id, new RotateCall(to, answer));
    const read = new ReadCall(true, new Answerable(settings.signal));
    const copy = await this.#call(newId, read).catch((cause: unknown) => {
      throw settings.signal?.aborted ? cause : resultUnreadable(cause);
    });
    if (copy?.state.incarnation !== incarnation) throw resultUnreadable();
    return this.#session(newId, copy);
  }

  /** `toOperations` checks what the caller gave: what it throws is his answer. */
  async #write(
    id: string,
    toOperations: () => readonly Operation[],
    settings: CallSettings,
    served: Served | undefined,
  ): Promise<Session<Context>> {
    const operations = orTouch(toOperations());
    const call = new Write("copy", operations, new Answerable(settings.signal, served));
    return this.#session(id, await this.#call(id, call));
  }

  /** The fast path. An id that is held has been checked before. */
  #show(id: string): Snapshot | undefined {
    return this.#lanes.closed ? undefined : this.#held.show(id);
  }

  /**
   * What memory answers: a snapshot and its promise are all that is allocated. An async method would take 200 bytes more
   * for each call, and a closure or a default in those that call this another 100, needed or not.
   */
  #hit(
    operation: "get" | "getOrCreate",
    snapshot: Snapshot,
    initial?: unknown,
  ): Promise<Session<Context>> {
    const session = new Session<Context>(snapshot);
    const { observers } = this.#pod;
    return Promise.resolve(observers.hit(operation, session, isDegraded(snapshot), initial));
  }

  #observed<Result>(
    operation: ObservedOperation,
    ids: readonly string[],
    given: readonly unknown[],
    run: (served?: Served) => Promise<Result>,
  ): Promise<Result> {
    return this.#pod.observers.observe({ operation, tenant: this.name, ids, given }, run);
  }

  #call<Result>(id: string, call: Call & { answer: Answerable<Result> }): Promise<Result> {
    checkId(id, this.#pod.settings.limits);
    this.#lanes.enqueue(this.name, id, call);
    return call.answer.promise;
  }

  #session(id: string, copy: Copy): Session<Context> {
    return new Session(this.#held.snapshot(id, copy));
  }
}
