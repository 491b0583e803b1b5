/**
 * The conditions under which a rollout may go on, asked of Prometheus.
 *
 * @module
 */

import type { Prometheus } from "./prometheus.ts";

/** Of all recoveries, so many may fail. */
const MOST_FAILURES = 0.01;
/** Longest 99th percentile of the commands to the store, in seconds. */
const LONGEST_P99_SECONDS = 0.2;
/** Memory that Redis may use, in bytes. */
const MOST_MEMORY_BYTES = 1e9;
/** Data of this part of the time is taken for all of it: scrapes have gaps. */
const WHOLE = 0.95;
/** Moments at which it is looked whether there is data. */
const HISTORY_STEPS = 720;

/** What to ask for. */
export interface GateOptions {
  readonly hours: number;
  /** Labels of the pods, as in PromQL: `job="gateway"`. */
  readonly selector?: string;
  /** Labels of the Redis exporter. */
  readonly redisSelector?: string;
  /** Whether data of a part of the time is enough. */
  readonly partial?: boolean;
}

/** One condition. */
export interface Condition {
  readonly name:
    | "traffic"
    | "recovery-failures"
    | "latency-p99"
    | "redis-memory"
    | "incidents"
    | "history";
  readonly isMet: boolean;
  /** What was found; null when there is no data. */
  readonly value: number | null;
  /** What it is held against; the least for `traffic` and `history`, else the most. */
  readonly limit: number;
  /** For people. */
  readonly reason: string;
}

/** The answer. */
export interface GateVerdict {
  readonly verdict: "go" | "no-go";
  readonly hours: number;
  readonly conditions: readonly Condition[];
}

/** Asks all conditions. */
export async function askGate(
  prometheus: Prometheus,
  options: GateOptions,
): Promise<GateVerdict> {
  const gate = new Gate(prometheus, options);
  const conditions = await Promise.all([
    gate.traffic(),
    gate.recoveryFailures(),
    gate.latency(),
    gate.memory(),
    gate.incidents(),
    gate.history(),
  ]);
  const verdict = conditions.every(({ isMet }) => isMet) ? "go" : "no-go";
  return { verdict, hours: options.hours, conditions };
}

class Gate {
  readonly #prometheus: Prometheus;
  readonly #options: GateOptions;
  readonly #seconds: number;

  constructor(prometheus: Prometheus, options: GateOptions) {
    this.#prometheus = prometheus;
    this.#options = options;
    this.#seconds = Math.max(1, Math.round(options.hours * 3_600));
  }

