/**
 * Sessions in a SQLite file, through the runtime's own `node:sqlite`: for the pods of one machine, which
 * all open the same file. Needs Deno, Bun, or Node 22 and newer.
 *
 * @module
 */

import type { Clock } from "../core/clock.ts";
import { commit, isExpired } from "../core/commit.ts";
import { heal } from "../core/heal.ts";
import { load } from "../core/load.ts";
import type {
  AdapterOpenOptions,
  CallOptions,
  CommitBatch,
  CommitReply,
  HealReply,
  HealRequest,
  HeartbeatOptions,
  HeartbeatReply,
  ListedRecord,
  LoadReply,
  LoadRequest,
  StorageAdapter,
  StoreInfo,
} from "../core/storage_adapter.ts";
import { type Database, openDatabase } from "./sqlite/database.ts";
import { notReached } from "./sqlite/failure.ts";
import { listLive } from "./sqlite/list.ts";
import { resolvePath } from "./sqlite/location.ts";
import { SqliteRecord } from "./sqlite/record.ts";

/** Options of {@linkcode sqliteAdapter}. */
export interface SqliteAdapterOptions {
  /**
   * The file: a path, a `file:` URL, or `:memory:` for a store that dies with the adapter. It is created
   * when missing, its directory is not. It must lie on a local disk.
   */
  readonly path: string | URL;
  /**
   * What a resolved write survives: `normal` the death of any process, `full` the loss of power too, at
   * the price of a disk flush for every group of writes.
   * @default "normal"
   */
  readonly synchronous?: "normal" | "full";
  /** Drives expiry and pauses. @default the machine's wall clock, never going back */
  readonly clock?: Clock;
  /** Spreads the attempts of processes that wait for each other: numbers in [0, 1). @default Math.random */
  readonly random?: () => number;
}

/**
 * An adapter over a SQLite file. Any number of processes of one machine can share the file. Writes that
 * arrive together are committed together; a lock held by another process is waited for without blocking
 * the event loop, and for no longer than the call's timeout.
 *
 * When the file is deleted or another one is moved into its place, that is noticed at the next heartbeat, and
 * what lies there then is opened. A backup must be moved there: a file that is overwritten while it is open is
 * damaged.
 *
 * `open` rejects with `ConfigError` when the runtime has no `node:sqlite`, when the directory does not exist,
 * and when the file is no store of this library or of a newer version; with `StoreRejectedError` (`READONLY`,
 * `FULL`, `NOPERM`) when it cannot be written.
 *
 * @throws {ConfigError} when `path` is empty or no file URL of this machine.
 *
 * @example Two pods on one file
 * ```ts
 * import { SessionManager } from "@hakgal/sessions";
 * import { sqliteAdapter } from "@hakgal/sessions/adapters/sqlite";
 *
 * const path = await Deno.makeTempFile({ suffix: ".db" });
 * await using pod1 = new SessionManager({ adapter: sqliteAdapter({ path }) });
 * await using pod2 = new SessionManager({ adapter: sqliteAdapter({ path }) });
 * await pod1.tenant("acme").getOrCreate("user-42", { plan: "free" });
 * const session = await pod2.tenant("acme").get("user-42");
 * console.assert(session?.context.plan === "free");
 * ```
 */
export function sqliteAdapter(options: SqliteAdapterOptions): StorageAdapter {
  return new SqliteAdapter(options);
}

class SqliteAdapter implements StorageAdapter {
  readonly name = "sqlite";
  readonly #path: string;
  readonly #options: SqliteAdapterOptions;
  #opening: Promise<Database> | undefined;
  #database: Database | undefined;
  /** A database whose file lost its place, as long as no other is open instead. */
  #displaced: Database | undefined;
  #reopening: Promise<void> | undefined;
  #closed: Promise<void> | undefined;

  constructor(options: SqliteAdapterOptions) {
    this.#path = resolvePath(options.path);
    this.#options = options;
  }

