/**
 * Where a journal is kept that outlives its process. The journal itself is `outage_journal.ts`; how a session's record
 * is written is `journal_record.ts`. A store of records knows neither: to it a record is text under a key.
 *
 * @module
 */

/** A place for one pod's journal, held by one process at a time. */
export interface JournalStore {
  /**
   * Opens it, and keeps every other process out until `close`, or until this process dies.
   *
   * @throws ConfigError when the place cannot be written, or another process holds it
   */
  open(): Promise<JournalContents>;
  /**
   * Writes records by their keys; `undefined` removes one. All of them or none; resolved means that they outlive
   * this process.
   */
  write(changes: ReadonlyMap<string, string | undefined>): Promise<void>;
  /** Moves a record that cannot be understood out of the way, into a file; the answer is the file's path. */
  setAside(key: string, record: string, reason: string): Promise<string>;
  /** Lets go of the place. */
  close(): Promise<void>;
}

/** Makes the place for a journal under a path; nothing is opened yet. */
export type JournalAt = (path: string) => JournalStore | Promise<JournalStore>;

/** What an earlier process left. */
export interface JournalContents {
  /** Records that are whole, by their keys. */
  readonly records: ReadonlyMap<string, string>;
  /** Where the rest was put, if there was any that could not be read; and what was wrong with it. */
  readonly damage: JournalDamage | undefined;
}

/** Part of a journal that could not be read. */
export interface JournalDamage {
  /** The file that it was moved to. */
  readonly path: string;
  /** What is wrong with it. */
  readonly reason: string;
}
