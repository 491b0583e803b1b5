/**
 * The doctor's round: one check after the other.
 *
 * @module
 */

import { type AclNames, type Permission, permissions } from "../../adapters/redis/acl.ts";
import { tlsFacts } from "../../adapters/redis/tls_check.ts";
import { SessionError, StoreRejectedError } from "../../core/errors.ts";
import { KeySpace } from "../../core/key_space.ts";
import {
  type CheckName,
  failure,
  type Finding,
  ok,
  unknown,
  type Verdict,
  warning,
} from "./finding.ts";
import * as judge from "./judge.ts";
import { ServerFacts } from "./server_facts.ts";
import type { Target } from "./target.ts";

/** What is to be looked at. */
export interface Examination {
  readonly target: Target;
  readonly keyPrefix: string;
  /** The tenant whose own user is logged in; else the user is the managers'. */
  readonly tenant: string | undefined;
  /** Longest wait for each answer. */
  readonly timeoutMs: number;
}

/** What came of it. `asked` is false when the server could not be asked. */
export interface Diagnosis {
  readonly asked: boolean;
  readonly findings: readonly Finding[];
}

const TRIPS = 20;

/** A tenant that nobody has, to try out what a user may do to any. */
const SOMEBODY = "somebody";

/** Looks at everything. Nothing is written. */
export async function examine(examination: Examination): Promise<Diagnosis> {
  const findings: Finding[] = [];
  try {
    await examination.target.store.reach({ timeoutMs: examination.timeoutMs });
    await new Round(examination, (check, verdict) => findings.push({ check, ...verdict })).run();
    return { asked: true, findings };
  } catch (error) {
    if (!(error instanceof SessionError)) throw error;
    findings.push({ check: "connection", ...cannotBeAsked(error) });
    return { asked: false, findings };
  } finally {
    await examination.target.store.close();
  }
}

function cannotBeAsked(error: SessionError): Verdict {
  if (error instanceof StoreRejectedError) {
    return failure(`${error.code}: it cannot be asked.`, error.message);
  }
  return failure(
    error.message,
    "Check host and port, that the server runs, and that nothing between here and there refuses the connection.",
  );
}

class Round {
  readonly #examination: Examination;
  readonly #facts: ServerFacts;
  readonly #tell: (check: CheckName, verdict: Verdict) => void;

  constructor(examination: Examination, tell: (check: CheckName, verdict: Verdict) => void) {
    this.#examination = examination;
    this.#facts = new ServerFacts(examination.target.store, examination.timeoutMs);
    this.#tell = tell;
  }

