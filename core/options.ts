/**
 * The options of a manager, checked once at the door.
 *
 * @module
 */

import { closest } from "fastest-levenshtein";
import { type AuditOptions, type AuditSettings, checkAuditLevel } from "./audit.ts";
import { type Clock, systemClock } from "./clock.ts";
import { ConfigError } from "./errors.ts";
import type { Logger } from "./events.ts";
import { DEFAULT_LIMITS, type Limits } from "./limits.ts";
import type { Random } from "./random.ts";
import type { RolloutOptions } from "./rollout.ts";
import type { ContextSchema } from "./schema.ts";
import type { AnyContext } from "./session.ts";
import type { StorageAdapter } from "./storage_adapter.ts";

/** Bounds of the sessions held in memory. */
export interface CacheOptions {
  /** Sessions held at most; the least recently used goes first. @default 10000 */
  readonly maxSessions?: number;
  /** Bytes held at most, counted roughly. @default 268435456 */
  readonly maxBytes?: number;
}

/** What a pod keeps of the writes that it accepts while the store is away. */
export interface JournalOptions {
  /**
   * A file of this pod's own, so that what it accepted outlives its death: the next pod that opens the path takes it
   * over. Needs Deno, Bun, or Node 22 and newer. @default none: in memory only
   */
  readonly path?: string;
  /** Sessions with writes that wait, at most. @default 10000 */
  readonly maxSessions?: number;
  /** Bytes of writes that wait, at most, counted roughly. @default 67108864 */
  readonly maxBytes?: number;
  /**
   * How old a write may become, in milliseconds; an older one is told by the event `rejected`. Tombstones are kept as
   * long, so every pod of a store needs the same. @default 14400000
   */
  readonly maxAgeMs?: number;
}

/** Options of a manager whose adapter is given. */
export interface ManagerOptions<Context extends object = AnyContext> {
  /** The store to use. The manager does not close a client that was handed to the adapter. */
  readonly adapter: StorageAdapter;
  /** A session expires this long after its last write or touch, in milliseconds. @default 3600000 */
  readonly ttlMs?: number;
  /** A session expires this long after its creation, whatever renews it. @default no limit */
  readonly maxLifetimeMs?: number;
  /** Secret of the HMAC that hides ids in the store. @default none: plain SHA-256, and a warning */
  readonly idSecret?: string | Uint8Array;
  /** What all keys begin with. @default "hakgal" */
  readonly keyPrefix?: string;
  /** Validates contexts when they are written and when they are loaded (zod, valibot, arktype, …). */
  readonly schema?: ContextSchema<Context>;
  /** Hears of warnings, and of listeners that throw. @default nobody */
  readonly logger?: Logger;
  /** Longest wait for the store, in milliseconds. @default 1000 */
  readonly commandTimeoutMs?: number;
  /** A cached read is at most this far behind the store, in milliseconds; 0 asks it each time. @default 1000 */
  readonly maxStalenessMs?: number;
  /** How long an expired record is kept as such in the store. @default min(ttlMs, 600000) */
  readonly graceMs?: number;
  /**
   * What happens while the store is away. `open`: reads are answered from memory, writes are journaled. `closed`:
   * calls that need the store reject with `StoreUnavailableError`. @default "open"
   */
  readonly failMode?: "open" | "closed";
  /**
   * What happens to a session that this pod holds and that is missing in a store that kept its memory: it stays gone,
   * or is put back from the copy. @default "gone"
   */
  readonly onVanished?: "gone" | "heal";
  /** Bounds of the sessions held in memory. */
  readonly cache?: CacheOptions;
  /** Bounds, and the place, of the writes accepted while the store is away. */
  readonly journal?: JournalOptions;
  /** Writes calls down, ids hashed. @default nothing is written */
  readonly audit?: AuditOptions;
  /** Takes in a part of all sessions only. @default all of them */
  readonly rollout?: RolloutOptions<Context>;
  /** What a session may hold. */
  readonly limits?: Partial<Limits>;
  /** Monotonic time and timers. @default the runtime's */
  readonly clock?: Clock;
  /** Randomness, at least 0 and below 1. @default the runtime's cryptographic source */
  readonly random?: Random;
}

/** The options with every default filled in. */
export interface Settings<Context extends object = AnyContext> {
  readonly ttlMs: number;
  readonly maxLifetimeMs: number | undefined;
  readonly idSecret: string | Uint8Array | undefined;
  readonly keyPrefix: string;
  readonly schema: ContextSchema<Context> | undefined;
  readonly logger: Logger | undefined;
  readonly commandTimeoutMs: number;
  readonly maxStalenessMs: number;
  readonly graceMs: number;
  readonly failMode: "open" | "closed";
  readonly onVanished: "gone" | "heal";
  readonly cache: Required<CacheOptions>;
  readonly journal: Required<Omit<JournalOptions, "path">> & Pick<JournalOptions, "path">;
  readonly audit: AuditSettings | undefined;
  readonly rollout: RolloutOptions<Context> | undefined;
  readonly limits: Limits;
  readonly clock: Clock;
  readonly random: Random | undefined;
}

