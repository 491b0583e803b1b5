/**
 * What a manager tells its owner.
 *
 * @module
 */

/** Names the session that an event is about; its id is never given away, only its hash. */
export interface SessionEvent {
  /** The tenant's name. */
  readonly tenant: string;
  /** The key's last part: the session's hashed id. */
  readonly hashedId: string;
}

/** Why a journaled write cannot be kept. */
export type RejectedReason =
  /** The session was destroyed, or rotated, by somebody else, or replaced by another one. */
  | "destroyed"
  /** It had expired before the write, or somebody was told that it had. */
  | "expired"
  /** It has no trace in the store. */
  | "vanished"
  /** There was no such session when the write was accepted. */
  | "unknown"
  /** The write does not fit the state that the store holds. */
  | "invalid"
  /** An update whose function is not there any more met another state. */
  | "conflict"
  /** It waited longer than `journal.maxAgeMs`. */
  | "too-old"
  /** The record cannot be read. */
  | "corrupt"
  /** It is too long ago to tell whether it had been applied. */
  | "undecidable";

/** Why an acknowledged state cannot be put back. */
export type LostReason =
  /** This pod holds no copy of it. */
  | "no-copy"
  /** Another pod wrote since the loss. */
  | "diverged"
  /** A later session under this id is in its place. */
  | "superseded";

/** Why a session could not be looked up in the store. */
export type UnrecoveredReason =
  /** The store is away, or did not answer. */
  | "unavailable"
  /** It refused, e.g. for want of a permission. */
  | "rejected"
  /** Its record cannot be read. */
  | "corrupt";

/** The events of a manager, by name, with their payloads. */
export interface SessionEvents {
  /** A session was found in the store that this pod did not hold. */
  recovered: SessionEvent & { readonly version: number };
  /**
   * A session that this pod did not hold could not be looked up: whether there is one is not known. While the store is away it
   * is told for each look at it, until the session begins anew in the journal; never of one that does not exist.
   */
  recoveryFailed: SessionEvent & { readonly reason: UnrecoveredReason };
  /**
   * A session that this pod held, and whose time had not run out, has no trace in a store that kept its memory:
   * evicted, or deleted by hand. It stays gone, unless `onVanished` is `heal`.
   */
  vanished: SessionEvent;
  /** The store went away: sessions are served from memory, and writes are journaled (or refused, by `failMode`). */
  degraded: { readonly reason: string };
  /** The store is back, and what was journaled begins to drain. */
  recovering: { readonly sessions: number };
  /** Nothing is journaled any more. */
  reconciled: {
    /** Operations that the store took. */
    readonly operations: number;
    /** Operations that could not be kept; each was told by `rejected`. */
    readonly rejected: number;
    /** Since the store came back, in milliseconds. */
    readonly tookMs: number;
  };
  /** Journaled writes that cannot be kept, and why (G10). */
  rejected: SessionEvent & {
    readonly operations: number;
    readonly reason: RejectedReason;
    readonly detail?: string;
  };
  /** The journal cannot drain because the store refuses its writes, e.g. `OOM`. They are kept, and tried again. */
  stalled: { readonly code: string; readonly message: string };
  /** Part of a durable journal could not be read; it was moved to `path`, and the rest taken over. */
  journalDamaged: { readonly path: string; readonly reason: string };
  /** The store lost its memory, or may have: restarted, failed over, restored, flushed. Copies are put back. */
  memoryLost: Record<never, never>;
  /** A session was put back into a store that had lost it. */
  healed: SessionEvent & { readonly version: number };
  /**
   * Writes that the store had acknowledged are not in it any more, and this pod cannot put them back; or what it has put
   * back took the place of an earlier session.
   */
  lost: SessionEvent & { readonly version: number; readonly reason: LostReason };
  /** A record in the store cannot be read. */
  corrupt: SessionEvent & { readonly detail: string };
  /** The store has less of a session than it had acknowledged to this pod. */
  behind: SessionEvent;
  /** Another pod's commits may go unheard for a while: copies are only as fresh as their bound. */
  inboxLost: { readonly tenant: string; readonly cause?: unknown };
  /**
   * The audit log's sink failed, or could not keep up. The calls go on; the lines wait, as long as there is room for them.
   */
  auditFailed: {
    readonly reason: string;
    /** Lines that wait for it, and will be tried again. */
    readonly waiting: number;
    /** Lines that found no room, or were still waiting at the end, since the manager was made. */
    readonly lost: number;
  };
  /**
   * Something is set up in a way that its owner should know of. Warnings of the time before anybody
   * listened are told to the first listener.
   */
  warning: { readonly code: string; readonly message: string };
}

/** Where a manager writes what nobody listens to. `console` fits. */
export interface Logger {
  /** Something its owner should know of. */
  warn(message: string, details?: unknown): void;
  /** Something that failed and has nobody to tell. */
  error(message: string, details?: unknown): void;
}

/** Calls listeners; one that throws harms neither the others nor the manager. */
export class EventHub {
  readonly #listeners = new Map<keyof SessionEvents, Set<(payload: never) => void>>();
  readonly #logger: Logger | undefined;
  readonly #counts = new Map<keyof SessionEvents, number>();
  #unheardWarnings: SessionEvents["warning"][] = [];

  constructor(logger: Logger | undefined) {
    this.#logger = logger;
  }

  /** Adds a listener; the answer removes it. */
  on<Name extends keyof SessionEvents>(
    name: Name,
    listener: (payload: SessionEvents[Name]) => void,
  ): () => void {
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners.add(listener));
    if (name === "warning") {
      const unheard = this.#unheardWarnings;
      this.#unheardWarnings = [];
      for (const warning of unheard) this.emit("warning", warning);
    }
    return () => void listeners.delete(listener);
  }

  /** How often each event was told so far. */
  counts(): Partial<Record<keyof SessionEvents, number>> {
    return Object.fromEntries(this.#counts);
  }

  emit<Name extends keyof SessionEvents>(name: Name, payload: SessionEvents[Name]): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
    const listeners = this.#listeners.get(name);
    for (const listener of listeners ?? []) {
      try {
        (listener as (payload: SessionEvents[Name]) => void)(payload);
      } catch (error) {
        this.#logger?.error(`A listener of "${name}" threw`, error);
      }
    }
    if (name === "warning") {
      const warning = payload as SessionEvents["warning"];
      if (!listeners?.size) this.#unheardWarnings.push(warning);
      this.#logger?.warn(warning.message, { code: warning.code });
    }
  }
}
