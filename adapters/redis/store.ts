/**
 * A store of the Redis family, through any of its clients.
 *
 * @module
 */

import { systemClock } from "../../core/clock.ts";
import { ConfigError, StoreRejectedError, StoreUnavailableError } from "../../core/errors.ts";
import { ALL_HOLDERS } from "../../core/record.ts";
import type {
  AdapterOpenOptions,
  CallOptions,
  CommitBatch,
  CommitReply,
  HealReply,
  HealRequest,
  HeartbeatOptions,
  HeartbeatReply,
  Holder,
  InboxListener,
  ListedRecord,
  LoadReply,
  LoadRequest,
  StorageAdapter,
  StoreInfo,
} from "../../core/storage_adapter.ts";
import { type Duty, lacks, type Permission, permissions } from "./acl.ts";
import type { RedisCommand, RedisDriver } from "./driver.ts";
import { replyCode, toStoreError } from "./errors.ts";
import {
  type Argument,
  decodeCommitReply,
  decodeHealReply,
  decodeHeartbeatReply,
  decodeInvalidation,
  decodeMeta,
  encodeBatch,
  encodeHeal,
  GONE_REASONS,
} from "./layout.ts";
import { type Answer, toAnswer, toList, toMilliseconds, toText } from "./replies.ts";
import { TimeBound } from "./time_bound.ts";
import { SessionReads } from "./session_reads.ts";
import { CHECK, COMMIT, HEAL, HEARTBEAT, OPEN, OPEN_UPKEEP } from "./scripts.ts";
import { asksForTls, checkTls } from "./tls_check.ts";
import { TlsError } from "./tls_fault.ts";
import { Wire } from "./wire.ts";

const LEAST_MAJOR_VERSION = 7;
const POD_KEY_MS = 60_000;
const SCAN_COUNT = 500;

type Subscribing = RedisDriver & Required<Pick<RedisDriver, "subscribe">>;

type Permitted = ReturnType<Permission["example"]>;

/** The store behind a driver. */
export class RedisStore implements StorageAdapter {
  readonly name: string;
  readonly subscribe?: NonNullable<StorageAdapter["subscribe"]>;
  readonly #driver: RedisDriver;
  readonly #duty: Exclude<Duty, "sessions">;
  readonly #wire: Wire;
  readonly #time = new TimeBound(systemClock);
  readonly #reads: SessionReads;
  #tellsEpoch = true;
  #isClosed = false;

  /** `duty`: what the user is for that `open` logs in; "upkeep" where each tenant's sessions have their own. */
  constructor(driver: RedisDriver, duty: Exclude<Duty, "sessions"> = "all") {
    this.name = driver.name;
    this.#driver = driver;
    this.#duty = duty;
    this.#wire = new Wire(driver);
    this.#reads = new SessionReads(this.#wire, this.#time);
    if (driver.subscribe) {
      this.subscribe = (holder, listener) =>
        this.#subscribe(driver as Subscribing, holder, listener);
    }
  }

  prepare(): Promise<void> {
    return this.#driver.prepare();
  }