/** Names that are taken, of capabilities that this version does not have. */
const NOT_BUILT_YET = [
  "idSecrets",
  "durability",
  "topology",
  "encryption",
];

/** The names of a manager's options, the adapter aside. */
export const MANAGER_OPTIONS: readonly (keyof ManagerOptions)[] = [
  "ttlMs",
  "maxLifetimeMs",
  "idSecret",
  "keyPrefix",
  "schema",
  "logger",
  "commandTimeoutMs",
  "maxStalenessMs",
  "graceMs",
  "failMode",
  "onVanished",
  "cache",
  "journal",
  "audit",
  "rollout",
  "limits",
  "clock",
  "random",
];

/** Longest span that is taken, in milliseconds: a hundred years. */
const LONGEST_MS = 100 * 365 * 86_400_000;

/** Checks the options and fills in the defaults. */
export function resolveOptions<Context extends object>(
  options: Omit<ManagerOptions<Context>, "adapter">,
): Settings<Context> {
  refuseUnknown(options, MANAGER_OPTIONS);
  const ttlMs = span("ttlMs", options.ttlMs, 3_600_000, 1);
  const { commandTimeoutMs } = options;
  if (commandTimeoutMs !== undefined && commandTimeoutMs > ttlMs) {
    throw new ConfigError(
      "commandTimeoutMs",
      `"commandTimeoutMs" (${commandTimeoutMs}) is longer than "ttlMs" (${ttlMs}): sessions would expire while a ` +
        `call waits for the store.`,
    );
  }
  return {
    ttlMs,
    maxLifetimeMs: options.maxLifetimeMs === undefined
      ? undefined
      : span("maxLifetimeMs", options.maxLifetimeMs, 0, 1),
    idSecret: checkSecret(options.idSecret),
    keyPrefix: checkPrefix(options.keyPrefix ?? "hakgal"),
    schema: options.schema,
    logger: options.logger,
    commandTimeoutMs: span("commandTimeoutMs", commandTimeoutMs, 1_000, 1),
    maxStalenessMs: span("maxStalenessMs", options.maxStalenessMs, 1_000, 0),
    graceMs: span("graceMs", options.graceMs, Math.min(ttlMs, 600_000), 0),
    failMode: choice("failMode", options.failMode, ["open", "closed"]),
    onVanished: choice("onVanished", options.onVanished, ["gone", "heal"]),
    cache: resolveCache(options.cache),
    journal: resolveJournal(options.journal),
    audit: resolveAudit(options.audit),
    rollout: options.rollout && resolveRollout(options.rollout),
    limits: resolveLimits(options.limits),
    clock: options.clock ?? systemClock,
    random: options.random,
  };
}

/** Refuses names that are not options, with the nearest one that is. */
export function refuseUnknown(options: object, known: readonly string[], path = ""): void {
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue;
    if (path === "" && NOT_BUILT_YET.includes(name)) {
      throw new ConfigError(name, `The option "${name}" is not available in this version.`);
    }
    const nearest = path + closest(name, [...known]);
    throw new ConfigError(
      path + name,
      `There is no option "${path + name}". Did you mean "${nearest}"?`,
    );
  }
}

function resolveCache(cache: CacheOptions = {}): Required<CacheOptions> {
  refuseUnknown(cache, ["maxSessions", "maxBytes"], "cache.");
  return {
    maxSessions: count("cache.maxSessions", cache.maxSessions ?? 10_000, 1, 1e9),
    maxBytes: count("cache.maxBytes", cache.maxBytes ?? 268_435_456, 1, 2 ** 40),
  };
}

function resolveJournal(journal: JournalOptions = {}): Settings["journal"] {
  refuseUnknown(journal, ["path", "maxSessions", "maxBytes", "maxAgeMs"], "journal.");
  const { path } = journal;
  if (path !== undefined && (typeof path !== "string" || path === "")) {
    throw new ConfigError("journal.path", `"journal.path" is a file's path; got ${String(path)}.`);
  }
  return {
    ...(path !== undefined && { path }),
    maxSessions: count("journal.maxSessions", journal.maxSessions ?? 10_000, 0, 1e9),
    maxBytes: count("journal.maxBytes", journal.maxBytes ?? 67_108_864, 0, 2 ** 40),
    maxAgeMs: span("journal.maxAgeMs", journal.maxAgeMs, 4 * 3_600_000, 1),
  };
}

