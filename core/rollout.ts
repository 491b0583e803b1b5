/**
 * A staged rollout: which sessions it takes in, and who has the others.
 *
 * @module
 */

import type {
  CallSettings,
  Changes,
  ContextPatch,
  GetSettings,
  ListedSession,
  Vector,
} from "./session_api.ts";
import type { AnyContext, Session } from "./session.ts";

/** A snapshot of a session by its public face alone, so that another store's can be one. */
export type SessionLike<Context extends object = AnyContext> = Pick<
  Session<Context>,
  keyof Session<Context>
>;

/** Options of {@linkcode SessionsLike.recover}. */
export interface RecoverLikeSettings<Context extends object> extends CallSettings {
  /** Hears of each session as soon as it is found. */
  readonly onSession?: (session: SessionLike<Context>) => void;
}

/**
 * The interface of {@linkcode TenantSessions}, for the store that has the sessions outside of a rollout. Another
 * manager's `tenant(name)` fits; so does an object of one's own over whatever kept the sessions so far.
 */
export interface SessionsLike<Context extends object = AnyContext> {
  /** See `TenantSessions.getOrCreate`. */
  getOrCreate(
    id: string,
    initial?: Context | Record<string, never>,
    settings?: CallSettings,
  ): Promise<SessionLike<Context>>;
  /** See `TenantSessions.get`. */
  get(id: string, settings?: GetSettings): Promise<SessionLike<Context> | undefined>;
  /** See `TenantSessions.updateContext`. */
  updateContext(
    id: string,
    patch: ContextPatch<Context>,
    settings?: CallSettings,
  ): Promise<SessionLike<Context>>;
  /** See `TenantSessions.increment`. */
  increment(
    id: string,
    field: keyof Context & string,
    by?: number,
    settings?: CallSettings,
  ): Promise<number>;
  /** See `TenantSessions.update`. */
  update(
    id: string,
    change: (context: Context) => ContextPatch<Context>,
    settings?: CallSettings,
  ): Promise<SessionLike<Context>>;
  /** See `TenantSessions.appendTrajectory`. */
  appendTrajectory(
    id: string,
    vector: Vector,
    settings?: CallSettings,
  ): Promise<SessionLike<Context>>;
  /** See `TenantSessions.apply`. */
  apply(
    id: string,
    changes: Changes<Context>,
    settings?: CallSettings,
  ): Promise<SessionLike<Context>>;
  /** See `TenantSessions.touch`. */
  touch(id: string, settings?: CallSettings): Promise<boolean>;
  /** See `TenantSessions.destroy`. */
  destroy(id: string, settings?: CallSettings): Promise<boolean>;
  /** See `TenantSessions.rotate`. */
  rotate(id: string, newId: string, settings?: CallSettings): Promise<SessionLike<Context>>;
  /** See `TenantSessions.loadFromStore`. */
  loadFromStore(id: string, settings?: CallSettings): Promise<SessionLike<Context> | undefined>;
  /** See `TenantSessions.recover`. */
  recover(
    ids: Iterable<string>,
    settings?: RecoverLikeSettings<Context>,
  ): Promise<ReadonlyMap<string, SessionLike<Context>>>;
  /** See `TenantSessions.list`. */
  list(settings?: CallSettings): AsyncIterable<ListedSession>;
}

/** A staged rollout. */
export interface RolloutOptions<Context extends object = AnyContext> {
  /**
   * How many of all ids are taken in, from 0 to 100; fractions count. Which, is decided by the hashed id: every pod with
   * the same `idSecret` decides alike, and who is in stays in as the number grows.
   */
  readonly percent: number;
  /**
   * The sessions outside of the rollout, by tenant: asked once for each handle. @default they are answered
   * `NotEnrolledError`
   */
  readonly otherwise?: (tenant: string) => SessionsLike<Context>;
}

/** Whether a session is in a rollout of so many percent: its hashed id's place among all is below that. */
export function isEnrolled(hashedId: string, percent: number): boolean {
  return Number.parseInt(hashedId.slice(0, 8), 16) < percent / 100 * 2 ** 32;
}