  async traffic(): Promise<Condition> {
    const commands = await this.#counted(
      "hakgal_session_redis_latency_seconds_count",
      'command!="heartbeat"',
    );
    const isMet = commands !== undefined && commands > 0;
    const reason = commands === undefined
      ? this.#noData("hakgal_session_redis_latency_seconds")
      : isMet
      ? `${Math.round(commands)} commands to the store`
      : "no command to the store: nothing was proven";
    return { name: "traffic", isMet, value: commands ?? null, limit: 0, reason };
  }

  async recoveryFailures(): Promise<Condition> {
    const [recovered, failed] = await Promise.all([
      this.#counted("hakgal_session_recovery_total"),
      this.#counted("hakgal_session_recovery_failures_total"),
    ]);
    const condition = { name: "recovery-failures", limit: MOST_FAILURES } as const;
    if (recovered === undefined || failed === undefined) {
      const missing = recovered === undefined ? "recovery_total" : "recovery_failures_total";
      const reason = this.#noData(`hakgal_session_${missing}`);
      return { ...condition, isMet: false, value: null, reason };
    }
    const tried = recovered + failed;
    const rate = tried === 0 ? 0 : failed / tried;
    const reason = tried === 0
      ? "no recovery was tried, and none failed"
      : `${percent(rate)} of ${Math.round(tried)} recoveries failed`;
    return { ...condition, isMet: rate <= MOST_FAILURES, value: rate, reason };
  }

  async latency(): Promise<Condition> {
    const p99 = await this.#highest("hakgal_session_redis_latency_p99", this.#options.selector);
    return {
      name: "latency-p99",
      isMet: p99 !== undefined && p99 <= LONGEST_P99_SECONDS,
      value: p99 ?? null,
      limit: LONGEST_P99_SECONDS,
      reason: p99 === undefined
        ? this.#noData("hakgal_session_redis_latency_p99")
        : `the store's p99 was ${Math.round(p99 * 1_000)} ms at its highest`,
    };
  }

  async memory(): Promise<Condition> {
    const bytes = await this.#highest("redis_memory_used_bytes", this.#options.redisSelector);
    return {
      name: "redis-memory",
      isMet: bytes !== undefined && bytes <= MOST_MEMORY_BYTES,
      value: bytes ?? null,
      limit: MOST_MEMORY_BYTES,
      reason: bytes === undefined
        ? this.#noData("redis_memory_used_bytes", "a Redis exporter")
        : `Redis used ${(bytes / 1e6).toFixed(1)} MB at its most`,
    };
  }

  /** By the alerts of the library, where Prometheus has their rules. */
  async incidents(): Promise<Condition> {
    const firing = braces(this.#options.selector, 'severity="incident"', 'alertstate="firing"');
    const names = await this.#prometheus.labels(
      `count by (alertname) (count_over_time(ALERTS${firing}[${this.#seconds}s]))`,
      "alertname",
    );
    return {
      name: "incidents",
      isMet: names.length === 0,
      value: names.length,
      limit: 0,
      reason: names.length === 0
        ? "no alert of severity incident was firing"
        : `alerts of severity incident were firing: ${names.join(", ")}`,
    };
  }

  /** For how much of the time there is data: what nobody watched was not free of incidents. */
  async history(): Promise<Condition> {
    const step = Math.max(1, Math.round(this.#seconds / HISTORY_STEPS));
    const series = `hakgal_session_recovery_total${braces(this.#options.selector)}`;
    const seen = await this.#prometheus.number(
      `sum(count_over_time((count(${series}))[${this.#seconds}s:${step}s]))`,
    );
    const share = Math.min(1, (seen ?? 0) / Math.floor(this.#seconds / step));
    const isWhole = share >= WHOLE;
    return {
      name: "history",
      isMet: isWhole || this.#options.partial === true,
      value: share,
      limit: WHOLE,
      reason: isWhole
        ? "there is data of the whole time"
        : `there is data of ${
          Math.floor(share * 100)
        } % of the time only: wait, look back less far, or take it with --partial`,
    };
  }

  /** How far a counter rose. A series that began meanwhile began with its first count, which is no rise. */
  async #counted(name: string, more?: string): Promise<number | undefined> {
    const series = `${name}${braces(this.#options.selector, more)}`;
    const [risen, begun] = await Promise.all([
      this.#prometheus.number(`sum(increase(${series}[${this.#seconds}s]))`),
      this.#prometheus.number(`sum(${series} unless ${series} offset ${this.#seconds}s)`),
    ]);
    return risen === undefined ? begun : Math.max(risen, begun ?? 0);
  }

  #highest(name: string, selector: string | undefined): Promise<number | undefined> {
    const series = `${name}${braces(selector)}`;
    return this.#prometheus.number(`max(max_over_time(${series}[${this.#seconds}s]))`);
  }

  #noData(name: string, who = "the pods"): string {
    return `Prometheus has no ${name} of that time: let it scrape ${who}`;
  }
}

function braces(...selectors: readonly (string | undefined)[]): string {
  const given = selectors.filter((selector) => selector);
  return given.length === 0 ? "" : `{${given.join(",")}}`;
}

function percent(rate: number): string {
  return `${(rate * 100).toFixed(2)} %`;
}
