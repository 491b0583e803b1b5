/**
 * The errors of this library. Each has a stable `code`, a message that says what to do, and keeps its `cause`.
 *
 * @module
 */

import type { RejectedReason } from "./events.ts";

/** Base of every error that this library throws by itself. */
export abstract class SessionError extends Error {
  /** Stable name of the kind of error; does not change within a major version. */
  abstract readonly code: string;

  /** The class's name, as written in the documentation. */
  override get name(): string {
    return this.constructor.name;
  }
}

/** Why a session was not found. */
export type NotFoundReason =
  /** Somebody destroyed it, or rotated it to another id. */
  | "destroyed"
  /** Its time ran out. */
  | "expired"
  /** This pod held it, its time had not run out, and the store has no trace of it. */
  | "vanished"
  /** This pod knows nothing of it, and the store neither. */
  | "unknown";

/** A write to a session that does not exist. */
export class SessionNotFoundError extends SessionError {
  /** Stable name of this kind of error. */
  readonly code = "SESSION_NOT_FOUND";
  /** Why it is not there. */
  readonly reason: NotFoundReason;

  /** Made by the manager. */
  constructor(reason: NotFoundReason, options?: ErrorOptions) {
    super(
      `The session does not exist (${reason}). Create it with getOrCreate() before writing to it.`,
      options,
    );
    this.reason = reason;
  }
}

/** The id that a session was to be rotated to is taken. The session lives on under its old id. */
export class SessionExistsError extends SessionError {
  /** Stable name of this kind of error. */
  readonly code = "SESSION_EXISTS";

  /** Made by the manager. */
  constructor() {
    super(
      "A session with the new id exists already; the old one lives on. Rotate to an unused id.",
    );
  }
}

/**
 * The store did not answer in time, or cannot be reached. `outcome` says what became of a write:
 * `not-applied` when it surely had no effect, `unknown` when it may have had one, or may have one yet.
 */
export class StoreUnavailableError extends SessionError {
  /** Stable name of this kind of error. */
  readonly code = "STORE_UNAVAILABLE";
  /** What became of the command. */
  readonly outcome: "not-applied" | "unknown";

  /** Thrown by adapters and by the manager. */
  constructor(message: string, options: ErrorOptions & { outcome: "not-applied" | "unknown" }) {
    super(message, options);
    this.outcome = options.outcome;
  }
}

/**
 * The store is away, and the journal has no room for this write. Nothing was written; what was accepted before is kept.
 */
export class JournalFullError extends SessionError {
  /** Stable name of this kind of error. */
  readonly code = "JOURNAL_FULL";
  /** The bound that was reached: an option of `journal`. */
  readonly bound: "maxSessions" | "maxBytes";
  /** Its value. */
  readonly limit: number;

  /** Made by the manager. */
  constructor(bound: "maxSessions" | "maxBytes", limit: number, options?: ErrorOptions) {
    super(
      `The store is away and the journal is full (journal.${bound} is ${limit}). Try again when the store is back, ` +
        `or raise the bound.`,
      options,
    );
    this.bound = bound;
    this.limit = limit;
  }
}

/** Writes that were accepted while the store was away, and that are not in it. */
export class UnkeptWritesError extends SessionError {
  /** Stable name of this kind of error. */
  readonly code = "UNKEPT_WRITES";
  /** The writes, by session; `journaled` are those that still wait for the store. */
  readonly writes: readonly UnkeptWrite[];

  /** Made by the manager. */
  constructor(writes: readonly UnkeptWrite[], options?: ErrorOptions) {
    const operations = writes.reduce((sum, write) => sum + write.operations, 0);
    const reasons = [...new Set(writes.map(({ reason }) => reason))].join(", ");
    super(
      `${operations} accepted write(s) of ${writes.length} session(s) are not in the store (${reasons}); ` +
        `"writes" names them.`,
      options,
    );
    this.writes = writes;
  }
}

/** A write that was accepted and is not in the store. */
export interface UnkeptWrite {
  /** The tenant's name. */
  readonly tenant: string;
  /** The session's hashed id. */
  readonly hashedId: string;
  /** Operations that it concerns. */
  readonly operations: number;
  /** Why; `journaled` still waits in this process's memory, and is lost with it. */
  readonly reason: RejectedReason | "journaled";
}

/** The store refused the command for good: wrong password, missing permission, read-only, out of memory. */
export class StoreRejectedError extends SessionError {
  /**
   * The server's own code, e.g. `WRONGPASS`, `NOAUTH`, `NOPERM`, `READONLY`, `OOM`;
   * `REJECTED` when it gave none.
   */
  readonly code: string;

  /** Thrown by adapters and by the manager. */
  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** An argument that cannot be taken. Nothing was written. */
export class InvalidInputError extends SessionError {
  /** Stable name of this kind of error. */
  readonly code = "INVALID_INPUT";
  /** The argument or context field at fault. */
  readonly field: string;
  /** The limit that it exceeds, in the unit that the message names. */
  readonly limit: number | undefined;
  /** The size that was found, in the same unit. */
  readonly size: number | undefined;

  /** Made by the manager. */
  constructor(
    field: string,
    message: string,
    options: ErrorOptions & { limit?: number; size?: number } = {},
  ) {
    super(message, options);
    this.field = field;
    this.limit = options.limit;
    this.size = options.size;
  }
}

/** A record in the store that cannot be read. It concerns this session only, and is left as it is. */
export class CorruptRecordError extends SessionError {
  /** Stable name of this kind of error. */
  readonly code = "CORRUPT_RECORD";
  /** The tenant whose session it is. */
  readonly tenant: string;
  /** The key's last part: the session's hashed id. */
  readonly hashedId: string;

  /** Made by the manager. */
  constructor(tenant: string, hashedId: string, detail: string, options?: ErrorOptions) {
    super(
      `The record of session ${hashedId} (hashed id) of tenant "${tenant}" cannot be read: ${detail}. ` +
        `It was left as it is: a newer version of this library may have written it.`,
      options,
    );
    this.tenant = tenant;
    this.hashedId = hashedId;
  }
}

/** An option or environment variable that is wrong, or a package that is not installed. */
export class ConfigError extends SessionError {
  /** Stable name of this kind of error. */
  readonly code = "CONFIG";
  /** The option or variable at fault. */
  readonly option: string;

  /** Thrown while opening. */
  constructor(option: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.option = option;
  }
}

/** The session is outside of the staged rollout, and no `rollout.otherwise` has it. Nothing was read or written. */
export class NotEnrolledError extends SessionError {
  /** Stable name of this kind of error. */
  readonly code = "NOT_ENROLLED";
  /** The rollout's percentage. */
  readonly percent: number;

  /** Made by the manager. */
  constructor(percent: number) {
    super(
      `The session is outside of the rollout (${percent} %). Serve it from where it was so far, or give ` +
        `rollout.otherwise.`,
    );
    this.percent = percent;
  }
}

/** A call to a manager that was closed. */
export class ManagerClosedError extends SessionError {
  /** Stable name of this kind of error. */
  readonly code = "MANAGER_CLOSED";

  /** Made by the manager. */
  constructor() {
    super("The SessionManager is closed. Open another one, or close it later.");
  }
}

/** What is told of a write that was applied, when the session cannot be read any more. */
export function resultUnreadable(cause?: unknown): StoreUnavailableError {
  return new StoreUnavailableError(
    "It was applied, but the session could not be read afterwards: the store was away, or somebody destroyed, " +
      "rotated or replaced the session meanwhile.",
    { outcome: "unknown", cause },
  );
}
