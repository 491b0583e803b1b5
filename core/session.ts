/**
 * The snapshot of a session that callers get.
 *
 * @module
 */

import type { Clock } from "./clock.ts";
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
  return new StoredCopy(state, answer.sentAt, answer.sentAt + leftMs);
}

/** A class, as `calls.ts` says why: each commit makes a copy of which the next one lets go. */
class StoredCopy implements Copy {
  readonly state: SessionState;
  readonly sentAt: number;
  readonly expiresAt: number;

  constructor(state: SessionState, sentAt: number, expiresAt: number) {
    this.state = state;
    this.sentAt = sentAt;
    this.expiresAt = expiresAt;
  }
}

/** What all snapshots of one state of a session share; never changed. */
export interface Snapshot {
  readonly tenant: string;
  readonly id: string;
  readonly copy: Copy;
  readonly clock: Clock;
  /** Whether the store was up when it was taken. */
  readonly isStoreUp: boolean;
}

/**
 * An immutable snapshot of a session. What is done to its context or vectors reaches neither the session
 * nor any other snapshot of it.
 */
export class Session<Context extends object = AnyContext> {
  /** Shared: a read that memory answers takes no more memory than the two fields of its own. */
  readonly #snapshot: Snapshot;
  #own: OwnCopies<Context> | undefined;

  /** Made by the manager. */
  constructor(snapshot: Snapshot) {
    this.#snapshot = snapshot;
  }

  /** The tenant that owns it. */
  get tenant(): string {
    return this.#snapshot.tenant;
  }

  /** The caller's own id for it. */
  get id(): string {
    return this.#snapshot.id;
  }

  /** Whether the store was not up, or did not have all of this snapshot, when it was taken. */
  get degraded(): boolean {
    return isDegraded(this.#snapshot);
  }

  /** How many accepted operations in this snapshot the store does not have yet. */
  get pending(): number {
    return this.#snapshot.copy.pending ?? 0;
  }

  /** The named values; a copy of the caller's own, made when first looked at. */
  get context(): Context {
    const own = this.#own ??= {};
    return own.context ??= parseContext(this.#snapshot.copy.state.context) as Context;
  }

  /** The last vectors, oldest first; copies of the caller's own, made when first looked at. */
  get trajectory(): readonly Float32Array[] {
    const own = this.#own ??= {};
    const { trajectory } = this.#snapshot.copy.state;
    return own.trajectory ??= Object.freeze(trajectory.map(toFloat32Array));
  }

  /** Counts the commits that changed the session, from 1; never goes back within an incarnation. */
  get version(): number {
    return this.#snapshot.copy.state.version;
  }

  /** Random nonce of this session's creation: one destroyed and created again is another session. */
  get incarnation(): string {
    return this.#snapshot.copy.state.incarnation;
  }

  /** When the session was created, by the store's clock. */
  get createdAt(): Date {
    return new Date(this.#snapshot.copy.state.createdAtMs);
  }

  /** Milliseconds left until it expires if nothing renews it; counts down, 0 at the least. */
  get expiresInMs(): number {
    const { copy, clock } = this.#snapshot;
    return Math.max(0, copy.expiresAt - clock.now());
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

// What `console.log` shows, on every runtime: all of it is behind getters.
Object.defineProperty(Session.prototype, Symbol.for("nodejs.util.inspect.custom"), {
  value(this: Session): Record<string, unknown> {
    return this.toJSON();
  },
});

/** What a caller may do to a snapshot's contents is done to these; made when first looked at. */
interface OwnCopies<Context> {
  context?: Context;
  trajectory?: readonly Float32Array[];
}

/** Whether what a snapshot shows was not all in a store that was up. */
export function isDegraded({ copy, isStoreUp }: Snapshot): boolean {
  return !isStoreUp || copy.pending !== undefined && copy.pending > 0;
}

/** JSON.parse makes own properties of any name, `__proto__` among them. */
export function parseContext(context: ReadonlyMap<string, string>): AnyContext {
  let text = "";
  for (const [field, json] of context) text += `,${JSON.stringify(field)}:${json}`;
  return JSON.parse(`{${text.slice(1)}}`);
}