  async open({ podKey, timeoutMs }: AdapterOpenOptions): Promise<StoreInfo> {
    if (this.#closed) throw notReached("The SQLite adapter is closed.");
    const { synchronous = "normal", clock, random = Math.random } = this.#options;
    const options = { path: this.#path, synchronous, clock, random };
    this.#opening = openDatabase(options, podKey, timeoutMs);
    this.#database = await this.#opening;
    return { server: `sqlite ${this.#database.version}` };
  }

  async commit(key: string, batch: CommitBatch, options: CallOptions): Promise<CommitReply> {
    const { statements, rows, time, queue } = this.#opened();
    // Nobody listens for word of commits here, so nobody is remembered as a holder.
    const { holder: _holder, ...rest } = batch;
    return await queue.run(() => {
      const nowMs = time.nowMs();
      const record = new SqliteRecord(statements, key, nowMs, rows);
      record.purge();
      const { reply } = commit(record, rest, nowMs);
      record.flush();
      return reply;
    }, options.timeoutMs);
  }

  async load(key: string, request: LoadRequest, options: CallOptions): Promise<LoadReply> {
    const database = this.#opened();
    const { holder: _holder, ...rest } = request;
    const reply = await database.read(() => {
      const nowMs = database.time.nowMs();
      const record = new SqliteRecord(database.statements, key, nowMs);
      const meta = record.meta();
      // Closing what has expired writes (rule 18), which a snapshot cannot.
      if (typeof meta === "object" && isExpired(meta, nowMs)) return undefined;
      return load(record, rest, nowMs);
    }, options.timeoutMs);
    return reply ?? await database.queue.run(() => {
      const nowMs = database.time.nowMs();
      const record = new SqliteRecord(database.statements, key, nowMs, database.rows);
      const closing = load(record, rest, nowMs);
      record.flush();
      return closing;
    }, options.timeoutMs);
  }

  async heal(key: string, request: HealRequest, options: CallOptions): Promise<HealReply> {
    const { statements, rows, time, queue } = this.#opened();
    const { holder: _holder, ...rest } = request;
    return await queue.run(() => {
      const nowMs = time.nowMs();
      const record = new SqliteRecord(statements, key, nowMs, rows);
      record.purge();
      const reply = heal(record, rest, nowMs);
      record.flush();
      return reply;
    }, options.timeoutMs);
  }

  async heartbeat({ podKey, keepMs, timeoutMs }: HeartbeatOptions): Promise<HeartbeatReply> {
    if (this.#database?.isInPlace() === false) {
      this.#displaced = this.#database;
      this.#database = undefined;
    }
    if (this.#displaced) await this.#reopen(this.#displaced, { podKey, timeoutMs });
    const database = this.#opened();
    return await database.queue.run(() => {
      const storeTimeMs = database.time.nowMs();
      const row = database.statements.countUp.get(podKey, storeTimeMs + keepMs)!;
      return { storeTimeMs, counter: row.counter as number, epoch: database.epoch() };
    }, timeoutMs);
  }

  async *list(prefix: string, options: CallOptions): AsyncGenerator<ListedRecord> {
    yield* listLive(() => this.#opened(), prefix, options.timeoutMs);
  }

  close(): Promise<void> {
    return this.#closed ??= this.#close();
  }

  /** Goes on with what is at the path now: what is written to a file without a name is lost when it is closed. */
  #reopen(displaced: Database, options: AdapterOpenOptions): Promise<void> {
    const reopen = async () => {
      await displaced.leave();
      await this.open(options);
      this.#displaced = undefined;
    };
    return this.#reopening ??= reopen().finally(() => this.#reopening = undefined);
  }

  async #close(): Promise<void> {
    // A failed open has told its caller.
    await this.#reopening?.catch(() => undefined);
    const database = await this.#opening?.catch(() => undefined);
    await database?.close();
  }

  #opened(): Database {
    if (this.#database && !this.#closed) return this.#database;
    throw notReached(`The SQLite adapter is ${this.#closed ? "closed" : "not open"}.`);
  }
}
