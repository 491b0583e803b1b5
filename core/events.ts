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

/** The events of a manager, by name, with their payloads. */
export interface SessionEvents {
  /** A session was found in the store that this pod did not hold. */
  recovered: SessionEvent & { readonly version: number };
  /** A session that this pod held, and whose time had not run out, has no trace in the store. */
  vanished: SessionEvent;
  /** A record in the store cannot be read. */
  corrupt: SessionEvent & { readonly detail: string };
  /** The store has less of a session than it had acknowledged to this pod. */
  behind: SessionEvent;
  /** Another pod's commits may go unheard for a while: copies are only as fresh as their bound. */
  inboxLost: { readonly tenant: string; readonly cause?: unknown };
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

  emit<Name extends keyof SessionEvents>(name: Name, payload: SessionEvents[Name]): void {
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
