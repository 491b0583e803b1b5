/**
 * The sessions of one tenant during a staged rollout: each call goes to the store that has the session.
 *
 * @module
 */

import { NotEnrolledError } from "./errors.ts";
import type { Lanes } from "./lanes.ts";
import type { Pod } from "./pod.ts";
import { isEnrolled, type RolloutOptions, type SessionLike, type SessionsLike } from "./rollout.ts";
import { moveAcross } from "./rollout_move.ts";
import type {
  CallSettings,
  Changes,
  ContextPatch,
  GetSettings,
  ListedSession,
  RecoverSettings,
  Vector,
} from "./session_api.ts";
import type { Session } from "./session.ts";
import { TenantSessions } from "./tenant_sessions.ts";
import { checkId } from "./validation.ts";

/** What `TenantSessions` does, for those that are enrolled; the others go to `otherwise`. */
export class RolloutSessions<Context extends object> extends TenantSessions<Context> {
  readonly #pod: Pod<Context>;
  readonly #rollout: RolloutOptions<Context>;
  /** The same tenant without a rollout. */
  readonly #enrolled: TenantSessions<Context>;
  #others: SessionsLike<Context> | undefined;

  /** Made by the manager. */
  constructor(
    name: string,
    pod: Pod<Context>,
    lanes: Lanes<Context>,
    rollout: RolloutOptions<Context>,
  ) {
    super(name, pod, lanes);
    this.#pod = pod;
    this.#rollout = rollout;
    this.#enrolled = new TenantSessions(name, pod, lanes);
  }

  override async getOrCreate(
    id: string,
    initial: Context | Record<string, never> = {},
    settings: CallSettings = {},
  ): Promise<Session<Context>> {
    return toSession(await this.#of(id).getOrCreate(id, initial, settings));
  }

  override async get(
    id: string,
    settings: GetSettings = {},
  ): Promise<Session<Context> | undefined> {
    return toSession(await this.#of(id).get(id, settings));
  }

  override async updateContext(
    id: string,
    patch: ContextPatch<Context>,
    settings: CallSettings = {},
  ): Promise<Session<Context>> {
    return toSession(await this.#of(id).updateContext(id, patch, settings));
  }

  override async increment(
    id: string,
    field: keyof Context & string,
    by = 1,
    settings: CallSettings = {},
  ): Promise<number> {
    return await this.#of(id).increment(id, field, by, settings);
  }

  override async update(
    id: string,
    change: (context: Context) => ContextPatch<Context>,
    settings: CallSettings = {},
  ): Promise<Session<Context>> {
    return toSession(await this.#of(id).update(id, change, settings));
  }

  override async appendTrajectory(
    id: string,
    vector: Vector,
    settings: CallSettings = {},
  ): Promise<Session<Context>> {
    return toSession(await this.#of(id).appendTrajectory(id, vector, settings));
  }

  override async apply(
    id: string,
    changes: Changes<Context>,
    settings: CallSettings = {},
  ): Promise<Session<Context>> {
    return toSession(await this.#of(id).apply(id, changes, settings));
  }

  override async touch(id: string, settings: CallSettings = {}): Promise<boolean> {
    return await this.#of(id).touch(id, settings);
  }

  override async destroy(id: string, settings: CallSettings = {}): Promise<boolean> {
    return await this.#of(id).destroy(id, settings);
  }

  /** On one side it is that side's own `rotate`; from one to the other, `moveAcross`. */
  override async rotate(
    id: string,
    newId: string,
    settings: CallSettings = {},
  ): Promise<Session<Context>> {
    const from = this.#of(id);
    const to = this.#of(newId, "newId");
    if (from === to) return toSession(await from.rotate(id, newId, settings));
    return toSession(
      await moveAcross({ from, id, to, newId, parkingId: this.#pod.nonce() }, settings),
    );
  }

  override async loadFromStore(
    id: string,
    settings: CallSettings = {},
  ): Promise<Session<Context> | undefined> {
    return toSession(await this.#of(id).loadFromStore(id, settings));
  }

  /** Both sides are asked. Where there is no `otherwise`, those outside are left out, as what is not found is. */
  override async recover(
    ids: Iterable<string>,
    settings: RecoverSettings<Context> = {},
  ): Promise<Map<string, Session<Context>>> {
    const wanted = [...new Set(ids)];
    for (const id of wanted) checkId(id, this.#pod.settings.limits);
    const inside = wanted.filter((id) => this.#isEnrolled(id));
    const outside = wanted.filter((id) => !this.#isEnrolled(id));
    const found = await Promise.all([
      // A side that nobody is asked for may be away.
      inside.length > 0 ? this.#enrolled.recover(inside, settings) : undefined,
      outside.length > 0 ? this.#recoverOutside(outside, settings) : undefined,
    ]);
    const inOrder = new Map<string, Session<Context>>();
    for (const id of wanted) {
      const session = found[0]?.get(id) ?? found[1]?.get(id);
      if (session) inOrder.set(id, toSession(session));
    }
    return inOrder;
  }

  #recoverOutside(
    ids: readonly string[],
    { signal, onSession }: RecoverSettings<Context>,
  ): Promise<ReadonlyMap<string, SessionLike<Context>>> | undefined {
    if (!this.#rollout.otherwise) return undefined;
    return this.#outside().recover(ids, {
      ...(signal && { signal }),
      ...(onSession && { onSession: (session) => onSession(toSession(session)) }),
    });
  }

  /** All that this store has, those too that a smaller percentage has left behind; then all that `otherwise` has. */
  override async *list(settings: CallSettings = {}): AsyncGenerator<ListedSession> {
    yield* this.#enrolled.list(settings);
    if (this.#rollout.otherwise) yield* this.#outside().list(settings);
  }

  #of(id: string, name = "id"): SessionsLike<Context> {
    checkId(id, this.#pod.settings.limits, name);
    return this.#isEnrolled(id) ? this.#enrolled : this.#outside();
  }

  #isEnrolled(id: string): boolean {
    // What is held has been hashed before.
    const key = this.#pod.cache.entry(this.name, id)?.key ?? this.#pod.keys.session(this.name, id);
    return isEnrolled(key.hashedId, this.#rollout.percent);
  }

  #outside(): SessionsLike<Context> {
    const { otherwise, percent } = this.#rollout;
    if (!otherwise) throw new NotEnrolledError(percent);
    return this.#others ??= otherwise(this.name);
  }
}

/** The public face is all that callers see. */
function toSession<Context extends object, Given extends SessionLike<Context> | undefined>(
  session: Given,
): Given extends undefined ? Session<Context> | undefined : Session<Context> {
  return session as unknown as Session<Context>;
}
