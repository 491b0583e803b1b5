/**
 * What a user of the server has to be allowed, and no more: the commands, keys and channels that this library uses,
 * as rules for `ACL SETUSER` of Redis 7 and newer, and of Valkey.
 *
 * @module
 */

import { ConfigError, StoreRejectedError } from "../../core/errors.ts";
import { KeySpace } from "../../core/key_space.ts";
import { checkPrefix } from "../../core/options.ts";
import { checkTenant } from "../../core/validation.ts";

/** The key prefix of a manager whose option `keyPrefix` is left out. */
const DEFAULT_KEY_PREFIX = "hakgal";

/** Where the names that are granted begin, and what else depends on how the store is used. */
export interface AclOptions {
  /** The manager's `keyPrefix`. @default "hakgal" */
  readonly keyPrefix?: string;
  /** The database that the URL names, from 0; another one than 0 has to be selected. @default 0 */
  readonly database?: number;
  /**
   * The client library in use. Only `valkey-glide` needs INFO, by which it tells a primary from a replica.
   *
   * @default any of the three
   */
  readonly backend?: "ioredis" | "node-redis" | "valkey-glide";
}

/** A command that is sent, or called by a script. */
export interface Permission {
  /** What the rule grants, as the server writes it: `hset`, `info|replication`. */
  readonly command: string;
  /** The command as it is used on `names`, for `ACL DRYRUN` and `redis.acl_check_cmd`. */
  readonly example: (names: AclNames) => readonly [name: string, ...args: string[]];
  /** What it is for. */
  readonly purpose: string;
  /** What is lacking without it; absent where nothing works without it. */
  readonly without?: string;
}

/** Names of the kinds that commands are sent about. */
export interface AclNames {
  /** A session's key. */
  readonly session: string;
  /** A channel on which pods hear of a tenant's commits. */
  readonly inbox: string;
  /** A pod's own key. */
  readonly pod: string;
}

/** SHA-1 of no script: a server that permits EVALSHA answers NOSCRIPT. */
const NO_SCRIPT = "0".repeat(40);

const ON_SESSIONS: readonly Permission[] = [
  {
    command: "evalsha",
    example: ({ session }) => ["EVALSHA", NO_SCRIPT, "1", session],
    purpose: "every commit, load and heal is a script",
  },
  {
    command: "eval",
    example: ({ session }) => ["EVAL", "return 1", "1", session],
    purpose: "a script that the server does not know yet",
  },
  { command: "time", example: () => ["TIME"], purpose: "expiry by the server's clock" },
  {
    command: "hgetall",
    example: ({ session }) => ["HGETALL", session],
    purpose: "reading a session",
  },
  {
    command: "hmget",
    example: ({ session }) => ["HMGET", session, "i"],
    purpose: "what a commit depends on",
  },
  {
    command: "hget",
    example: ({ session }) => ["HGET", session, "r"],
    purpose: "where a session is rotated to",
  },
  {
    command: "hkeys",
    example: ({ session }) => ["HKEYS", session],
    purpose: "the writers' entries, which outlive the session",
  },
  {
    command: "exists",
    example: ({ session }) => ["EXISTS", session],
    purpose: "telling a damaged record from none",
  },
  {
    command: "hset",
    example: ({ session }) => ["HSET", session, "i", ""],
    purpose: "writing a session",
  },
  {
    command: "hdel",
    example: ({ session }) => ["HDEL", session, "i"],
    purpose: "deleting a field of the context",
  },
  {
    command: "del",
    example: ({ session }) => ["DEL", session],
    purpose: "putting a tombstone in a session's place",
  },
  {
    command: "pexpireat",
    example: ({ session }) => ["PEXPIREAT", session, "1"],
    purpose: "the session's TTL",
  },
  {
    command: "publish",
    example: ({ inbox }) => ["PUBLISH", inbox, ""],
    purpose: "telling other pods of a commit",
    without: "other pods' copies are only as fresh as maxStalenessMs",
  },
  {
    command: "subscribe",
    example: ({ inbox }) => ["SUBSCRIBE", inbox],
    purpose: "hearing of other pods' commits",
    without: "this pod's copies are only as fresh as maxStalenessMs",
  },
];

const BY_GLIDE: Permission = {
  command: "info|replication",
  example: () => ["INFO", "replication"],
  purpose: "valkey-glide looks for the primary with it when it connects",
  without: "valkey-glide cannot connect",
};