  async run(): Promise<void> {
    const facts = this.#facts;
    const { endpoint } = this.#examination.target;
    const hello = await facts.hello();
    this.#tell("connection", await this.#judgeLogin());
    this.#tell("version", judge.judgeVersion(hello));
    const tls = endpoint.tls && await tlsFacts(endpoint, this.#examination.timeoutMs);
    this.#tell("tls", judge.judgeTls(endpoint.tls !== undefined, endpoint.host, tls));
    this.#tell("acl", await this.#judgeAcl());
    const memory = await facts.info("memory");
    const policy = memory?.get("maxmemory_policy") ?? await facts.setting("maxmemory-policy");
    const limit = memory?.get("maxmemory") ?? await facts.setting("maxmemory");
    const maxBytes = limit === undefined ? undefined : Number(limit);
    this.#tell("eviction", judge.judgeEviction(policy, maxBytes));
    this.#tell("memory", judge.judgeMemory(memory, maxBytes));
    const persistence = judge.judgePersistence(await facts.info("persistence"), {
      save: await facts.setting("save"),
      appendfsync: await facts.setting("appendfsync"),
      defaultMayWrite: await facts.defaultMayWrite(this.#names(SOMEBODY).session),
    });
    this.#tell("persistence", persistence);
    this.#tell("replication", judge.judgeReplication(await facts.info("replication"), hello));
    await this.#tellTime();
  }

  async #judgeLogin(): Promise<Verdict> {
    const { endpoint, store } = this.#examination.target;
    const where = `${endpoint.host}:${endpoint.port} through ${store.name}`;
    const user = await this.#facts.user();
    if (endpoint.password !== undefined) {
      return ok(`Connected to ${where}, as ${user ?? endpoint.username ?? "default"}.`);
    }
    if (judge.isHere(endpoint.host)) return ok(`Connected to ${where}, without a password.`);
    return warning(
      `Connected to ${where}, without a password: so can everybody who reaches it.`,
      "Set up users by ACL SETUSER; `hakgal-sessions acl` tells their rules.",
    );
  }

  /** What is needed and not granted; and what a tenant's user is granted beyond it. */
  async #judgeAcl(): Promise<Verdict> {
    const { tenant, target } = this.#examination;
    const { database } = target.endpoint;
    const needed = permissions(tenant === undefined ? "all" : "sessions", {
      database,
      ...(target.store.name !== "valkey-glide" && { backend: "ioredis" }),
    });
    const missing = await this.#refused(needed, tenant ?? SOMEBODY);
    if (missing === undefined) {
      return unknown(
        "The server cannot tell which commands are permitted.",
        "What is missing shows when a manager opens.",
      );
    }
    const listed = missing.map(({ command, purpose }) => `${command} (${purpose})`).join(", ");
    const rules = tenant === undefined ? "--manager or --tenant NAME" : `--tenant ${tenant}`;
    const advice = `Grant it: \`hakgal-sessions acl ${rules}\` tells the rules, for ACL SETUSER.`;
    if (missing.some(({ without }) => without === undefined)) {
      return failure(`Not permitted: ${listed}.`, advice);
    }
    if (missing.length > 0) {
      const lacking = [...new Set(missing.map(({ without }) => without))].join("; ");
      return warning(`Not permitted: ${listed}. Without it, ${lacking}.`, advice);
    }
    if (tenant === undefined) {
      return ok(`All ${needed.length} commands that are used are permitted.`);
    }
    const others = await this.#refused(needed, otherThan(tenant));
    const keyed = needed.filter(({ example }) =>
      example(this.#names("a")).join() !== example(this.#names("b")).join()
    );
    return others!.length >= keyed.length
      ? ok(
        `All ${needed.length} commands that are used are permitted on tenant ${tenant}, and none on another.`,
      )
      : warning(
        `The user of tenant ${tenant} may use other tenants' sessions, too.`,
        `Set the user up anew: ACL SETUSER NAME reset on '>PASSWORD' $(hakgal-sessions acl ${rules}).`,
      );
  }

  async #refused(needed: readonly Permission[], tenant: string): Promise<Permission[] | undefined> {
    const { target, timeoutMs, tenant: own } = this.#examination;
    const names = this.#names(tenant);
    // The key that the question itself is asked by has to be one of the user's.
    const { session } = this.#names(own ?? SOMEBODY);
    const commands = needed.map(({ example }) => example(names));
    try {
      const refused = await target.store.refused(session, commands, { timeoutMs });
      return refused && needed.filter((_, index) => refused.includes(commands[index]!));
    } catch (error) {
      if (!(error instanceof StoreRejectedError) || error.code !== "NOPERM") throw error;
      // Not even a script on a key of the library's is permitted.
      return needed.filter(({ command }) => /^eval/.test(command));
    }
  }

  #names(tenant: string): AclNames {
    const keys = new KeySpace(this.#examination.keyPrefix, undefined);
    return {
      session: `${keys.sessionPrefix(tenant)}doctor`,
      inbox: `${keys.inboxPrefix(tenant)}doctor`,
      pod: keys.pod("doctor"),
    };
  }

  async #tellTime(): Promise<void> {
    const tripsMs: number[] = [];
    let timeMs: number | undefined;
    let nowMs = 0;
    for (let trip = 0; trip < TRIPS; trip++) {
      const sentAt = performance.now();
      timeMs = await this.#facts.timeMs();
      tripsMs.push(performance.now() - sentAt);
      nowMs = Date.now();
    }
    this.#tell("latency", judge.judgeLatency(tripsMs));
    this.#tell("clock", judge.judgeClock(timeMs, nowMs, tripsMs.at(-1)!));
  }
}

function otherThan(tenant: string): string {
  return tenant === SOMEBODY ? `${SOMEBODY}-else` : SOMEBODY;
}
