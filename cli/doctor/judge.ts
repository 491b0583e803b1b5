/**
 * From what a server tells of itself to what that means for sessions.
 *
 * @module
 */

import type { TlsFacts } from "../../adapters/redis/tls_check.ts";
import { failure, ok, unknown, type Verdict, warning } from "./finding.ts";
import type { Facts } from "./server_facts.ts";

const DAY_MS = 86_400_000;
const CERTIFICATE_DAYS = 21;
const GIBIBYTE = 2 ** 30;
const FULL = 0.8;
const SLOW_MS = 200;
const SKEW_MS = 2_000;
const NOT_TOLD = "The provider's console may tell.";

/** The versions that this library is tested with, or newer. */
export function judgeVersion(hello: Facts): Verdict {
  const version = hello?.get("version");
  if (version === undefined) {
    return unknown("The server does not tell its version.", "Use Redis 7.0, Valkey 7.2 or newer.");
  }
  const server = `${hello!.get("server")} ${version}`;
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const isOld = major < 7 || hello!.get("server") === "valkey" && major === 7 && minor < 2;
  if (isOld) return failure(`${server} is too old.`, "Use Redis 7.0, Valkey 7.2 or newer.");
  if (hello!.get("mode") === "cluster") {
    return failure(
      `${server} is a node of a cluster: keys of other slots are refused.`,
      'This version has no topology "cluster": use one server, or one behind a proxy.',
    );
  }
  return ok(server);
}

/** Whether a server is on this machine. */
export function isHere(host: string): boolean {
  return /^(localhost|127\.|::1$)/.test(host);
}

/** Whether what is sent can be read on the way, and how long the certificate is good. */
export function judgeTls(isTls: boolean, host: string, facts: TlsFacts | undefined): Verdict {
  if (!isTls) {
    return isHere(host) ? ok("Without TLS, on this machine.") : warning(
      `Passwords and sessions travel to ${host} in the clear.`,
      "Use rediss://, and give the authority's certificate where it is not a public one.",
    );
  }
  const { protocol = "TLS", validTo } = facts ?? {};
  if (!validTo) return ok(`${protocol}, and the server's certificate is trusted.`);
  const days = Math.floor((validTo.getTime() - Date.now()) / DAY_MS);
  const until = `until ${validTo.toISOString().slice(0, 10)}`;
  return days < CERTIFICATE_DAYS
    ? warning(
      `The server's certificate is valid for ${days} more days, ${until}.`,
      "Renew it: from then on every pod takes the store for away.",
    )
    : ok(`${protocol}; the server's certificate is trusted, and valid ${until}.`);
}

/** Whether the server drops sessions to make room. */
export function judgeEviction(policy: string | undefined, maxBytes: number | undefined): Verdict {
  if (policy === undefined) {
    return unknown(
      "The server does not tell its maxmemory-policy.",
      `It is to be noeviction. ${NOT_TOLD}`,
    );
  }
  if (policy === "noeviction") return ok("maxmemory-policy is noeviction.");
  const advice =
    "Set maxmemory-policy to noeviction (CONFIG SET, and in the server's configuration), and watch its memory.";
  if (maxBytes === 0) {
    return warning(
      `maxmemory-policy is ${policy}: as soon as a maxmemory is set, live sessions are evicted.`,
      advice,
    );
  }
  // Every session has a TTL, so the policies for keys with one are no better.
  return failure(`maxmemory-policy is ${policy}: a full server evicts live sessions.`, advice);
}

/** Whether there is room. */
export function judgeMemory(memory: Facts, maxBytes: number | undefined): Verdict {
  const used = Number(memory?.get("used_memory"));
  if (!Number.isFinite(used)) {
    return unknown("The server does not tell how much memory it uses.", NOT_TOLD);
  }
  const size = `${(used / 2 ** 20).toFixed(1)} MiB`;
  if (maxBytes && used / maxBytes > FULL) {
    return warning(
      `${size} of ${(maxBytes / 2 ** 20).toFixed(1)} MiB are in use.`,
      "Raise maxmemory, or shorten ttlMs: a full server refuses every write.",
    );
  }
  if (used > GIBIBYTE) {
    return warning(
      `${size} are in use, more than 1 GiB.`,
      "Look at `hakgal-sessions stats`: shorten ttlMs, or expect it and raise the alert's threshold.",
    );
  }
  return ok(`${size} in use${maxBytes ? ` of ${(maxBytes / 2 ** 20).toFixed(1)} MiB` : ""}.`);
}

/** What decides what a server still has after a restart, as far as it is told. */
export interface PersistenceSettings {
  readonly save: string | undefined;
  readonly appendfsync: string | undefined;
  /** Whether the user `default` may write sessions. */
  readonly defaultMayWrite: boolean | undefined;
}

