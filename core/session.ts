/**
 * The snapshot of a session that callers get.
 *
 * @module
 */

import type { Clock } from "./clock.ts";
import type { SessionKey } from "./key_space.ts";
import type { SessionState } from "./storage_adapter.ts";
import type { Answer } from "./store_link.ts";
import { toFloat32Array } from "./validation.ts";

/** A context whose fields nobody has typed. */
// deno-lint-ignore no-explicit-any -- fields are the caller's own; without a type of his, anything goes
export type AnyContext = Record<string, any>;

/** What a pod holds of a session, and until when it is good. */
export interface Copy {
  readonly state: SessionState;
  /** When what it was taken from was sent, on the pod's clock: freshness counts from here (rule 12). */
  readonly sentAt: number;
  /** When it runs out, on the pod's clock; never after the store's own expiry. */
  readonly expiresAt: number;
  /** Operations in it that the store does not have yet; none when left out. */
  readonly pending?: number;
}

/** A copy of a state that was read or made by what was sent then: it never outlives the store's. */
export function toCopy(state: SessionState, answer: Answer<{ storeTimeMs: number }>): Copy {
  const leftMs = state.expiresAtMs - answer.reply.storeTimeMs;
  return { state, sentAt: answer.sentAt, expiresAt: answer.sentAt + leftMs };
}

/**
 * An immutable snapshot of a session. What is done to its context or vectors reaches neither the session
 * nor any other snapshot of it.
 */
export class Session<Context extends object = AnyContext> {
  /** The tenant that owns it. */
  readonly tenant: string;
  /** The caller's own id for it. */
  readonly id: string;
  /** Whether the store was not up, or did not have all of this snapshot, when it was taken. */
  readonly degraded: boolean;
  /** How many accepted operations in this snapshot the store does not have yet. */
  readonly pending: number;
  readonly #copy: Copy;
  readonly #clock: Clock;
  #context: Context | undefined;
  #trajectory: readonly Float32Array[] | undefined;

  /** Made by the manager. */
  constructor(
    key: Pick<SessionKey, "tenant" | "id">,
    copy: Copy,
    { clock, isStoreUp }: { readonly clock: Clock; readonly isStoreUp: boolean },
  ) {
    this.pending = copy.pending ?? 0;
    this.degraded = this.pending > 0 || !isStoreUp;
    this.tenant = key.tenant;
    this.id = key.id;
    this.#copy = copy;
    this.#clock = clock;
  }

  /** The named values; a copy of the caller's own, made when first looked at. */
  get context(): Context {
    return this.#context ??= parseContext(this.#copy.state.context) as Context;
  }

  /** The last vectors, oldest first; copies of the caller's own, made when first looked at. */
  get trajectory(): readonly Float32Array[] {
    return this.#trajectory ??= Object.freeze(this.#copy.state.trajectory.map(toFloat32Array));
  }

  /** Counts the commits that changed the session, from 1; never goes back within an incarnation. */
  get version(): number {
    return this.#copy.state.version;
  }

  /** Random nonce of this session's creation: one destroyed and created again is another session. */
  get incarnation(): string {
    return this.#copy.state.incarnation;
  }

  /** When the session was created, by the store's clock. */
  get createdAt(): Date {
    return new Date(this.#copy.state.createdAtMs);
  }

  /** Milliseconds left until it expires if nothing renews it; counts down, 0 at the least. */
  get expiresInMs(): number {
    return Math.max(0, this.#copy.expiresAt - this.#clock.now());
  }

  /** What `JSON.stringify` sees; vectors as arrays of numbers. */
  toJSON(): Record<string, unknown> {
    const { tenant, id, context, version, createdAt, expiresInMs, degraded, pending } = this;
    const trajectory = this.trajectory.map((vector) => Array.from(vector));
    return {
      tenant,
      id,
      context,
      trajectory,
      version,
      createdAt,
      expiresInMs,
      degraded,
      pending,
    };
  }
}

/** JSON.parse makes own properties of any name, `__proto__` among them. */
export function parseContext(context: ReadonlyMap<string, string>): AnyContext {
  let text = "";
  for (const [field, json] of context) text += `,${JSON.stringify(field)}:${json}`;
  return JSON.parse(`{${text.slice(1)}}`);
}
