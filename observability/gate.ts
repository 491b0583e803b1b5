/**
 * Whether a rollout may go on: asks Prometheus whether the seed's conditions held over the last hours. The metrics are those of
 * `./prometheus`, and `redis_memory_used_bytes` of redis_exporter.
 *
 * @module
 */

import { ConfigError } from "../core/errors.ts";

/** Options of {@linkcode rolloutGate}. */
export interface GateOptions {
  /** Prometheus's URL, e.g. `http://prometheus:9090`; with a path, if it has one. */
  readonly prometheus: string;
  /** How many hours are looked back, from 1 to 720. @default 72 */
  readonly hours?: number;
  /** Only this Prometheus job is looked at: a service, a stage. @default all */
  readonly job?: string;
  /** The job that scrapes redis_exporter. @default all */
  readonly redisJob?: string;
  /** HTTP headers to send, e.g. `authorization`. @default none */
  readonly headers?: Readonly<Record<string, string>>;
  /** Longest wait for one answer, in milliseconds. @default 30,000 */
  readonly timeoutMs?: number;
}

/** One condition, and whether it held. */
export interface GateCondition {
  /** Stable name of the condition. */
  readonly name: "watched" | "traffic" | "recovery" | "latency" | "memory" | "incidents";
  /** Whether it held. */
  readonly isMet: boolean;
  /** What was found and what is asked for, in one sentence. */
  readonly reason: string;
}

/** What the gate says. */
export interface GateVerdict {
  /** Whether every condition held. */
  readonly isGo: boolean;
  /** How many hours were looked back. */
  readonly hours: number;
  /** All conditions, those that held too. */
  readonly conditions: readonly GateCondition[];
}

/** The seed's thresholds. */
const MOST_FAILURES = 0.01;
const SLOWEST_SECONDS = 0.2;
const MOST_MEMORY_BYTES = 1e9;

/** How much of the time there has to be data. */
const LEAST_WATCHED = 0.95;

/** Minutes between the moments at which somebody has to have watched. */
const STEP_MINUTES = 5;

/**
 * Asks Prometheus for the conditions under which the seed lets a rollout go on: for the whole time no recovery failure rate above
 * 1 % in any 5 minutes, no p99 above 200 ms for a minute, Redis below 1 GB, and no incident. What nobody watched is not met:
 * there have to be data for 95 % of the time, and calls.
 *
 * @throws ConfigError when an option is out of range, or Prometheus cannot be reached or does not answer as such
 */
export async function rolloutGate(options: GateOptions): Promise<GateVerdict> {
  const { hours = 72, job, redisJob } = options;
  if (!(hours >= 1 && hours <= 720)) {
    throw new ConfigError("hours", `"hours" is from 1 to 720; got ${hours}.`);
  }
  const ask = new PrometheusApi(options);
  const window = `${Math.round(hours * 60)}m`;
  const pods = matcher(job);
  const conditions = [
    await watched(ask, hours, `count(hakgal_session_recovery_total${pods})`, window),
    await traffic(ask, `sum(increase(hakgal_session_calls_total${pods}[${window}]))`),
    await recovery(ask, pods, window),
    await latency(ask, `max(min_over_time(hakgal_session_redis_latency_p99${pods}[1m]))`, window),
    await memory(ask, `max(max_over_time(redis_memory_used_bytes${matcher(redisJob)}[${window}]))`),
    await incidents(ask, matcher(job, 'severity="incident"', 'alertstate="firing"'), window),
  ];
  return { isGo: conditions.every(({ isMet }) => isMet), hours, conditions };
}

async function watched(
  ask: PrometheusApi,
  hours: number,
  pods: string,
  window: string,
): Promise<GateCondition> {
  const seen = await ask.number(`sum(count_over_time((${pods})[${window}:${STEP_MINUTES}m]))`) ?? 0;
  const share = Math.min(1, seen / (hours * 60 / STEP_MINUTES));
  return {
    name: "watched",
    isMet: share >= LEAST_WATCHED,
    reason: `There are data for ${percent(share)} of the last ${hours} hours; ` +
      `at least ${percent(LEAST_WATCHED)} are needed.`,
  };
}

async function traffic(ask: PrometheusApi, increase: string): Promise<GateCondition> {
  const calls = Math.round(await ask.number(increase) ?? 0);
  return { name: "traffic", isMet: calls > 0, reason: `${count(calls)} calls were counted.` };
}

async function recovery(ask: PrometheusApi, pods: string, window: string): Promise<GateCondition> {
  const failed = `sum(increase(hakgal_session_recovery_failures_total${pods}[5m]))`;
  const recovered = `sum(increase(hakgal_session_recovery_total${pods}[5m]))`;
  // Each minute, so that the windows overlap: a rise between two of them would be in neither. Where nothing was recovered at all there is no rate, and no failure either.
  const rate = `(${failed} / (${failed} + ${recovered})) >= 0`;
  const worst = await ask.number(`max_over_time((${rate})[${window}:1m])`) ?? 0;
  return {
    name: "recovery",
    isMet: worst <= MOST_FAILURES,
    reason: `In the worst 5 minutes ${percent(worst)} of the recoveries failed; ` +
      `at most ${percent(MOST_FAILURES)} may.`,
  };
}