function resolveAudit(audit: AuditOptions = {}): AuditSettings | undefined {
  refuseUnknown(audit, ["level", "sink", "redact", "maxFileBytes"], "audit.");
  const { sink, redact = [], maxFileBytes = 67_108_864 } = audit;
  const level = audit.level === undefined
    ? sink === undefined ? "off" : "metadata"
    : checkAuditLevel("audit.level", audit.level);
  if (!Array.isArray(redact) || redact.some((name) => typeof name !== "string")) {
    throw new ConfigError("audit.redact", `"audit.redact" is an array of fields' names.`);
  }
  count("audit.maxFileBytes", maxFileBytes, 4_096, 2 ** 40, " bytes");
  if (sink !== undefined && typeof sink !== "function" && (typeof sink !== "string" || !sink)) {
    throw new ConfigError("audit.sink", `"audit.sink" is a file's path or a function.`);
  }
  if (level === "off") return undefined;
  if (sink === undefined) {
    throw new ConfigError(
      "audit.sink",
      `The audit level is "${level}", and there is no place for the lines: give "audit.sink", or set ` +
        `HAKGAL_SESSION_AUDIT_PATH to the path of a file.`,
    );
  }
  return { level, sink, redact, maxFileBytes };
}

function resolveRollout<Context extends object>(
  rollout: RolloutOptions<Context>,
): RolloutOptions<Context> {
  refuseUnknown(rollout, ["percent", "otherwise"], "rollout.");
  const { percent, otherwise } = rollout;
  if (typeof percent !== "number" || !(percent >= 0 && percent <= 100)) {
    throw new ConfigError(
      "rollout.percent",
      `"rollout.percent" is a number from 0 to 100; got ${String(percent)}.`,
    );
  }
  if (otherwise !== undefined && typeof otherwise !== "function") {
    throw new ConfigError(
      "rollout.otherwise",
      `"rollout.otherwise" is a function that answers a tenant's sessions; got ${
        String(otherwise)
      }.`,
    );
  }
  return { percent, ...(otherwise && { otherwise }) };
}

function choice<Value extends string>(
  name: string,
  value: Value | undefined,
  values: readonly [Value, ...Value[]],
): Value {
  if (value === undefined) return values[0];
  if (!values.includes(value)) {
    const listed = values.map((known) => `"${known}"`).join(" or ");
    throw new ConfigError(name, `"${name}" is ${listed}; got ${String(value)}.`);
  }
  return value;
}

function resolveLimits(limits: Partial<Limits> = {}): Limits {
  refuseUnknown(limits, Object.keys(DEFAULT_LIMITS), "limits.");
  const ceilings: Limits = {
    idBytes: 4_096,
    fieldNameBytes: 4_096,
    fields: 10_000,
    valueBytes: 16_777_216,
    trajectoryVectors: 1_000,
    vectorDimension: 65_536,
    sessionBytes: 268_435_456,
  };
  const resolved: Record<string, number> = {};
  for (const name of Object.keys(DEFAULT_LIMITS) as (keyof Limits)[]) {
    const value = limits[name] ?? DEFAULT_LIMITS[name];
    resolved[name] = count(`limits.${name}`, value, 1, ceilings[name]);
  }
  return resolved as unknown as Limits;
}

function span(name: string, value: number | undefined, fallback: number, least: number): number {
  return count(name, value ?? fallback, least, LONGEST_MS, " milliseconds");
}

/** Checks a whole number. */
export function count(
  name: string,
  value: unknown,
  least: number,
  most: number,
  unit = "",
): number {
  if (typeof value !== "number" || !Number.isInteger(value) || value < least || value > most) {
    throw new ConfigError(
      name,
      `"${name}" is a whole number from ${least} to ${most}${unit}; got ${String(value)}.`,
    );
  }
  return value;
}

function checkSecret(secret: string | Uint8Array | undefined): string | Uint8Array | undefined {
  if (secret === undefined) return undefined;
  if ((typeof secret !== "string" && !(secret instanceof Uint8Array)) || secret.length === 0) {
    throw new ConfigError("idSecret", `"idSecret" is a text or Uint8Array, not an empty one.`);
  }
  return secret;
}

/** What all keys begin with: no character of it means more than itself in a pattern. */
export function checkPrefix(prefix: unknown): string {
  if (typeof prefix !== "string" || !/^[A-Za-z0-9_.:-]{1,128}$/.test(prefix)) {
    throw new ConfigError(
      "keyPrefix",
      `"keyPrefix" is 1 to 128 characters out of A-Z a-z 0-9 _ . : - ; got ${String(prefix)}.`,
    );
  }
  return prefix;
}
