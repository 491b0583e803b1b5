/**
 * One open SQLite file: its connection, statements, time and write queue.
 *
 * @module
 */

import type { DatabaseSync } from "node:sqlite";
import { type Clock, delay, systemClock } from "../../core/clock.ts";
import { ConfigError, StoreRejectedError } from "../../core/errors.ts";
import { backoffMs } from "./backoff.ts";
import { isBusy, isSqliteError, notReached, rejection, storeFailure } from "./failure.ts";
import { KnownRows } from "./known_rows.ts";
import { misplaced } from "./location.ts";
import { OpenedFiles } from "./opened_files.ts";
import { prepareSchema } from "./schema.ts";
import { prepareStatements, type Statements } from "./statements.ts";
import { StoreTime } from "./store_time.ts";
import { Sweeper } from "./sweeper.ts";
import { type Transaction, WriteQueue } from "./write_queue.ts";

/** The file's clock is written once it is this far behind: other processes may lag no more than that. */
const CLOCK_STEP_MS = 100;
/** How long a pod's key is kept before its first heartbeat. */
const OPENED_KEEP_MS = 60_000;
/**
 * Pages of the write-ahead log before they are moved into the file. Moving waits for the disk however few they are, so
 * seldom is better; up to 4,062 the log is searched in one step.
 */
const LOG_PAGES = 4_000;
/** Bytes of the write-ahead log that stay on disk after a burst. */
const KEPT_LOG_BYTES = 16 * 1024 * 1024;

/** What {@linkcode openDatabase} needs to know; the adapter has given every option its default. */
export interface DatabaseOptions {
  readonly path: string;
  readonly synchronous: "normal" | "full";
  readonly clock: Clock | undefined;
  readonly random: () => number;
}

/** An open store. */
export class Database {
  readonly statements: Statements;
  readonly time: StoreTime;
  /** For bodies of the queue alone. */
  readonly rows = new KnownRows();
  readonly queue: WriteQueue;
  readonly #connection: DatabaseSync;
  readonly #files: OpenedFiles;
  #closed: Promise<void> | undefined;

  constructor(connection: DatabaseSync, options: DatabaseOptions) {
    this.#connection = connection;
    this.#files = new OpenedFiles(options.path);
    this.statements = prepareStatements(connection);
    this.time = new StoreTime(options.clock);
    const clock = options.clock ?? systemClock;
    const transaction = new WriteTransaction(this.statements, this.rows, this.time, clock);
    this.queue = new WriteQueue(transaction, clock, options.random);
  }

  /** SQLite's version. */
  get version(): string {
    return String(this.#connection.prepare("SELECT sqlite_version() AS version").get()!.version);
  }

  /** Runs `body` on one snapshot at once, or in the queue when another connection is in the way. */
  async read<Reply>(body: () => Reply, timeoutMs: number): Promise<Reply> {
    try {
      return this.#snapshot(body);
    } catch (error) {
      if (!isBusy(error)) throw storeFailure(error, "not-applied");
    }
    return await this.queue.run(body, timeoutMs);
  }

  /** Whether the path still leads to the file that is open. */
  isInPlace(): boolean {
    try {
      return this.#files.areInPlace();
    } catch (cause) {
      throw notReached("The SQLite file cannot be looked at.", { cause });
    }
  }

  /** Names what the file remembers: a copy of it in its place has another name. */
  epoch(): string {
    return `${this.statements.readEpoch.get()!.epoch}-${this.#files.identity ?? "memory"}`;
  }

  /** Waits for the queue, then closes the file. */
  close(): Promise<void> {
    return this.#closed ??= this.#close();
  }

  /** Takes away what a file that lost its place left there, and closes it. */
  async leave(): Promise<void> {
    await this.queue.idle();
    // As long as they are open, no new file can have their numbers.
    if (!this.#closed) this.#files.removeLog();
    await this.close();
  }

  async #close(): Promise<void> {
    await this.queue.idle();
    this.#connection.close();
  }

  #snapshot<Reply>(body: () => Reply): Reply {
    this.statements.begin.run();
    try {
      return body();
    } finally {
      this.statements.commit.run();
    }
  }
}

class WriteTransaction implements Transaction {
  readonly #statements: Statements;
  readonly #rows: KnownRows;
  readonly #time: StoreTime;
  readonly #sweeper: Sweeper;
  /** What the file was when the rows and the clock were read; undefined when they have to be read again. */
  #dataVersion: unknown;
  #highMs = 0;

  constructor(statements: Statements, rows: KnownRows, time: StoreTime, clock: Clock) {
    this.#statements = statements;
    this.#rows = rows;
    this.#time = time;
    this.#sweeper = new Sweeper(statements, rows, clock);
  }