  async open(options: AdapterOpenOptions): Promise<StoreInfo> {
    const { podKey, timeoutMs } = options;
    try {
      await this.reach(options);
      const server = await this.#server(timeoutMs);
      const script = this.#duty === "all" ? OPEN : OPEN_UPKEEP;
      await this.#wire.evaluate(script, podKey, [String(POD_KEY_MS)], timeoutMs);
      return { server };
    } catch (error) {
      throw await this.#naming(toStoreError(error, true), options);
    } finally {
      // Whoever waited may have given up and closed meanwhile: nothing stays that was connected since.
      if (this.#isClosed) await this.#driver.close();
    }
  }

  /** Connects, and finds out why where that fails. Nothing is written. */
  async reach({ timeoutMs }: CallOptions): Promise<void> {
    const { endpoint } = this.#driver;
    try {
      await this.#wire.hashScripts();
      if (endpoint?.tls) await checkTls(endpoint, timeoutMs);
      await this.#driver.connect(timeoutMs);
    } catch (cause) {
      const error = toStoreError(cause, true);
      const isTls = error instanceof StoreUnavailableError && endpoint && !endpoint.tls &&
        await asksForTls(endpoint, timeoutMs);
      throw isTls ? toStoreError(new TlsError("tls-only", error.message, { cause }), true) : error;
    }
  }

  /** Connects as a user beside the one that the store was opened by: what does not fit was found out then. */
  async connect({ timeoutMs }: CallOptions): Promise<void> {
    try {
      await this.#wire.hashScripts();
      await this.#driver.connect(timeoutMs);
    } catch (error) {
      throw toStoreError(error);
    } finally {
      if (this.#isClosed) await this.#driver.close();
    }
  }

  /**
   * Those of some commands that the user is not permitted; undefined where the server cannot tell. `key` is one that
   * the user uses.
   */
  async refused(
    key: string,
    commands: readonly Permitted[],
    { timeoutMs }: CallOptions,
  ): Promise<Permitted[] | undefined> {
    const args = [JSON.stringify(commands)];
    const line = await this.#call(() => this.#wire.evaluate(CHECK, key, args, timeoutMs));
    const [outcome, ...places] = line.split(" ");
    return outcome === "refused" ? places.map((place) => commands[Number(place)]!) : undefined;
  }

  /** Sends a command of an operator's, and answers it as text. */
  ask(command: RedisCommand, { timeoutMs }: CallOptions): Promise<Answer> {
    return this.#call(async () => toAnswer(await this.#wire.send(command, timeoutMs)));
  }

  commit(key: string, batch: CommitBatch, { timeoutMs }: CallOptions): Promise<CommitReply> {
    let args: Argument[];
    try {
      args = encodeBatch(batch);
    } catch (error) {
      return Promise.reject(toStoreError(error));
    }
    return this.#wire.evaluate(COMMIT, key, args, timeoutMs).then(decodeCommitReply, refuse);
  }

  load(key: string, request: LoadRequest, { timeoutMs }: CallOptions): Promise<LoadReply> {
    return this.#reads.load(key, request, timeoutMs).catch(refuse);
  }

  loadMany(
    keys: readonly string[],
    request: Pick<LoadRequest, "tombstoneMs">,
    { timeoutMs }: CallOptions,
  ): Promise<LoadReply[]> {
    return this.#call(() => this.#reads.loadMany(keys, request, timeoutMs));
  }

  async heal(key: string, request: HealRequest, options: CallOptions): Promise<HealReply> {
    const line = await this.#call(() =>
      this.#wire.evaluate(HEAL, key, encodeHeal(request), options.timeoutMs)
    );
    return decodeHealReply(line);
  }

  async heartbeat({ podKey, keepMs, timeoutMs }: HeartbeatOptions): Promise<HeartbeatReply> {
    const args = [String(Math.ceil(keepMs)), this.#tellsEpoch ? "1" : "0"];
    const sentAt = systemClock.now();
    const line = await this.#call(() => this.#wire.evaluate(HEARTBEAT, podKey, args, timeoutMs));
    const reply = decodeHeartbeatReply(line);
    this.#time.hear(reply.storeTimeMs, sentAt);
    // INFO is not permitted. Every time that it is asked for would be noted in the server's ACL log.
    if (reply.epoch === undefined) this.#tellsEpoch = false;
    return reply;
  }

  async *list(prefix: string, options: CallOptions): AsyncGenerator<ListedRecord> {
    const pattern = `${prefix.replaceAll(/[\\*?[\]]/g, "\\$&")}*`;
    let cursor = "0";
    do {
      const page = await this.#call(() => this.#page(cursor, pattern, options.timeoutMs));
      // One may be named twice while the server's table changes its size. To leave it out, each key would have to be kept.
      yield* page.records;
      cursor = page.cursor;
    } while (cursor !== "0");
  }

  close(): Promise<void> {
    this.#isClosed = true;
    return this.#driver.close();
  }

  #subscribe(
    driver: Subscribing,
    holder: Holder,
    listener: InboxListener,
  ): Promise<() => Promise<void>> {
    const channels = [holder.pod, ALL_HOLDERS].map((inbox) => holder.inboxPrefix + inbox);
    return this.#call(() =>
      driver.subscribe(channels, {
        onMessage: (message) => {
          const invalidation = decodeInvalidation(message);
          if (invalidation) listener.onInvalidation(invalidation);
        },
        onGap: () => listener.onGap(),
      })
    );
  }

  /** One page of a listing. */
  async #page(
    cursor: string,
    pattern: string,
    timeoutMs: number,
  ): Promise<{ cursor: string; records: ListedRecord[] }> {
    const scan = ["SCAN", cursor, "MATCH", pattern, "COUNT", String(SCAN_COUNT)] as const;
    const [next, found] = toList(await this.#wire.send([...scan, "TYPE", "hash"], timeoutMs));
    const keys = toList(found).map(toText);
    const [time, ...metas] = await Promise.all([
      this.#wire.send(["TIME"], timeoutMs),
      ...keys.map((key) => this.#wire.send(["HMGET", key, "i", "m", "s"], timeoutMs)),
    ]);
    const nowMs = toMilliseconds(time!);
    const records: ListedRecord[] = [];
    for (const [index, key] of keys.entries()) {
      const [i, m, s] = toList(metas[index]!);
      const meta = i && m && s ? decodeMeta(toText(i), toText(m), toText(s)) : undefined;
      if (!meta || GONE_REASONS[meta.state] || meta.expiresAtMs <= nowMs) continue;
      const { version, createdAtMs } = meta;
      records.push({ key, version, createdAtMs, expiresInMs: meta.expiresAtMs - nowMs });
    }
    return { cursor: toText(next!), records };
  }

  /** A refusal for want of a permission, with the commands that lack it: a script does not say which. */
  async #naming(error: Error, { podKey, timeoutMs }: AdapterOpenOptions): Promise<Error> {
    if (!(error instanceof StoreRejectedError) || error.code !== "NOPERM") return error;
    const names = { session: podKey, inbox: podKey, pod: podKey };
    const needed = permissions(this.#duty).filter(({ without }) => without === undefined);
    const refused = await this.refused(podKey, needed.map(({ example }) => example(names)), {
      timeoutMs,
    }).catch(() => undefined);
    return refused?.length ? lacks(refused, error) : error;
  }

  async #server(timeoutMs: number): Promise<string> {
    let info: string;
    try {
      info = toText(await this.#wire.send(["INFO", "server"], timeoutMs));
    } catch (error) {
      if (replyCode(error) === "NOPERM") return "unknown version";
      throw error;
    }
    const valkey = /^valkey_version:(\S+)/m.exec(info)?.[1];
    const redis = /^redis_version:(\S+)/m.exec(info)?.[1];
    if (valkey === undefined && redis === undefined) return "unknown version";
    const server = valkey === undefined ? `redis ${redis}` : `valkey ${valkey}`;
    if (Number.parseInt(valkey ?? redis!) < LEAST_MAJOR_VERSION) {
      throw new ConfigError("url", `${server} is too old: use Redis 7.0, Valkey 7.2 or newer.`);
    }
    return server;
  }

  async #call<Value>(run: () => Promise<Value>): Promise<Value> {
    try {
      return await run();
    } catch (error) {
      throw toStoreError(error);
    }
  }
}

function refuse(error: unknown): never {
  throw toStoreError(error);
}