async function latency(ask: PrometheusApi, p99: string, window: string): Promise<GateCondition> {
  const worst = await ask.number(`max_over_time((${p99} >= 0)[${window}:1m])`);
  const ms = (seconds: number) => `${count(Math.round(seconds * 1_000))} ms`;
  return {
    name: "latency",
    isMet: worst !== undefined && worst <= SLOWEST_SECONDS,
    reason: worst === undefined
      ? "No command to the store was measured (hakgal_session_redis_latency_p99 has no data)."
      : `The p99 latency of the store was up to ${ms(worst)} for a minute; ` +
        `at most ${ms(SLOWEST_SECONDS)} is allowed.`,
  };
}

async function memory(ask: PrometheusApi, used: string): Promise<GateCondition> {
  const most = await ask.number(used);
  const gb = (bytes: number) => `${(bytes / 1e9).toFixed(2)} GB`;
  return {
    name: "memory",
    isMet: most !== undefined && most < MOST_MEMORY_BYTES,
    reason: most === undefined
      ? "Redis's memory was not measured: let Prometheus scrape redis_exporter (redis_memory_used_bytes)."
      : `Redis used up to ${gb(most)}; it has to be less than ${gb(MOST_MEMORY_BYTES)}.`,
  };
}

/** By the alerts of `alerts/hakgal_sessions.yml`, where Prometheus has them. */
async function incidents(
  ask: PrometheusApi,
  firing: string,
  window: string,
): Promise<GateCondition> {
  const found = await ask.query(
    `count by (alertname) (count_over_time(ALERTS${firing}[${window}]))`,
  );
  const names = found.map(({ metric }) => metric["alertname"] ?? "unknown").sort();
  return {
    name: "incidents",
    isMet: names.length === 0,
    reason: names.length === 0
      ? "No alert of severity incident was firing."
      : `Alerts of severity incident were firing: ${names.join(", ")}.`,
  };
}

interface Series {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [time: number, value: string];
}

/** Prometheus's HTTP interface, as far as it is used. */
class PrometheusApi {
  readonly #url: URL;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #timeoutMs: number;

  constructor({ prometheus, headers = {}, timeoutMs = 30_000 }: GateOptions) {
    const url = URL.canParse(prometheus) ? new URL(prometheus) : undefined;
    if (!url || !/^https?:$/.test(url.protocol)) {
      throw new ConfigError("prometheus", `"prometheus" is a URL, e.g. http://localhost:9090.`);
    }
    url.pathname = url.pathname.replace(/\/*$/, "/api/v1/query");
    this.#url = url;
    this.#headers = headers;
    this.#timeoutMs = timeoutMs;
  }

  /** The one value that a query comes to; undefined when there is none. */
  async number(expr: string): Promise<number | undefined> {
    const value = Number((await this.query(expr))[0]?.value[1] ?? NaN);
    return Number.isNaN(value) ? undefined : value;
  }

  async query(expr: string): Promise<readonly Series[]> {
    const { status, text } = await this.#post(expr);
    let answer;
    try {
      answer = JSON.parse(text);
    } catch (cause) {
      throw this.#unusable(`answers status ${status} and no JSON`, cause);
    }
    if (answer?.status === "success" && Array.isArray(answer.data?.result)) {
      return answer.data.result;
    }
    throw this.#unusable(`answers status ${status}: ${answer?.error ?? "no result"}`);
  }

  async #post(expr: string): Promise<{ readonly status: number; readonly text: string }> {
    try {
      const response = await fetch(this.#url, {
        method: "POST",
        headers: this.#headers,
        body: new URLSearchParams({ query: expr }),
        signal: AbortSignal.timeout(this.#timeoutMs),
      });
      return { status: response.status, text: await response.text() };
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw this.#unusable(`cannot be reached (${reason})`, cause);
    }
  }

  #unusable(how: string, cause?: unknown): ConfigError {
    const { origin, pathname } = this.#url;
    return new ConfigError(
      "prometheus",
      `Prometheus at ${origin}${pathname.replace("/api/v1/query", "")} ${how}: ` +
        `name the URL under which it answers, and see that it runs.`,
      { cause },
    );
  }
}

/** Label matchers, `job` as it is named. */
function matcher(job: string | undefined, ...others: readonly string[]): string {
  const matchers = job === undefined ? others : [`job=${JSON.stringify(job)}`, ...others];
  return matchers.length === 0 ? "" : `{${matchers.join(",")}}`;
}

function percent(share: number): string {
  return `${Number((share * 100).toFixed(1))} %`;
}

function count(value: number): string {
  return value.toLocaleString("en");
}