  begin(): void {
    this.#statements.beginImmediate.run();
    const dataVersion = this.#statements.readDataVersion.get()!.data_version;
    if (dataVersion === this.#dataVersion) return;
    this.#forget();
    this.#highMs = this.#statements.readClock.get()!.high_ms as number;
    this.#time.observe(this.#highMs);
    this.#dataVersion = dataVersion;
  }

  commit(): void {
    const nowMs = this.#time.nowMs();
    this.#sweeper.sweep(nowMs);
    if (nowMs - this.#highMs >= CLOCK_STEP_MS) this.#writeClock(nowMs);
    this.#statements.commit.run();
  }

  rollback(): void {
    this.#forget();
    try {
      this.#statements.rollback.run();
    } catch (error) {
      // SQLite ended the transaction by itself, as it does when the disk is full, or never began it.
      if (!isSqliteError(error) || !error.message.includes("no transaction is active")) throw error;
    }
  }

  #writeClock(nowMs: number): void {
    this.#statements.writeClock.run(nowMs);
    this.#highMs = nowMs;
  }

  #forget(): void {
    this.#rows.clear();
    this.#dataVersion = undefined;
  }
}

/** Opens the file, makes or checks its tables and writes `podKey`, all within `timeoutMs`. */
export async function openDatabase(
  options: DatabaseOptions,
  podKey: string,
  timeoutMs: number,
): Promise<Database> {
  const clock = options.clock ?? systemClock;
  const deadlineMs = clock.now() + timeoutMs;
  const connection = await connect(options.path);
  try {
    for (let refusals = 0;; refusals++) {
      try {
        prepareFile(connection, options, podKey);
        return new Database(connection, options);
      } catch (error) {
        if (!isBusy(error)) throw openFailure(error, options.path);
        const leftMs = deadlineMs - clock.now();
        if (leftMs <= 0) throw lockedForLong(options.path, error);
        await delay(clock, Math.min(backoffMs(refusals, options.random), leftMs));
      }
    }
  } catch (error) {
    connection.close();
    throw error;
  }
}

async function connect(path: string): Promise<DatabaseSync> {
  let sqlite;
  try {
    sqlite = await import("node:sqlite");
  } catch (cause) {
    const message = "This runtime has no node:sqlite: use Deno, Bun or Node 22 and newer.";
    throw new ConfigError("backend", message, { cause });
  }
  try {
    return new sqlite.DatabaseSync(path);
  } catch (error) {
    throw openFailure(error, path);
  }
}

/** Everything that must hold before the first commit; can be run again after it was refused as busy. */
function prepareFile(connection: DatabaseSync, options: DatabaseOptions, podKey: string): void {
  connection.exec("PRAGMA busy_timeout = 0");
  const mode = connection.prepare("PRAGMA journal_mode = WAL").get()!.journal_mode;
  if (mode !== "wal" && mode !== "memory") {
    throw new ConfigError(
      "url",
      `${options.path} cannot have a write-ahead log: use a local disk.`,
    );
  }
  connection.exec(`PRAGMA synchronous = ${options.synchronous}`);
  connection.exec(`PRAGMA wal_autocheckpoint = ${LOG_PAGES}`);
  connection.exec(`PRAGMA journal_size_limit = ${KEPT_LOG_BYTES}`);
  connection.exec("BEGIN IMMEDIATE");
  try {
    prepareSchema(connection, options.path);
    connection.prepare(
      // It counts nothing: a counter that went back must not catch up by opening the file again.
      `INSERT INTO pod (key, counter, drop_at_ms) VALUES (?, 0, ?)
       ON CONFLICT DO UPDATE SET drop_at_ms = max(drop_at_ms, excluded.drop_at_ms)`,
    ).run(podKey, Date.now() + OPENED_KEEP_MS);
    connection.exec("COMMIT");
  } catch (error) {
    if (connection.isTransaction) connection.exec("ROLLBACK");
    throw error;
  }
}

function lockedForLong(path: string, cause: unknown): Error {
  return notReached(`${path} was locked by other connections for too long.`, { cause });
}

function openFailure(error: unknown, path: string): unknown {
  if (!isSqliteError(error)) return error;
  if (error.name === "NotCapable") {
    return new StoreRejectedError("NOPERM", `${error.message} (${path}).`, { cause: error });
  }
  if (error.message.includes("file is not a database")) {
    return new ConfigError("url", `${path} is not a SQLite database.`, { cause: error });
  }
  if (error.message.includes("unable to open database file")) {
    return misplaced(path, error) ??
      new StoreRejectedError("READONLY", `${path} cannot be opened for writing.`, { cause: error });
  }
  return rejection(error) ?? storeFailure(error, "not-applied");
}