/** What the server still has after a restart. */
export function judgePersistence(
  persistence: Facts,
  { save, appendfsync, defaultMayWrite }: PersistenceSettings,
): Verdict {
  const aof = persistence?.get("aof_enabled");
  if (aof === undefined && save === undefined) {
    return unknown(
      "The server does not tell whether it keeps its data.",
      `An AOF is needed. ${NOT_TOLD}`,
    );
  }
  for (const name of ["aof_last_write_status", "rdb_last_bgsave_status"]) {
    const status = persistence?.get(name);
    if (status === undefined || status === "ok") continue;
    return failure(
      `The server cannot write its data: ${name} is ${status}.`,
      "Look at its disk and its log.",
    );
  }
  if (aof === "1" && defaultMayWrite === false) {
    return failure(
      "There is an AOF, and it is replayed as the user default, who may not write: a restart loses every session.",
      "Let it write, which lets nobody in: ACL SETUSER default off '~*' '&*' +@all (and in the ACL file).",
    );
  }
  if (aof === "1") {
    return appendfsync === "no"
      ? warning(
        "There is an AOF, and appendfsync is no: up to half a minute is lost with the machine.",
        "Set appendfsync to everysec.",
      )
      : ok(`AOF${appendfsync === undefined ? "" : `, appendfsync ${appendfsync}`}.`);
  }
  const advice = "Set appendonly to yes and appendfsync to everysec.";
  if (save === undefined) {
    return unknown("There is no AOF; the server does not tell whether it saves snapshots.", advice);
  }
  return save === ""
    ? failure("There is neither AOF nor RDB: a restart of the server loses every session.", advice)
    : ok(
      `RDB alone (save ${save}): what was written since the last snapshot is lost with the server.`,
    );
}

/** Whether this is the server that writes go to, and whether others follow it. */
export function judgeReplication(replication: Facts, hello: Facts): Verdict {
  const role = replication?.get("role") ?? hello?.get("role");
  if (role === undefined) {
    return unknown("The server does not tell its role.", `It is to be the primary. ${NOT_TOLD}`);
  }
  if (!/^(master|primary)$/.test(role)) {
    return failure("This is a replica: it refuses every write.", "Use the primary's URL.");
  }
  const count = Number(replication?.get("connected_slaves") ?? 0);
  if (count === 0) return ok("Primary, without replicas: it has nobody to take its place.");
  const offset = Number(replication!.get("master_repl_offset"));
  const replicas = Array.from(
    { length: count },
    (_, index) => replication!.get(`slave${index}`) ?? "",
  );
  const away = replicas.filter((replica) => !replica.includes("state=online"));
  if (away.length > 0) {
    return warning(
      `${away.length} of ${count} replicas are not in step.`,
      "Look at their logs: a failover to them loses what was acknowledged.",
    );
  }
  const behind = Math.max(
    ...replicas.map((replica) => offset - Number(/offset=(\d+)/.exec(replica)?.[1])),
  );
  return behind > 2 ** 20
    ? warning(
      `A replica is ${behind} bytes behind.`,
      "Look at its network and disk: a failover to it loses what was acknowledged.",
    )
    : ok(`Primary with ${count} replicas in step.`);
}

/** How long a command takes, from round trips in milliseconds. */
export function judgeLatency(tripsMs: readonly number[]): Verdict {
  const sorted = [...tripsMs].sort((a, b) => a - b);
  const [median, most] = [0.5, 0.95].map((part) => sorted[Math.floor(part * (sorted.length - 1))]!);
  const text =
    `${median!.toFixed(1)} ms in the middle of ${sorted.length} round trips, 95 % within ` +
    `${most!.toFixed(1)} ms`;
  return most! > SLOW_MS
    ? warning(
      `${text}.`,
      "Look at SLOWLOG, at the server's CPU and at the network: the alert's threshold is a p99 of 200 ms.",
    )
    : ok(`${text}.`);
}

/** How far the server's clock is from this machine's, read `tripMs` before `nowMs`. */
export function judgeClock(serverMs: number | undefined, nowMs: number, tripMs: number): Verdict {
  if (serverMs === undefined) {
    return unknown("TIME is not permitted.", "Grant it: no session works without.");
  }
  const skewMs = Math.round(serverMs - (nowMs - tripMs / 2));
  const size = Math.max(0, Math.abs(skewMs) - tripMs / 2);
  if (size <= SKEW_MS) return ok(`The server's clock is ${skewMs} ms from this machine's.`);
  const which = skewMs > 0 ? "ahead of" : "behind";
  return warning(
    `The server's clock is ${(Math.abs(skewMs) / 1_000).toFixed(1)} s ${which} this machine's.`,
    "Sessions expire by the server's clock alone, so none is lost; set both by NTP, for logs and certificates.",
  );
}