/** Beside a tenant's own connections: heartbeats and listings. */
const UPKEEP: readonly Permission[] = [
  {
    command: "evalsha",
    example: ({ pod }) => ["EVALSHA", NO_SCRIPT, "1", pod],
    purpose: "a heartbeat is a script",
  },
  {
    command: "eval",
    example: ({ pod }) => ["EVAL", "return 1", "1", pod],
    purpose: "a script that the server does not know yet",
  },
  { command: "time", example: () => ["TIME"], purpose: "the server's clock" },
  { command: "incr", example: ({ pod }) => ["INCR", pod], purpose: "counting the pod's key up" },
  {
    command: "pexpire",
    example: ({ pod }) => ["PEXPIRE", pod, "1"],
    purpose: "the TTL of the pod's key",
  },
  {
    command: "info|server",
    example: () => ["INFO", "server", "replication"],
    purpose: "the server's version, and its run id, by which a restart is noticed",
    without: "a restart is noticed by the pod's key alone",
  },
  {
    command: "scan",
    example: () => ["SCAN", "0"],
    purpose: "list(): it shows the names of all keys",
    without: "list() is refused",
  },
  {
    command: "hmget",
    example: ({ session }) => ["HMGET", session, "i", "m", "s"],
    purpose: "list(): what is told of a session",
    without: "list() is refused",
  },
];

/** What each duty takes: a tenant's sessions, upkeep beside them, or both through one user. */
export type Duty = "sessions" | "upkeep" | "all";

/** The commands that a user needs for a duty. */
export function permissions(duty: Duty, options: AclOptions = {}): readonly Permission[] {
  const { backend, database = 0 } = options;
  const needed = duty === "sessions"
    ? [...ON_SESSIONS]
    : duty === "upkeep"
    ? [...UPKEEP]
    : [...ON_SESSIONS, ...UPKEEP.filter(({ command }) => !isIn(command, ON_SESSIONS))];
  if (backend === undefined || backend === "valkey-glide") needed.push(BY_GLIDE);
  if (database !== 0) {
    needed.push({
      command: `select|${database}`,
      example: () => ["SELECT", String(database)],
      purpose: "the database that the URL names",
    });
  }
  return needed;
}

/**
 * The rules of a user that may serve the sessions of one tenant, and nothing else: neither another tenant's sessions and
 * inboxes, nor listings, nor the pods' heartbeats, for which a manager with the option `credentials` uses its own login.
 *
 * They are tokens for `ACL SETUSER name reset on >password …`; they say nothing of the user's name, state and password.
 *
 * @throws InvalidInputError unless the tenant's name is 1 to 64 characters out of `A-Z a-z 0-9 _ . -`
 * @throws ConfigError when an option is wrong
 *
 * @example
 * ```ts
 * import { tenantAclRules } from "@hakgal/sessions";
 *
 * const rules = tenantAclRules("acme");
 * console.assert(rules.includes("~hakgal:tenant:acme:session:*"));
 * console.assert(rules.includes("+hset") && !rules.includes("+scan"));
 * ```
 */
export function tenantAclRules(tenant: string, options: AclOptions = {}): string[] {
  const keys = keySpace(options);
  checkTenant(tenant);
  return [
    `~${keys.sessionPrefix(tenant)}*`,
    `&${keys.inboxPrefix(tenant)}*`,
    ...grants("sessions", options),
  ];
}

/**
 * The rules of the user that a manager with the option `credentials` logs in as itself: it writes its own heartbeat,
 * and lists sessions. It can read what every session is about, and write none.
 *
 * @throws ConfigError when an option is wrong
 *
 * @example
 * ```ts
 * import { managerAclRules } from "@hakgal/sessions";
 *
 * console.assert(managerAclRules().includes("~hakgal:pod:*"));
 * ```
 */
export function managerAclRules(options: AclOptions = {}): string[] {
  const keys = keySpace(options);
  return [`~${keys.pod("*")}`, `%R~${keys.sessionPrefix("*")}*`, ...grants("upkeep", options)];
}

/** The refusal of a user that may not send some of the commands. */
export function lacks(commands: readonly (readonly string[])[], cause?: unknown): Error {
  const names = [...new Set(commands.map(([name]) => name))].join(", ");
  return new StoreRejectedError(
    "NOPERM",
    `The server's user may not use ${names} on the keys and channels of this library. Grant what is missing: ` +
      "tenantAclRules() and `hakgal-sessions acl` tell what a user needs.",
    { cause },
  );
}

function grants(duty: Duty, options: AclOptions): string[] {
  return permissions(duty, options).map(({ command }) => `+${command}`);
}

function isIn(command: string, known: readonly Permission[]): boolean {
  return known.some((permission) => permission.command === command);
}

/** In neither prefix nor tenant there is a character that a pattern of the server's takes for more than itself. */
function keySpace(options: AclOptions): KeySpace {
  const { keyPrefix = DEFAULT_KEY_PREFIX, database = 0 } = options;
  if (!Number.isInteger(database) || database < 0) {
    throw new ConfigError("database", `"database" is a whole number from 0; got ${database}.`);
  }
  return new KeySpace(checkPrefix(keyPrefix), undefined);
}
